//! A world for the bench: the tests' AWS, which decides by policy and can be many accounts
//! and Regions, and the tests' engine, for as many images as nobody wants to fetch.
//!
//! One line on stdin says what is in it, as JSON: `secrets`, texts by ARN, and `roles`, ARNs
//! that the host may assume and that may read every secret. Without roles the host may read
//! the secrets itself. Whoever may read them may have ECR's tokens too. `hold` has `images` whose
//! pulls stop in the midst of their layers until all of them are under way. One line on stdout
//! says how a program gets there: its `environment`.
//! At the end of stdin a second line says what was asked: `calls` by operation, how many of
//! them were `refused`, and `pulls`.
//!
//! It measures nothing itself, and is built without optimizations: what is timed does not
//! ask it.

#![expect(clippy::expect_used, reason = "the bench hears of what is wrong by the panic")]
#![expect(clippy::print_stdout, reason = "it answers there")]
#![expect(unreachable_pub, reason = "`pub` in support/ marks what a test may use")]

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
/// Longer, and those that are missing never come.
const HELD_AT_MOST: Duration = Duration::from_secs(30);

#[path = "../tests/support"]
mod support {
    #![expect(dead_code, unused_imports, reason = "the bench needs a part of what the tests need")]

    pub mod aws;
    pub mod digest;
    pub mod engine;
    pub mod fault;
    pub mod gate;
    pub mod http;
}

fn main() {
    let mut lines = std::io::stdin().lines().map(|line| line.expect("stdin can be read"));
    let wanted: Value = serde_json::from_str(&lines.next().expect("a line of what is wanted")).expect("JSON");
    let (aws, engine) = (FakeAws::start(), FakeEngine::start());
    let host = put_host(&aws, &wanted["roles"]);
    put_secrets(&aws, &wanted["secrets"]);
    let (gate, held) = hold(&engine, &wanted["hold"]);

    let mut environment: BTreeMap<_, _> = aws.environment(&host).into_iter().collect();
    environment.insert("DOCKER_HOST", engine.host());
    println!("{}", json!({ "environment": environment }));

    let_go(&gate, held);
    lines.for_each(drop);
    let (mut calls, mut refused) = (BTreeMap::<_, usize>::new(), 0);
    for call in aws.calls() {
        refused += usize::from(call.error.is_some());
        *calls.entry(call.operation).or_default() += 1;
    }
    println!("{}", json!({ "calls": calls, "refused": refused, "pulls": engine.pulls().len() }));
}

/// The host: with roles it may do nothing but assume them.
fn put_host(aws: &FakeAws, roles: &Value) -> AccessKey {
    let name = format!("arn:aws:iam::{ACCOUNT}:user/host");
    let reads = Policy::allow(GET, "*").and(Policy::allow(BATCH, "*")).and(Policy::allow(TOKEN, "*"));
    let roles: Vec<_> = roles.as_array().expect("a list of roles").iter().map(|role| role.as_str()).collect();
    for role in roles.iter().map(|role| role.expect("an ARN")) {
        aws.put_role(role, Policy::trust(&name), reads.clone());
    }
    let may = if roles.is_empty() {
        reads.and(Policy::allow("kms:Decrypt", "*"))
    } else {
        Policy::allow("sts:AssumeRole", "*")
    };
    aws.put_user(&name, may)
}

/// The secrets. Another account's admits this one, and so does its customer key, since
/// nothing less makes a secret readable across accounts.
fn put_secrets(aws: &FakeAws, secrets: &Value) {
    let us = format!("arn:aws:iam::{ACCOUNT}:root");
    let mut keys = BTreeSet::new();
    for (arn, text) in secrets.as_object().expect("secrets by ARN") {
        let mut secret = Secret::text(arn, text.as_str().expect("a secret's text"));
        let [_, _, _, region, account, ..] = arn.split(':').collect::<Vec<_>>()[..] else { panic!("no ARN: {arn}") };
        if account != ACCOUNT {
            let key = format!("arn:aws:kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
            if keys.insert(key.clone()) {
                aws.put_key(&key, Policy::allow("kms:Decrypt", "*").to(&us));
            }
            secret = secret.key(&key).resource_policy(Policy::allow(GET, "*").to(&us));
        }
        aws.put_secret(secret);
    }
}

/// The pulls that wait for each other, and at what; how many they are. What an engine says of
/// their `layers` in so many `lines` each comes at once, which is the worst for who listens.
fn hold(engine: &FakeEngine, wanted: &Value) -> (Gate, usize) {
    let gate = Gate::closed();
    let count = |key: &str| wanted[key].as_u64().expect("a number");
    let (layers, lines) = (count("layers"), count("lines"));
    let images = wanted["images"].as_array().expect("a list of images");
    for image in images {
        let image = image.as_str().expect("an image");
        let digest = format!("sha256:{}", support::digest::sha256(image));
        let each = |pull: PullScript, status: &str, line| {
            (0..layers).fold(pull, |pull, layer| pull.line(&progress(layer, status, line, lines)))
        };
        let mut pull = each(PullScript::stream(), "Pulling fs layer", 0);
        for line in 1..=lines {
            pull = each(pull, "Downloading", line);
        }
        pull = each(pull.hold(&gate), "Pull complete", lines);
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

/// Lets those that are held go on once they all are there.
fn let_go(gate: &Gate, held: usize) {
    if held == 0 {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let all = async { tokio::time::timeout(HELD_AT_MOST, gate.wait_for_arrivals(held)).await };
    runtime.block_on(all).expect("all images are under way at the same time");
    gate.open();
}
