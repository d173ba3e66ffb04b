//! Secrets whose content is a KMS ciphertext: which identity decrypts it in which Region, and
//! how each failure is reported.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::aws::{AwsFault, FakeAws, Policy, Secret};
use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::leak::Canary;
use crate::support::names::{ACCOUNT_ROOT, GET_SECRET_VALUE, HOST_USER, KEY, ROLE, SECRET};
use crate::support::run::RunOutput;
use crate::support::world::{IMAGE, World, container, task};

const PASSWORD: &str = "c4nary-in-a-ciphertext";
const CONTEXT: [(&str, &str); 1] = [("team", "web")];

fn login() -> String {
    json!({ "username": "me", "password": PASSWORD }).to_string()
}

/// Returns a world whose host may read the secret and decrypt with the key.
fn world() -> World {
    let mut world = World::new();
    world.aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    world.host =
        world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("kms:Decrypt", "*")));
    world.engine.script(IMAGE, PullScript::success().with_login("me", PASSWORD));
    world
}

fn envelope(key: &str, ciphertext: &[u8], context: &Value) -> String {
    let ciphertext = STANDARD.encode(ciphertext);
    json!({ "taskpull": { "version": 1, "keyArn": key, "ciphertext": ciphertext, "encryptionContext": context } })
        .to_string()
}

fn sealed_envelope(key: &str) -> String {
    let ciphertext = FakeAws::ciphertext(key, &CONTEXT, login().as_bytes());
    envelope(key, &ciphertext, &json!({ "team": "web" }))
}

/// Pulls at the trace log level, and checks that the password is not in the output.
fn pull(world: &World) -> RunOutput {
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("RUST_LOG", "trace").output();
    assert!(ended.stderr.contains("DEBUG"), "the log is enabled: {ended:?}");
    for text in [PASSWORD.to_owned(), login()] {
        let canary = Canary::new("plaintext", &text);
        canary.assert_absent(&ended);
    }
    ended
}

fn pull_with_content(world: &World, content: &str) -> RunOutput {
    world.aws.put_secret(Secret::text(SECRET, content));
    pull(world)
}

fn failure(ended: &RunOutput) -> Value {
    assert_eq!(ended.code, 3, "{ended:?}");
    ended.container(0)["failure"].clone()
}

#[test]
fn envelope_is_decrypted_in_the_key_region_with_its_context() {
    let world = world();
    let remote_key = KEY.replace("eu-west-1", "us-east-2");
    world.aws.put_key(&remote_key, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    let ended = pull_with_content(&world, &sealed_envelope(&remote_key));
    assert_eq!(ended.code, 0, "{ended:?}");
    let calls = world.aws.calls();
    let decrypted = calls.iter().find(|call| call.operation == "Decrypt").unwrap();
    assert_eq!(decrypted.region.as_deref(), Some("us-east-2"));
    assert_eq!(decrypted.target.as_deref(), Some(&*remote_key));
}

#[test]
fn binary_secret_is_decrypted_with_the_key_in_its_ciphertext() {
    let world = world();
    let ciphertext = FakeAws::ciphertext(KEY, &[], login().as_bytes());
    world.aws.put_secret(Secret::binary(SECRET, &ciphertext));
    let ended = pull(&world);
    assert_eq!(ended.code, 0, "{ended:?}");
    let calls = world.aws.calls();
    let decrypted = calls.iter().find(|call| call.operation == "Decrypt").unwrap();
    assert_eq!((decrypted.region.as_deref(), decrypted.target.as_deref()), (Some("eu-west-1"), None));
}

#[test]
fn execution_role_that_reads_the_secret_also_decrypts_it() {
    let world = world();
    let host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.put_role(
        ROLE,
        Policy::trust(HOST_USER),
        Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("kms:Decrypt", KEY)),
    );
    world.aws.put_secret(Secret::text(SECRET, &sealed_envelope(KEY)));
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(ROLE);
    let ended = world.pull(&definition).envs(world.aws.environment(&host)).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let decrypted = world.aws.calls().into_iter().find(|call| call.operation == "Decrypt").unwrap();
    assert!(decrypted.principal.unwrap().contains(":assumed-role/"));
}

