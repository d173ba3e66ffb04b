//! Searches all output at `RUST_LOG=trace` for ECR tokens: valid ones, malformed ones, and one that the registry
//! echoes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::ecr::{OWN, PUBLIC, world};
use crate::support::aws::Fault;
use crate::support::engine::Pull;
use crate::support::fault::When;
use crate::support::leak::Canary;
use crate::support::run::Run;
use crate::task::{open_container, task};

const TOKEN: &str = "c4nary-token-that-is-long-enough";

#[test]
fn no_ecr_token_is_ever_printed_even_if_malformed() {
    let good = STANDARD.encode(format!("AWS:{TOKEN}"));
    let answers = [
        json!({ "authorizationToken": good, "expiresAt": 4_102_444_800_u64 }),
        json!({ "authorizationToken": STANDARD.encode(TOKEN) }),
        json!({ "authorizationToken": TOKEN }),
        json!({ "authorizationToken": good, "expiresAt": TOKEN }),
        json!({ "authorizationToken": [good] }),
        json!(TOKEN),
    ];
    let echo = format!("unauthorized: GET /v2/ with Authorization: Basic {good}, {TOKEN} is over");
    for answer in answers {
        for output in ["text", "json"] {
            let world = world();
            let body = json!({ "authorizationData": [answer] }).to_string();
            world.aws.fault("GetAuthorizationToken", When::Every, Fault::Body(body));
            world.engine.image(OWN, Pull::refused(500, &echo));
            let definition = task(&[open_container("app", OWN), open_container("open", PUBLIC)]);
            let run = Run::new(["pull", "--output", output, "-"]).stdin(definition.to_string());
            let ended = world.set(run).env("RUST_LOG", "trace").env("TASKPULL_SECRETS_TIMEOUT", "5s").end();
            assert!(ended.stderr.contains("getting a token"), "trace logging is on: {ended:?}");
            let canary = Canary::new("token", TOKEN);
            assert_eq!(canary.in_bytes("stdout", ended.stdout.as_bytes()), [], "{answer}");
            assert_eq!(canary.in_bytes("stderr", ended.stderr.as_bytes()), [], "{answer}");
        }
    }
}
