//! The servers that the benchmarks use: the tests' AWS, with policies and any number of accounts
//! and Regions, and the tests' engine, which needs no real images.
//!
//! The first line of stdin describes the content as JSON. `secrets` maps ARNs to texts. `roles`
//! lists the ARNs of roles that the host may assume; they may read every secret. Without roles
//! the host itself may read the secrets. An identity that may read secrets may also request ECR
//! tokens. `hold` has `images` whose pulls stop during their layers until all of them are
//! running.
//!
//! The program prints two lines of JSON: first the `environment` by which a program reaches the
//! servers; at the end of stdin the number of `calls` by operation, how many of them were
//! `refused`, and the number of `pulls`.
//!
//! The program measures nothing and is built without optimizations. Timed code must not depend
//! on its speed.

#![expect(clippy::expect_used, reason = "the benchmark detects a failure by the panic")]
#![expect(clippy::print_stdout, reason = "the answers go to stdout")]
#![expect(unreachable_pub, reason = "`pub` in support/ marks what tests may use")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use support::aws::{AccessKey, FakeAws, Policy, Secret};
use support::engine::{FakeEngine, PullScript};
use support::gate::Gate;

const ACCOUNT: &str = "111122223333";
const GET: &str = "secretsmanager:GetSecretValue";
const BATCH: &str = "secretsmanager:BatchGetSecretValue";
const TOKEN: &str = "ecr:GetAuthorizationToken";
/// After this time the missing pulls are not expected to start any more.
const MAX_HOLD: Duration = Duration::from_secs(30);

#[path = "../tests/support"]
mod support {
    #![expect(dead_code, unused_imports, reason = "the benchmark needs only some of the test servers")]

    pub mod aws;
    pub mod digest;
    pub mod engine;
    pub mod fault;
    pub mod gate;
    pub mod http;
}

fn main() {
    let mut lines = std::io::stdin().lines().map(|line| line.expect("stdin can be read"));
    let request: Value = serde_json::from_str(&lines.next().expect("the line with the request")).expect("JSON");
    let (aws, engine) = (FakeAws::start(), FakeEngine::start());
    let host = add_host(&aws, &request["roles"]);
    add_secrets(&aws, &request["secrets"]);
    let (gate, held) = add_held_images(&engine, &request["hold"]);

    let mut environment: BTreeMap<_, _> = aws.environment(&host).into_iter().collect();
    environment.insert("DOCKER_HOST", engine.host());
    println!("{}", json!({ "environment": environment }));

    release(&gate, held);
    lines.for_each(drop);
    let (mut calls, mut refused) = (BTreeMap::<_, usize>::new(), 0);
    for call in aws.calls() {
        refused += usize::from(call.error.is_some());
        *calls.entry(call.operation).or_default() += 1;
    }
    println!("{}", json!({ "calls": calls, "refused": refused, "pulls": engine.pulls().len() }));
}

/// Creates the host. When there are roles, the host may only assume them.
fn add_host(aws: &FakeAws, roles: &Value) -> AccessKey {
    let name = format!("arn:aws:iam::{ACCOUNT}:user/host");
    let reads = Policy::allow(GET, "*").and(Policy::allow(BATCH, "*")).and(Policy::allow(TOKEN, "*"));
    let roles: Vec<_> = roles.as_array().expect("a list of roles").iter().map(|role| role.as_str()).collect();
    for role in roles.iter().map(|role| role.expect("an ARN")) {
        aws.put_role(role, Policy::trust(&name), reads.clone());
    }
    let policy = if roles.is_empty() {
        reads.and(Policy::allow("kms:Decrypt", "*"))
    } else {
        Policy::allow("sts:AssumeRole", "*")
    };
    aws.put_user(&name, policy)
}

/// Creates the secrets. A secret of another account has a resource policy and a customer key that
/// allow the host's account, because both are necessary to read it across accounts.
fn add_secrets(aws: &FakeAws, secrets: &Value) {
    let own_account = format!("arn:aws:iam::{ACCOUNT}:root");
    let mut keys = BTreeSet::new();
    for (arn, text) in secrets.as_object().expect("secrets by ARN") {
        let mut secret = Secret::text(arn, text.as_str().expect("a secret's text"));
        let [_, _, _, region, account, ..] = arn.split(':').collect::<Vec<_>>()[..] else { panic!("no ARN: {arn}") };
        if account != ACCOUNT {
            let key = format!("arn:aws:kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
            if keys.insert(key.clone()) {
                aws.put_key(&key, Policy::allow("kms:Decrypt", "*").to(&own_account));
            }
            secret = secret.key(&key).resource_policy(Policy::allow(GET, "*").to(&own_account));
        }
        aws.put_secret(secret);
    }
}

/// Scripts the pulls that wait for each other, and returns their gate and number. The engine sends
/// the progress of `layers` layers with `lines` lines each without pauses, which is the worst case
/// for the reader.
fn add_held_images(engine: &FakeEngine, request: &Value) -> (Gate, usize) {
    let gate = Gate::closed();
    let count = |key: &str| request[key].as_u64().expect("a number");
    let (layers, lines) = (count("layers"), count("lines"));
    let images = request["images"].as_array().expect("a list of images");
    for image in images {
        let image = image.as_str().expect("an image");
        let digest = format!("sha256:{}", support::digest::sha256(image));
        let add_lines = |pull: PullScript, status: &str, line| {
            (0..layers).fold(pull, |pull, layer| pull.line(&progress(layer, status, line, lines)))
        };
        let mut pull = add_lines(PullScript::stream(), "Pulling fs layer", 0);
        for line in 1..=lines {
            pull = add_lines(pull, "Downloading", line);
        }
        pull = add_lines(pull.hold(&gate), "Pull complete", lines);
        let last = format!("Status: Downloaded newer image for {image}");
        engine.script(image, pull.status(&format!("Digest: {digest}")).status(&last).with_local_digest(&digest));
    }
    (gate, images.len())
}

fn progress(layer: u64, status: &str, line: u64, lines: u64) -> Value {
    const PIECE: u64 = 250_000;
    json!({
        "status": status, "id": format!("{layer:012x}"), "progress": format!("[{}]", "=".repeat(50)),
        "progressDetail": { "current": line * PIECE, "total": lines * PIECE },
    })
}

/// Opens the gate once all held pulls have arrived.
fn release(gate: &Gate, count: usize) {
    if count == 0 {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let all_arrived = async { tokio::time::timeout(MAX_HOLD, gate.wait_for_arrivals(count)).await };
    runtime.block_on(all_arrived).expect("all pulls run at the same time");
    gate.open();
}
