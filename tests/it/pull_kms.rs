//! Secrets whose content is a KMS ciphertext: who decrypts it, where, and each way in
//! which that fails.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::aws::{Aws, Fault, Policy, Secret};
use crate::support::engine::Pull;
use crate::support::fault::When;
use crate::support::leak::Canary;
use crate::support::run::Ended;
use crate::support_aws_client::{ACCOUNT, GET, HOST, KEY, ROLE, SECRET};
use crate::task::{IMAGE, World, container, task};

const PASSWORD: &str = "c4nary-in-a-ciphertext";
const CONTEXT: [(&str, &str); 1] = [("team", "web")];

fn login() -> String {
    json!({ "username": "me", "password": PASSWORD }).to_string()
}

/// A world whose host may read the secret and decrypt with the key.
fn world() -> World {
    let mut world = World::new();
    world.aws.key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT));
    world.host = world.aws.user(HOST, Policy::allow(GET, "*").and(Policy::allow("kms:Decrypt", "*")));
    world.engine.image(IMAGE, Pull::success().requiring("me", PASSWORD));
    world
}

fn envelope(key: &str, ciphertext: &[u8], context: &Value) -> String {
    let ciphertext = STANDARD.encode(ciphertext);
    json!({ "taskpull": { "version": 1, "keyArn": key, "ciphertext": ciphertext, "encryptionContext": context } })
        .to_string()
}

fn sealed(key: &str) -> String {
    let ciphertext = Aws::ciphertext(key, &CONTEXT, login().as_bytes());
    envelope(key, &ciphertext, &json!({ "team": "web" }))
}

/// Pulls with the log at its loudest, and finds the password nowhere.
fn pull(world: &World) -> Ended {
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("RUST_LOG", "trace").end();
    assert!(ended.stderr.contains("DEBUG"), "the log was on: {ended:?}");
    for text in [PASSWORD.to_owned(), login()] {
        let canary = Canary::new("plaintext", &text);
        assert_eq!(canary.in_bytes("stdout", ended.stdout.as_bytes()), []);
        assert_eq!(canary.in_bytes("stderr", ended.stderr.as_bytes()), []);
    }
    ended
}

fn pull_of(world: &World, content: &str) -> Ended {
    world.aws.secret(Secret::text(SECRET, content));
    pull(world)
}

fn failure(ended: &Ended) -> Value {
    assert_eq!(ended.code, 3, "{ended:?}");
    ended.container(0)["failure"].clone()
}

#[test]
fn an_envelope_is_decrypted_in_the_keys_region_with_its_context() {
    let world = world();
    let abroad = KEY.replace("eu-west-1", "us-east-2");
    world.aws.key(&abroad, Policy::allow("kms:*", "*").to(ACCOUNT));
    let ended = pull_of(&world, &sealed(&abroad));
    assert_eq!(ended.code, 0, "{ended:?}");
    let calls = world.aws.calls();
    let decrypted = calls.iter().find(|call| call.operation == "Decrypt").unwrap();
    assert_eq!(decrypted.region.as_deref(), Some("us-east-2"));
    assert_eq!(decrypted.target.as_deref(), Some(&*abroad));
}

#[test]
fn a_binary_secret_is_decrypted_by_the_key_that_its_ciphertext_names() {
    let world = world();
    let ciphertext = Aws::ciphertext(KEY, &[], login().as_bytes());
    world.aws.secret(Secret::binary(SECRET, &ciphertext));
    let ended = pull(&world);
    assert_eq!(ended.code, 0, "{ended:?}");
    let calls = world.aws.calls();
    let decrypted = calls.iter().find(|call| call.operation == "Decrypt").unwrap();
    assert_eq!((decrypted.region.as_deref(), decrypted.target.as_deref()), (Some("eu-west-1"), None));
}

