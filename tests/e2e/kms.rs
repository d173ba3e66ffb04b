//! Secrets that are sealed: `taskpull secret seal`, KMS, the registry and the engine.
//!
//! The emulator decrypts with a disabled key too: that refusal is tested at the wire.

use serde_json::{Value, json};

use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{Lab, TestSecret, on_both_engines, task};

on_both_engines!(
    a_sealed_login_pulls_and_in_another_context_it_does_not,
    a_key_that_is_not_there_is_told_and_so_is_one_of_another_region,
    a_ciphertext_as_a_binary_secret_pulls_and_in_a_context_it_does_not,
);

const APP: &str = "127.0.0.1:25001/team-a/app:1.0";

/// A key of the test's own.
fn key(lab: &Lab) -> String {
    let made = lab.aws("kms", "create_key", &json!({ "Description": "of a test" }));
    let arn = made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    assert!(arn.starts_with("arn:aws:kms:us-east-1:111122223333:key/"), "{arn}");
    arn
}

/// The envelope of registry one's login, by the command that makes one.
fn seal(lab: &Lab, key: &str, context: &[&str]) -> Value {
    let login = json!({ "username": "puller-one", "password": lab.password("registry-one", "puller-one") });
    let run =
        context.iter().fold(Run::new(["secret", "seal", "--key", key]), |run, pair| run.arg("--context").arg(pair));
    let ended = lab.configure(run).stdin(login.to_string()).output();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

fn text(envelope: &Value) -> Value {
    json!({ "SecretString": envelope.to_string() })
}

fn pull(lab: &Lab, secret: &TestSecret<'_>) -> RunOutput {
    lab.pull(&task(&[("app", APP, Some(&secret.name))])).output()
}

fn assert_refused(ended: &RunOutput, failure: &str, message: &str) {
    assert_eq!((ended.code, &*ended.failure(0)), (3, failure), "{ended:?}");
    assert!(ended.stdout.contains(message), "{ended:?}");
}

fn a_sealed_login_pulls_and_in_another_context_it_does_not(lab: &Lab) {
    let key = key(lab);
    let mut envelope = seal(lab, &key, &["team=web"]);
    let secret = lab.create_secret("sealed-text", &text(&envelope));
    let ended = pull(lab, &secret);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], lab.digest("registry-one", "team-a/app"));

    envelope["taskpull"]["encryptionContext"] = json!({ "team": "shop" });
    secret.put(&text(&envelope));
    assert_refused(&pull(lab, &secret), "key invalid", "another encryption context");
}

fn a_key_that_is_not_there_is_told_and_so_is_one_of_another_region(lab: &Lab) {
    let mut envelope = seal(lab, &key(lab), &[]);
    let absent = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    envelope["taskpull"]["keyArn"] = absent.into();
    let secret = lab.create_secret("sealed-absent", &text(&envelope));
    assert_refused(&pull(lab, &secret), "key absent", "there is no such key in us-east-1");

    envelope["taskpull"]["keyArn"] = absent.replace("us-east-1", "eu-west-1").into();
    secret.put(&text(&envelope));
    assert_refused(&pull(lab, &secret), "key absent", "there is no such key in eu-west-1");
}

fn a_ciphertext_as_a_binary_secret_pulls_and_in_a_context_it_does_not(lab: &Lab) {
    let key = key(lab);
    let binary = |envelope: &Value| json!({ "SecretBinary": { "base64": envelope["taskpull"]["ciphertext"].clone() } });
    let secret = lab.create_secret("sealed-binary", &binary(&seal(lab, &key, &[])));
    let ended = pull(lab, &secret);
    assert_eq!(ended.code, 0, "{ended:?}");

    secret.put(&binary(&seal(lab, &key, &["team=web"])));
    assert_refused(&pull(lab, &secret), "key invalid", "another encryption context");
}
