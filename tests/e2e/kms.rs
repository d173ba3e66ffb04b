//! Sealed secrets: `taskpull secret seal`, KMS, the registry and the engine together.
//!
//! The emulator also decrypts with a disabled key, so `tests/it` covers that refusal.

use serde_json::{Value, json};

use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{Lab, TestSecret, on_both_engines, task};

on_both_engines!(
    sealed_login_pulls_only_with_its_own_encryption_context,
    missing_kms_key_is_reported_with_its_region,
    binary_ciphertext_pulls_only_without_an_encryption_context,
);

const APP: &str = "127.0.0.1:25001/team-a/app:1.0";

/// Creates a KMS key for one test.
fn key(lab: &Lab) -> String {
    let created = lab.aws("kms", "create_key", &json!({ "Description": "of a test" }));
    let arn = created["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    assert!(arn.starts_with("arn:aws:kms:us-east-1:111122223333:key/"), "{arn}");
    arn
}

/// Seals the login of registry one with `taskpull secret seal`, and returns the envelope.
fn seal(lab: &Lab, key: &str, context: &[&str]) -> Value {
    let login = json!({ "username": "puller-one", "password": lab.password("registry-one", "puller-one") });
    let run =
        context.iter().fold(Run::new(["secret", "seal", "--key", key]), |run, pair| run.arg("--context").arg(pair));
    let ended = lab.configure(run).stdin(login.to_string()).output();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

fn secret_text(envelope: &Value) -> Value {
    json!({ "SecretString": envelope.to_string() })
}

fn pull(lab: &Lab, secret: &TestSecret<'_>) -> RunOutput {
    lab.pull(&task(&[("app", APP, Some(&secret.name))])).output()
}

fn assert_refused(ended: &RunOutput, failure: &str, message: &str) {
    assert_eq!((ended.code, &*ended.failure(0)), (3, failure), "{ended:?}");
    assert!(ended.stdout.contains(message), "{ended:?}");
}

fn sealed_login_pulls_only_with_its_own_encryption_context(lab: &Lab) {
    let key = key(lab);
    let mut envelope = seal(lab, &key, &["team=web"]);
    let secret = lab.create_secret("sealed-text", &secret_text(&envelope));
    let ended = pull(lab, &secret);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], lab.digest("registry-one", "team-a/app"));

    envelope["taskpull"]["encryptionContext"] = json!({ "team": "shop" });
    secret.put(&secret_text(&envelope));
    assert_refused(&pull(lab, &secret), "key invalid", "another encryption context");
}

fn missing_kms_key_is_reported_with_its_region(lab: &Lab) {
    let mut envelope = seal(lab, &key(lab), &[]);
    let absent = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    envelope["taskpull"]["keyArn"] = absent.into();
    let secret = lab.create_secret("sealed-absent", &secret_text(&envelope));
    assert_refused(&pull(lab, &secret), "key absent", "there is no such key in us-east-1");

    envelope["taskpull"]["keyArn"] = absent.replace("us-east-1", "eu-west-1").into();
    secret.put(&secret_text(&envelope));
    assert_refused(&pull(lab, &secret), "key absent", "there is no such key in eu-west-1");
}

fn binary_ciphertext_pulls_only_without_an_encryption_context(lab: &Lab) {
    let key = key(lab);
    let binary = |envelope: &Value| json!({ "SecretBinary": { "base64": envelope["taskpull"]["ciphertext"].clone() } });
    let secret = lab.create_secret("sealed-binary", &binary(&seal(lab, &key, &[])));
    let ended = pull(lab, &secret);
    assert_eq!(ended.code, 0, "{ended:?}");

    secret.put(&binary(&seal(lab, &key, &["team=web"])));
    assert_refused(&pull(lab, &secret), "content invalid", "KMS does not accept it as a ciphertext");
}
