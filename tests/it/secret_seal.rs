//! `taskpull secret seal`: its output can be decrypted, and the login appears nowhere else.

use serde_json::{Value, json};

use crate::support::aws::{Policy, Secret};
use crate::support::engine::PullScript;
use crate::support::host::{FakeContainerCredentials, FakeInstanceMetadata};
use crate::support::names::{ACCOUNT_ROOT, GET_SECRET_VALUE, HOST_USER, KEY, SECRET};
use crate::support::run::{Run, RunOutput};
use crate::support::world::{IMAGE, SecretWorld, World, container, task};

const HOST_ROLE: &str = "arn:aws:iam::111122223333:role/instance";
const LOGIN: &str = r#"{"username": "me", "password": "c4nary-to-be-sealed"}"#;

/// Starts an AWS whose host may encrypt with `KEY`.
fn kms_world() -> SecretWorld {
    SecretWorld::with_key(Policy::allow("kms:Encrypt", KEY))
}

fn seal(world: &SecretWorld, arguments: &[&str], stdin: &[u8]) -> RunOutput {
    let run = Run::new(["secret", "seal"].iter().chain(arguments)).stdin(stdin);
    world.output(run, "c4nary-to-be-sealed")
}

#[test]
fn sealed_login_can_be_used_for_a_pull() {
    let kms = kms_world();
    let sealed = seal(&kms, &["--key", KEY, "--context", "team=web", "--context", "a=b=c"], LOGIN.as_bytes());
    assert_eq!(sealed.code, 0, "{sealed:?}");
    let envelope: Value = serde_json::from_str(&sealed.stdout).unwrap();
    assert_eq!(envelope["taskpull"]["version"], 1);
    assert_eq!(envelope["taskpull"]["keyArn"], KEY);
    assert_eq!(envelope["taskpull"]["encryptionContext"], json!({ "team": "web", "a": "b=c" }));

    let mut world = World::new();
    world.aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    world.host =
        world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("kms:Decrypt", KEY)));
    world.aws.put_secret(Secret::text(SECRET, &sealed.stdout));
    world.engine.script(IMAGE, PullScript::success().with_login("me", "c4nary-to-be-sealed"));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn encrypt_call_uses_the_key_region_and_the_host_identity() {
    let kms = kms_world();
    let run =
        Run::new(["secret", "seal", "--key", KEY]).envs(kms.aws.environment(&kms.host)).env("AWS_REGION", "us-west-2");
    assert_eq!(run.stdin(LOGIN).output().code, 0);
    let calls = kms.aws.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].region.as_deref(), calls[0].principal.as_deref()), (Some("eu-west-1"), Some(HOST_USER)));
}

#[test]
fn denied_encrypt_call_names_the_key_and_the_permission() {
    let mut kms = kms_world();
    kms.host = kms.aws.put_user("arn:aws:iam::111122223333:user/other", Policy::none());
    let ended = seal(&kms, &["--key", KEY], LOGIN.as_bytes());
    assert_eq!((ended.code, &*ended.stdout), (3, ""), "{ended:?}");
    assert!(ended.stderr.contains(&format!("allow kms:Encrypt on {KEY}")), "{ended:?}");
}

/// Returns a run on a host without an AWS access key.
fn run_without_key() -> Run {
    let run = Run::new(["secret", "seal", "--key", KEY]).env("AWS_CONFIG_FILE", "/dev/null");
    run.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").stdin(LOGIN)
}

#[test]
fn sealing_without_a_host_identity_fails() {
    let ended = run_without_key().output();
    assert_eq!((ended.code, &*ended.stdout), (3, ""), "{ended:?}");
    assert!(ended.stderr.contains("no AWS credentials were found on this host"), "{ended:?}");
    assert!(ended.stderr.contains("attach an instance role"), "{ended:?}");
}

#[test]
fn failing_host_identity_is_reported_with_its_cause() {
    let kms = kms_world();
    kms.aws.put_role(HOST_ROLE, Policy::trust(HOST_USER), Policy::allow("kms:Encrypt", KEY));
    let endpoint = FakeContainerCredentials::start(&kms.aws.open_session(HOST_ROLE, "task"), "right");
    let run = run_without_key().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri());
    let refused = run.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "c4nary-token").output();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, "[default]\ncredential_process = sh -c 'echo c4nary-token >&2; exit 7'\n").unwrap();
    let failed = run_without_key().env("AWS_CONFIG_FILE", config).output();
    let metadata = FakeInstanceMetadata::unreachable();
    let run = run_without_key().envs(metadata.environment()).env("TASKPULL_HOST_KIND", "ec2");
    let hanging = run.env("TASKPULL_SECRETS_TIMEOUT", "1s").output();
    for (ended, message, cause) in [
        (refused, "127.0.0.1 does not accept the authorization token", "StatusCode(401)"),
        (failed, "the credential_process sh of the profile `default` failed", "exit status: 7"),
        (hanging, "the AWS credentials of this host cannot be loaded", "no answer in time"),
    ] {
        assert_eq!((ended.code, &*ended.stdout), (3, ""), "{ended:?}");
        assert!(ended.stderr.contains(message), "{ended:?}");
        assert!(ended.stderr.contains(cause), "{cause}: {ended:?}");
        assert!(!ended.stderr.contains("c4nary"), "{ended:?}");
    }
}

#[test]
fn invalid_login_is_not_sealed() {
    let kms = kms_world();
    let envelope = br#"{"taskpull": {"version": 1}}"#;
    let table: [(&[u8], &str); 5] = [
        (b"", "it is empty"),
        (b"c4nary-to-be-sealed", "it is not JSON"),
        (b"\xff", "not UTF-8"),
        (&[b' '; 4_097], "longer than the 4096 bytes"),
        (envelope, "contains another envelope"),
    ];
    for (text, message) in table {
        let ended = seal(&kms, &["--key", KEY], text);
        assert_eq!((ended.code, &*ended.stdout), (4, ""), "{ended:?}");
        assert!(ended.stderr.contains(message), "{message}: {ended:?}");
    }
    assert_eq!(kms.aws.calls(), []);
}

#[test]
fn invalid_key_or_context_is_rejected_before_any_request() {
    let kms = kms_world();
    let tables: [&[&str]; 4] = [
        &["--key", "alias/pulls"],
        &["--key", KEY, "--context", "team"],
        &["--key", KEY, "--context", "=web"],
        &["--key", KEY, "--context", "a=1", "--context", "a=2"],
    ];
    for arguments in tables {
        let ended = seal(&kms, arguments, LOGIN.as_bytes());
        assert_eq!((ended.code, &*ended.stdout), (2, ""), "{arguments:?}: {ended:?}");
    }
    assert_eq!(kms.aws.calls(), []);
}

#[test]
fn terminal_as_stdin_is_rejected() {
    // `script` gives the program a terminal as stdin.
    let command = format!("'{}' secret seal --key {KEY}", env!("CARGO_BIN_EXE_taskpull"));
    let ended = Run::program("script").arg("-qec").arg(command).arg("/dev/null").output();
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stdout.contains("stdin is a terminal"), "{ended:?}");
}