#[test]
fn sealed_secret_is_decrypted_once_for_many_images() {
    let world = world();
    world.aws.put_secret(Secret::text(SECRET, &sealed_envelope(KEY)));
    let images: Vec<_> = (0..8).map(|at| container(&format!("c{at}"), &format!("r.example/app{at}"), SECRET)).collect();
    assert_eq!(world.pull(&task(&images)).output().code, 0);
    assert_eq!((world.aws.call_count("GetSecretValue"), world.aws.call_count("Decrypt")), (1, 1));
}

#[test]
fn changed_context_and_damaged_ciphertext_are_reported() {
    let world = world();
    let ciphertext = FakeAws::ciphertext(KEY, &CONTEXT, login().as_bytes());
    for content in [
        envelope(KEY, &ciphertext, &json!({ "team": "shop" })),
        envelope(KEY, &ciphertext, &json!({})),
        envelope(KEY, b"\x01not a ciphertext", &json!({ "team": "web" })),
    ] {
        let ended = pull_with_content(&world, &content);
        let failure = failure(&ended);
        assert_eq!(ended.failure(0), "key invalid", "{failure}");
        assert!(failure["message"].as_str().unwrap().contains("another encryption context"), "{failure}");
        assert!(failure["causedBy"].to_string().contains("InvalidCiphertextException"), "{failure}");
    }
}

