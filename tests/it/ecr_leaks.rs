//! The search for an ECR token at the wire, at `RUST_LOG=trace`: good ones, broken ones, and
//! one that the registry repeats.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::ecr::{OWN_IMAGE, PUBLIC_IMAGE, ecr_world};
use crate::support::aws::AwsFault;
use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::leak::Canary;
use crate::support::run::Run;
use crate::task::{open_container, task};

const TOKEN: &str = "c4nary-token-that-is-long-enough";

#[test]
fn no_token_however_wrong_is_ever_shown() {
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
            let world = ecr_world();
            let body = json!({ "authorizationData": [answer] }).to_string();
            world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Body(body));
            world.engine.script(OWN_IMAGE, PullScript::refusal(500, &echo));
            let definition = task(&[open_container("app", OWN_IMAGE), open_container("open", PUBLIC_IMAGE)]);
            let run = Run::new(["pull", "--output", output, "-"]).stdin(definition.to_string());
            let ended = world.configure(run).env("RUST_LOG", "trace").env("TASKPULL_SECRETS_TIMEOUT", "5s").output();
            assert!(ended.stderr.contains("getting a token"), "the log was on: {ended:?}");
            let canary = Canary::new("token", TOKEN);
            assert_eq!(canary.find_in_bytes("stdout", ended.stdout.as_bytes()), [], "{answer}");
            assert_eq!(canary.find_in_bytes("stderr", ended.stderr.as_bytes()), [], "{answer}");
        }
    }
}