#[test]
fn the_execution_role_that_reads_the_secret_is_the_one_that_decrypts() {
    let world = world();
    let host = world.aws.user(HOST, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.role(ROLE, Policy::trust(HOST), Policy::allow(GET, "*").and(Policy::allow("kms:Decrypt", KEY)));
    world.aws.secret(Secret::text(SECRET, &sealed(KEY)));
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(ROLE);
    let ended = world.pull(&definition).envs(world.aws.environment(&host)).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    let decrypted = world.aws.calls().into_iter().find(|call| call.operation == "Decrypt").unwrap();
    assert!(decrypted.principal.unwrap().contains(":assumed-role/"));
}

#[test]
fn one_sealed_secret_is_decrypted_once_for_many_images() {
    let world = world();
    world.aws.secret(Secret::text(SECRET, &sealed(KEY)));
    let images: Vec<_> = (0..8).map(|at| container(&format!("c{at}"), &format!("r.example/app{at}"), SECRET)).collect();
    assert_eq!(world.pull(&task(&images)).end().code, 0);
    assert_eq!((world.aws.count("GetSecretValue"), world.aws.count("Decrypt")), (1, 1));
}

#[test]
fn a_changed_context_and_a_damaged_ciphertext_are_told() {
    let world = world();
    let ciphertext = Aws::ciphertext(KEY, &CONTEXT, login().as_bytes());
    for content in [
        envelope(KEY, &ciphertext, &json!({ "team": "shop" })),
        envelope(KEY, &ciphertext, &json!({})),
        envelope(KEY, b"\x01not a ciphertext", &json!({ "team": "web" })),
    ] {
        let found = pull_of(&world, &content);
        let failure = failure(&found);
        assert_eq!(found.failure(0), "key invalid", "{failure}");
        assert!(failure["message"].as_str().unwrap().contains("another encryption context"), "{failure}");
        assert!(failure["causedBy"].to_string().contains("InvalidCiphertextException"), "{failure}");
    }
}

#[test]
fn another_key_than_the_one_that_sealed_it_is_told() {
    let world = world();
    let other = KEY.replace("1234abcd", "ffffffff");
    world.aws.key(&other, Policy::allow("kms:*", "*").to(ACCOUNT));
    let ciphertext = Aws::ciphertext(KEY, &CONTEXT, login().as_bytes());
    let ended = pull_of(&world, &envelope(&other, &ciphertext, &json!({ "team": "web" })));
    assert_eq!(ended.failure(0), "key invalid");
    assert!(failure(&ended)["message"].as_str().unwrap().contains("made by another key"), "{ended:?}");
}

#[test]
fn a_disabled_key_and_one_pending_deletion_are_told_apart() {
    let world = world();
    let content = sealed(KEY);
    world.aws.disable_key(KEY);
    let disabled = pull_of(&world, &content);
    assert_eq!(disabled.failure(0), "key refused");
    assert!(failure(&disabled)["hint"].as_str().unwrap().contains("enable-key --region eu-west-1"));
    world.aws.schedule_deletion_of_key(KEY);
    let deleted = pull_of(&world, &content);
    assert_eq!(deleted.failure(0), "key refused");
    assert!(failure(&deleted)["hint"].as_str().unwrap().contains("cancel-key-deletion"));
}

#[test]
fn a_key_of_another_region_is_told() {
    let world = world();
    let elsewhere = KEY.replace("eu-west-1", "us-east-2");
    let ended = pull_of(&world, &sealed(&elsewhere));
    assert_eq!(ended.failure(0), "key absent");
    assert!(failure(&ended)["message"].as_str().unwrap().contains("no such key in us-east-2"), "{ended:?}");

    world.aws.key(&elsewhere, Policy::allow("kms:*", "*").to(ACCOUNT));
    let ciphertext = Aws::ciphertext(&elsewhere, &[], login().as_bytes());
    world.aws.secret(Secret::binary(SECRET, &ciphertext));
    let binary = pull(&world);
    assert_eq!(binary.failure(0), "key refused");
    assert!(failure(&binary)["message"].as_str().unwrap().contains("KMS does not say which"), "{binary:?}");
}

#[test]
fn a_denial_names_the_action_the_key_and_the_reader_and_is_not_tried_again() {
    let mut world = world();
    world.host = world.aws.user("arn:aws:iam::111122223333:user/other", Policy::allow(GET, "*"));
    let ended = pull_of(&world, &sealed(KEY));
    assert_eq!(ended.failure(0), "key refused");
    let failure = failure(&ended);
    assert_eq!(failure["resource"], KEY);
    assert!(failure["hint"].as_str().unwrap().contains(&format!("allow kms:Decrypt on {KEY}")), "{failure}");
    assert_eq!(world.aws.count("Decrypt"), 1);
}

#[test]
fn a_key_policy_may_ask_for_the_context() {
    let world = world();
    let wants =
        |team: &str| Policy::allow("kms:*", "*").to(ACCOUNT).when("StringEquals", "kms:EncryptionContext:team", team);
    world.aws.key(KEY, wants("web"));
    assert_eq!(pull_of(&world, &sealed(KEY)).code, 0);
    world.aws.key(KEY, wants("shop"));
    assert_eq!(pull_of(&world, &sealed(KEY)).failure(0), "key refused");
}

#[test]
fn what_was_decrypted_is_judged_like_any_content() {
    let world = world();
    let table: [(&[u8], &str); 4] = [
        (b"c4nary-in-a-ciphertext", "it is not JSON"),
        (b"{\"username\": \"me\"}", "`password` is missing"),
        (b"\xff\xfe", "what KMS decrypted is not text"),
        (b"{\"taskpull\": {\"version\": 1}}", "its envelope holds another envelope"),
    ];
    for (plaintext, message) in table {
        let ciphertext = Aws::ciphertext(KEY, &[], plaintext);
        let ended = pull_of(&world, &envelope(KEY, &ciphertext, &json!({})));
        assert_eq!(ended.failure(0), "content invalid", "{ended:?}");
        assert!(failure(&ended)["message"].as_str().unwrap().contains(message), "{ended:?}");
    }
}

#[test]
fn an_envelope_that_is_wrong_is_not_sent_to_kms() {
    let world = world();
    let good = sealed(KEY);
    for (content, message) in [
        (good.replace("\"version\":1", "\"version\":2"), "`version` other than 1"),
        (good.replace(KEY, "alias/pulls"), "`keyArn` is not the ARN of a KMS key"),
        (good.replace("encryptionContext", "context"), "a key that version 1 does not have"),
    ] {
        let ended = pull_of(&world, &content);
        assert!(failure(&ended)["message"].as_str().unwrap().contains(message), "{ended:?}");
    }
    assert_eq!(world.aws.count("Decrypt"), 0);
}

#[test]
fn kms_that_hangs_costs_no_more_than_the_secrets_own_deadline() {
    let world = world();
    world.aws.secret(Secret::text(SECRET, &sealed(KEY)));
    world.aws.fault("Decrypt", When::Every, Fault::Hang);
    let begun = std::time::Instant::now();
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("TASKPULL_SECRETS_TIMEOUT", "1s");
    let ended = run.end();
    assert_eq!(ended.failure(0), "key timed-out", "{ended:?}");
    assert!(begun.elapsed().as_secs_f64() < 2.5, "{:?}", begun.elapsed());
}
