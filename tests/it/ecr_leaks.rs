//! Searches all output at `RUST_LOG=trace` for ECR tokens: valid ones, malformed ones, and one that the registry
//! echoes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::aws::AwsFault;
use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::leak::Canary;
use crate::support::run::Run;
use crate::support::world::{OWN_IMAGE, PUBLIC_IMAGE, ecr_world, open_container, task};

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
        for format in ["text", "json"] {
            let world = ecr_world();
            let body = json!({ "authorizationData": [answer] }).to_string();
            world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Body(body));
            world.engine.script(OWN_IMAGE, PullScript::refusal(500, &echo));
            let definition = task(&[open_container("app", OWN_IMAGE), open_container("open", PUBLIC_IMAGE)]);
            let run = Run::new(["pull", "--output", format, "-"]).stdin(definition.to_string());
            let output = world.configure(run).env("RUST_LOG", "trace").env("TASKPULL_SECRETS_TIMEOUT", "5s").output();
            assert!(output.stderr.contains("fetching a token"), "trace logging is on: {output:?}");
            let canary = Canary::new("token", TOKEN);
            assert_eq!(canary.find_in_bytes("stdout", output.stdout.as_bytes()), [], "{answer}");
            assert_eq!(canary.find_in_bytes("stderr", output.stderr.as_bytes()), [], "{answer}");
        }
    }
}