#[test]
fn wrong_key_in_the_envelope_is_reported() {
    let world = world();
    let other = KEY.replace("1234abcd", "ffffffff");
    world.aws.put_key(&other, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    let ciphertext = FakeAws::ciphertext(KEY, &CONTEXT, login().as_bytes());
    let ended = pull_with_content(&world, &envelope(&other, &ciphertext, &json!({ "team": "web" })));
    assert_eq!(ended.failure(0), "key invalid");
    assert!(failure(&ended)["message"].as_str().unwrap().contains("made by another key"), "{ended:?}");
}

#[test]
fn disabled_key_and_key_pending_deletion_have_different_hints() {
    let world = world();
    let content = sealed_envelope(KEY);
    world.aws.disable_key(KEY);
    let disabled = pull_with_content(&world, &content);
    assert_eq!(disabled.failure(0), "key refused");
    assert!(failure(&disabled)["hint"].as_str().unwrap().contains("enable-key --region eu-west-1"));
    world.aws.schedule_deletion_of_key(KEY);
    let deleted = pull_with_content(&world, &content);
    assert_eq!(deleted.failure(0), "key refused");
    assert!(failure(&deleted)["hint"].as_str().unwrap().contains("cancel-key-deletion"));
}

#[test]
fn key_in_another_region_is_reported() {
    let world = world();
    let remote_key = KEY.replace("eu-west-1", "us-east-2");
    let ended = pull_with_content(&world, &sealed_envelope(&remote_key));
    assert_eq!(ended.failure(0), "key absent");
    assert!(failure(&ended)["message"].as_str().unwrap().contains("no such key in us-east-2"), "{ended:?}");

    world.aws.put_key(&remote_key, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    let ciphertext = FakeAws::ciphertext(&remote_key, &[], login().as_bytes());
    world.aws.put_secret(Secret::binary(SECRET, &ciphertext));
    let binary = pull(&world);
    assert_eq!(binary.failure(0), "key refused");
    assert!(failure(&binary)["message"].as_str().unwrap().contains("KMS does not say which"), "{binary:?}");
}

#[test]
fn denied_decrypt_call_names_action_and_key_and_is_not_retried() {
    let mut world = world();
    world.host = world.aws.put_user("arn:aws:iam::111122223333:user/other", Policy::allow(GET_SECRET_VALUE, "*"));
    let ended = pull_with_content(&world, &sealed_envelope(KEY));
    assert_eq!(ended.failure(0), "key refused");
    let failure = failure(&ended);
    assert_eq!(failure["resource"], KEY);
    assert!(failure["hint"].as_str().unwrap().contains(&format!("allow kms:Decrypt on {KEY}")), "{failure}");
    assert_eq!(world.aws.call_count("Decrypt"), 1);
}

#[test]
fn key_policy_condition_on_the_encryption_context_is_honored() {
    let world = world();
    let key_policy = |team: &str| {
        Policy::allow("kms:*", "*").to(ACCOUNT_ROOT).when("StringEquals", "kms:EncryptionContext:team", team)
    };
    world.aws.put_key(KEY, key_policy("web"));
    assert_eq!(pull_with_content(&world, &sealed_envelope(KEY)).code, 0);
    world.aws.put_key(KEY, key_policy("shop"));
    assert_eq!(pull_with_content(&world, &sealed_envelope(KEY)).failure(0), "key refused");
}

#[test]
fn decrypted_content_is_validated_like_plain_content() {
    let world = world();
    let table: [(&[u8], &str); 4] = [
        (b"c4nary-in-a-ciphertext", "it is not JSON"),
        (b"{\"username\": \"me\"}", "`password` is missing"),
        (b"\xff\xfe", "the decrypted content is not text"),
        (b"{\"taskpull\": {\"version\": 1}}", "its envelope contains another envelope"),
    ];
    for (plaintext, message) in table {
        let ciphertext = FakeAws::ciphertext(KEY, &[], plaintext);
        let ended = pull_with_content(&world, &envelope(KEY, &ciphertext, &json!({})));
        assert_eq!(ended.failure(0), "content invalid", "{ended:?}");
        assert!(failure(&ended)["message"].as_str().unwrap().contains(message), "{ended:?}");
    }
}

#[test]
fn binary_content_that_is_no_ciphertext_is_told_apart_from_a_damaged_one() {
    let world = world();
    let bytes: Vec<u8> = (0..200).collect();
    for (content, message, calls) in [
        (&*bytes, "KMS does not accept it as a ciphertext", 1),
        (b"\x01\x02\x02\0x\xff", "it is damaged, or was made with an encryption context", 2),
        (b"\x1f\x8b\x08\0\xff", "it is compressed data", 2),
        (b"{\"username\": \"me\"}", "it is JSON", 2),
        (b"\xff\xfe{\0}\0", "it is text in UTF-16", 2),
    ] {
        world.aws.put_secret(Secret::binary(SECRET, content));
        let ended = pull(&world);
        assert_eq!(ended.failure(0), "content invalid", "{ended:?}");
        let failure = failure(&ended);
        assert!(failure["message"].as_str().unwrap().contains(message), "{failure}");
        assert!(failure["hint"].as_str().unwrap().contains("SecretString") || message.contains("damaged"), "{failure}");
        assert_eq!(world.aws.call_count("Decrypt"), calls, "{message}");
    }
}

#[test]
fn invalid_envelope_is_not_sent_to_kms() {
    let world = world();
    let good = sealed_envelope(KEY);
    for (content, message) in [
        (good.replace("\"version\":1", "\"version\":2"), "the `version` of its envelope is not 1"),
        (good.replace(KEY, "alias/pulls"), "the `keyArn` of its envelope is not the ARN of a KMS key"),
        (good.replace("encryptionContext", "context"), "a key that version 1 does not have"),
    ] {
        let ended = pull_with_content(&world, &content);
        assert!(failure(&ended)["message"].as_str().unwrap().contains(message), "{ended:?}");
    }
    assert_eq!(world.aws.call_count("Decrypt"), 0);
}

#[test]
fn hanging_kms_call_ends_at_the_secret_timeout() {
    let world = world();
    world.aws.put_secret(Secret::text(SECRET, &sealed_envelope(KEY)));
    world.aws.inject_fault("Decrypt", Calls::Every, AwsFault::Hang);
    let start = std::time::Instant::now();
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("TASKPULL_SECRETS_TIMEOUT", "1s");
    let ended = run.output();
    assert_eq!(ended.failure(0), "key timed-out", "{ended:?}");
    assert!(start.elapsed().as_secs_f64() < 2.5, "{:?}", start.elapsed());
}
