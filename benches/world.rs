//! A world for the bench: the tests' AWS, which decides by policy and can be many accounts
//! and Regions, and the tests' engine, for as many images as nobody wants to fetch.
//!
//! One line on stdin says what is in it, as JSON: `secrets`, texts by ARN, and `roles`, ARNs
//! that the host may assume and that may read every secret. Without roles the host may read
//! the secrets itself. One line on stdout says how a program gets there: its `environment`.
//! At the end of stdin a second line says what was asked: `calls` by operation, how many of
//! them were `refused`, and `pulls`.
//!
//! It measures nothing itself, and is built without optimizations: what is timed does not
//! ask it.

#![expect(clippy::expect_used, reason = "the bench hears of what is wrong by the panic")]
#![expect(clippy::print_stdout, reason = "it answers there")]
#![expect(unreachable_pub, reason = "`pub` in support/ marks what a test may use")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use support::aws::{AccessKey, Aws, Policy, Secret};
use support::engine::Engine;

const ACCOUNT: &str = "111122223333";
const GET: &str = "secretsmanager:GetSecretValue";
const BATCH: &str = "secretsmanager:BatchGetSecretValue";

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
    let (aws, engine) = (Aws::start(), Engine::start());
    let host = put_host(&aws, &wanted["roles"]);
    put_secrets(&aws, &wanted["secrets"]);

    let mut environment: BTreeMap<_, _> = aws.environment(&host).into_iter().collect();
    environment.insert("DOCKER_HOST", engine.host());
    println!("{}", json!({ "environment": environment }));

    lines.for_each(drop);
    let (mut calls, mut refused) = (BTreeMap::<_, usize>::new(), 0);
    for call in aws.calls() {
        refused += usize::from(call.error.is_some());
        *calls.entry(call.operation).or_default() += 1;
    }
    println!("{}", json!({ "calls": calls, "refused": refused, "pulls": engine.pulls().len() }));
}

/// The host: with roles it may do nothing but assume them.
fn put_host(aws: &Aws, roles: &Value) -> AccessKey {
    let name = format!("arn:aws:iam::{ACCOUNT}:user/host");
    let reads = Policy::allow(GET, "*").and(Policy::allow(BATCH, "*"));
    let roles: Vec<_> = roles.as_array().expect("a list of roles").iter().map(|role| role.as_str()).collect();
    for role in roles.iter().map(|role| role.expect("an ARN")) {
        aws.role(role, Policy::trust(&name), reads.clone());
    }
    let may = if roles.is_empty() {
        reads.and(Policy::allow("kms:Decrypt", "*"))
    } else {
        Policy::allow("sts:AssumeRole", "*")
    };
    aws.user(&name, may)
}

/// The secrets. Another account's admits this one, and so does its customer key, since
/// nothing less makes a secret readable across accounts.
fn put_secrets(aws: &Aws, secrets: &Value) {
    let us = format!("arn:aws:iam::{ACCOUNT}:root");
    let mut keys = BTreeSet::new();
    for (arn, text) in secrets.as_object().expect("secrets by ARN") {
        let mut secret = Secret::text(arn, text.as_str().expect("a secret's text"));
        let [_, _, _, region, account, ..] = arn.split(':').collect::<Vec<_>>()[..] else { panic!("no ARN: {arn}") };
        if account != ACCOUNT {
            let key = format!("arn:aws:kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
            if keys.insert(key.clone()) {
                aws.key(&key, Policy::allow("kms:Decrypt", "*").to(&us));
            }
            secret = secret.key(&key).resource_policy(Policy::allow(GET, "*").to(&us));
        }
        aws.secret(secret);
    }
}
