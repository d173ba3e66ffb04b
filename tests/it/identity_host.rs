//! The host identity on each kind of host, with endpoints that answer over real sockets.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::aws::{AccessKey, AwsFault, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::host::{FakeContainerCredentials, FakeInstanceMetadata, FakeWebIdentity};
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::support::proxy::RecordingProxy;
use crate::support::run::{Run, RunOutput};
use crate::support::world::{IMAGE, LOGIN, World, container, task};

const INSTANCE: &str = "arn:aws:iam::111122223333:role/instance";

/// A world with a session of the role `INSTANCE`, and the session's access key.
fn world() -> (World, AccessKey) {
    let world = World::new();
    world.aws.put_role(
        INSTANCE,
        Policy::trust(HOST_USER),
        Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("sts:AssumeRole", "*")),
    );
    let key = world.aws.open_session(INSTANCE, "i-0abc");
    (world, key)
}

fn definition() -> Value {
    task(&[container("app", IMAGE, SECRET)])
}

/// A run whose environment has no access key.
fn keyless(world: &World, definition: &Value) -> Run {
    world.pull(definition).env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "")
}

fn reader(world: &World) -> String {
    let call = world.aws.calls().into_iter().find(|call| call.operation == "GetSecretValue").unwrap();
    call.principal.unwrap()
}

/// Writes a shared credentials file with this access key.
fn write_shared_file(path: &Path, key: &AccessKey) {
    let token = key.token.as_ref().map(|token| format!("aws_session_token = {token}\n")).unwrap_or_default();
    let text = format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n{token}", key.id, key.secret);
    std::fs::write(path, text).unwrap();
}

#[test]
fn instance_reads_as_its_role_with_an_imdsv2_token() {
    for kind in ["auto", "ec2"] {
        let (world, key) = world();
        let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
        let output =
            keyless(&world, &definition()).envs(metadata.environment()).env("TASKPULL_HOST_KIND", kind).output();
        assert_eq!(output.code, 0, "{kind}: {output:?}");
        assert!(reader(&world).ends_with("assumed-role/instance/i-0abc"));
        assert_eq!(metadata.requests()[0], "PUT /latest/api/token");
    }
}

#[test]
fn instance_resolves_a_bare_name_in_its_metadata_region() {
    let (world, key) = world();
    let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
    let named = task(&[container("app", IMAGE, "prod/hub")]);
    let output = keyless(&world, &named).envs(metadata.environment()).env("TASKPULL_HOST_KIND", "ec2").output();
    assert_eq!(output.code, 0, "{output:?}");
    assert!(metadata.requests().contains(&"GET /latest/meta-data/placement/region".to_owned()));
}

/// Returns the Region in which a run with this environment assumes the execution role.
fn sts_region(world: &World, environment: &[(&'static str, &str)], credentials: Vec<(&'static str, String)>) -> String {
    world.aws.put_role(
        ROLE,
        Policy::trust(INSTANCE).and(Policy::trust(HOST_USER)),
        Policy::allow(GET_SECRET_VALUE, "*"),
    );
    let mut definition = definition();
    definition["executionRoleArn"] = ROLE.into();
    let output = keyless(world, &definition).envs(credentials).envs(environment.iter().copied()).output();
    assert_eq!(output.code, 0, "{output:?}");
    world.aws.calls().into_iter().find(|call| call.operation == "AssumeRole").unwrap().region.unwrap()
}

#[test]
fn instance_assumes_a_role_in_its_own_region() {
    for kind in ["auto", "ec2"] {
        let (world, key) = world();
        let metadata = FakeInstanceMetadata::start(&key, "us-west-2");
        let region = sts_region(&world, &[("TASKPULL_HOST_KIND", kind)], metadata.environment().into());
        assert_eq!(region, "us-west-2", "{kind}");
        // AWS_REGION wins, and the metadata service is not asked for the Region.
        let (world, key) = self::world();
        let metadata = FakeInstanceMetadata::start(&key, "us-west-2");
        let environment = [("TASKPULL_HOST_KIND", kind), ("AWS_REGION", "us-east-1")];
        assert_eq!(sts_region(&world, &environment, metadata.environment().into()), "us-east-1", "{kind}");
        assert!(!metadata.requests().contains(&"GET /latest/meta-data/placement/region".to_owned()), "{kind}");
    }
}

#[test]
fn instance_without_a_region_assumes_a_role_in_the_secrets_region() {
    let (world, key) = world();
    let metadata = FakeInstanceMetadata::start(&key, "");
    let region = sts_region(&world, &[("TASKPULL_HOST_KIND", "ec2")], metadata.environment().into());
    assert_eq!(region, "eu-west-1");
}

#[test]
fn host_with_credentials_does_not_ask_the_metadata_service_for_a_region() {
    for kind in ["auto", "ec2", "fargate", "external"] {
        let (world, _) = world();
        let metadata = FakeInstanceMetadata::unreachable();
        let mut credentials = world.aws.environment(&world.host);
        credentials.extend(metadata.environment());
        let region = sts_region(&world, &[("TASKPULL_HOST_KIND", kind)], credentials);
        assert_eq!((&*region, metadata.requests()), ("eu-west-1", Vec::new()), "{kind}");
    }
}

#[test]
fn external_or_fargate_host_never_contacts_the_metadata_service() {
    for kind in ["external", "fargate"] {
        let (world, key) = world();
        let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
        // The service is asked neither for credentials nor for the Region of a bare name.
        let both = task(&[container("app", IMAGE, SECRET), container("named", IMAGE, "prod/hub")]);
        let output = keyless(&world, &both).envs(metadata.environment()).env("TASKPULL_HOST_KIND", kind).output();
        assert_eq!(output.failure(0), "host-identity absent", "{kind}: {output:?}");
        assert_eq!(output.failure(1), "host-identity invalid", "{kind}: {output:?}");
        assert_eq!(metadata.requests(), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn external_host_rejects_a_profile_that_needs_the_metadata_service() {
    let (world, key) = world();
    let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let profile =
        format!("[default]\nrole_arn = {ROLE}\ncredential_source = Ec2InstanceMetadata\nregion = eu-west-1\n");
    std::fs::write(&config, profile).unwrap();
    let run = keyless(&world, &definition()).envs(metadata.environment()).env("AWS_CONFIG_FILE", &config);
    let output = run.env("TASKPULL_HOST_KIND", "external").output();
    assert_eq!(output.failure(0), "host-identity invalid", "{output:?}");
    assert!(output.stdout.contains("host.kind excludes the metadata service"), "{output:?}");
    assert_eq!(metadata.requests(), Vec::<String>::new());
}

#[test]
fn container_beyond_the_hop_limit_gets_a_hint_about_it() {
    let (world, _) = world();
    let metadata = FakeInstanceMetadata::unreachable();
    let output = keyless(&world, &definition()).envs(metadata.environment()).env("TASKPULL_HOST_KIND", "ec2").output();
    assert!(output.failure(0).starts_with("host-identity "), "{output:?}");
    assert!(output.stdout.contains("hop limit"), "{output:?}");
    assert!(
        metadata.requests().iter().all(|line| line == "PUT /latest/api/token"),
        "no request but that for the token is sent"
    );
}

#[test]
fn task_reads_as_its_role_with_either_authorization_token() {
    for kind in ["auto", "fargate", "external"] {
        let (world, key) = world();
        let endpoint = FakeContainerCredentials::start(&key, "Bearer swordfish");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "Bearer swordfish").unwrap();
        for (variable, value) in [
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer swordfish".into()),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.into_os_string()),
        ] {
            let run = keyless(&world, &definition()).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri());
            let output = run.env(variable, value).env("TASKPULL_HOST_KIND", kind).output();
            assert_eq!(output.code, 0, "{kind} {variable}: {output:?}");
        }
        assert!(reader(&world).contains("assumed-role/instance/"));
        assert_eq!(endpoint.requests(), ["GET /v1/credentials"; 2]);
    }
}

#[test]
fn relative_credentials_uri_wins_over_a_full_one() {
    // The agent's address does not answer on a machine that is no container instance, and an agent would not
    // know this path. The run must fail rather than use the full URI.
    let (world, key) = world();
    let endpoint = FakeContainerCredentials::start(&key, "none");
    let run = keyless(&world, &definition()).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri());
    let run = run.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/unknown");
    let output = run.env("TASKPULL_HOST_KIND", "fargate").env("TASKPULL_SECRETS_TIMEOUT", "2s").output();
    assert!(output.failure(0).starts_with("host-identity "), "{output:?}");
    assert_eq!(endpoint.requests(), Vec::<String>::new());
}

#[test]
fn wrong_container_authorization_token_is_a_host_identity_failure() {
    let (world, key) = world();
    let endpoint = FakeContainerCredentials::start(&key, "right");
    let run = keyless(&world, &definition()).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri());
    let output = run.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "wrong").output();
    assert_eq!(output.failure(0), "host-identity refused", "{output:?}");
    assert!(!format!("{output:?}").contains("\"wrong\""), "{output:?}");
}

#[test]
fn instance_does_not_use_the_role_of_the_surrounding_task() {
    let (world, key) = world();
    let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
    let endpoint = FakeContainerCredentials::start(&key, "none");
    let run = keyless(&world, &definition()).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri());
    let output = run.envs(metadata.environment()).env("TASKPULL_HOST_KIND", "ec2").output();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(endpoint.requests(), Vec::<String>::new());
}

#[test]
fn endpoints_of_the_host_are_not_called_through_a_proxy() {
    let (world, key) = world();
    let proxy = RecordingProxy::start();
    let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
    let endpoint = FakeContainerCredentials::start(&key, "t");
    let proxied =
        |kind| keyless(&world, &definition()).env("HTTP_PROXY", proxy.address()).env("TASKPULL_HOST_KIND", kind);
    let on_instance = proxied("ec2").envs(metadata.environment()).env("TASKPULL_SECRETS_TIMEOUT", "2s").output();
    let in_task = proxied("fargate")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri())
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "t")
        .env("TASKPULL_SECRETS_TIMEOUT", "2s")
        .output();
    // AWS itself is called through the proxy, which refuses every connection.
    for output in [on_instance, in_task] {
        assert!(output.failure(0).starts_with("secret "), "{output:?}");
    }
    assert!(!metadata.requests().is_empty() && !endpoint.requests().is_empty());
    let service = world.aws.endpoint().replace("http://", "");
    assert!(!proxy.targets().is_empty() && proxy.targets().iter().all(|to| *to == service), "{:?}", proxy.targets());
}

#[test]
fn external_host_reads_with_the_key_of_a_credential_process() {
    let (world, key) = world();
    let folder = tempfile::tempdir().unwrap();
    let (config, answer) = (folder.path().join("config"), folder.path().join("answer"));
    let json = serde_json::json!({
        "Version": 1, "AccessKeyId": key.id, "SecretAccessKey": key.secret, "SessionToken": key.token,
        "Expiration": "2099-01-01T00:00:00Z",
    });
    std::fs::write(&answer, json.to_string()).unwrap();
    std::fs::write(&config, format!("[default]\ncredential_process = cat {}\n", answer.display())).unwrap();
    let run = keyless(&world, &definition()).env("AWS_CONFIG_FILE", &config);
    let output = run.env("TASKPULL_HOST_KIND", "external").output();
    assert_eq!(output.code, 0, "{output:?}");
    assert!(reader(&world).contains("assumed-role/instance/"));
}

#[test]
fn web_identity_is_exchanged_at_sts_on_every_host_kind() {
    for kind in ["auto", "ec2", "fargate", "external"] {
        let (world, key) = world();
        let sts = FakeWebIdentity::start(&key, "eyJ.token");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "eyJ.token").unwrap();
        let run = keyless(&world, &definition()).env("AWS_ENDPOINT_URL_STS", sts.endpoint());
        let run = run.env("AWS_WEB_IDENTITY_TOKEN_FILE", &file).env("AWS_ROLE_ARN", INSTANCE);
        let output = run.env("AWS_REGION", "eu-west-1").env("TASKPULL_HOST_KIND", kind).output();
        assert_eq!(output.code, 0, "{kind}: {output:?}");
        assert!(reader(&world).contains("assumed-role/instance/"));
    }
}

#[test]
fn renewed_shared_credentials_file_is_used_by_the_next_run() {
    let (world, old) = world();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    let run = || {
        let run = keyless(&world, &definition()).env("AWS_SHARED_CREDENTIALS_FILE", &file);
        run.env("TASKPULL_HOST_KIND", "external").output()
    };
    write_shared_file(&file, &old);
    assert_eq!(run().code, 0);
    world.aws.expire_sessions();
    assert_eq!(run().failure(0), "host-identity refused");
    write_shared_file(&file, &world.aws.open_session(INSTANCE, "mi-0abc"));
    let output = run();
    assert_eq!(output.code, 0, "{output:?}");
}

#[test]
fn changed_credential_files_are_reread_by_a_running_process() {
    let (world, old) = world();
    let new = world.aws.open_session(INSTANCE, "renewed");
    let folder = tempfile::tempdir().unwrap();
    let [config, process, credentials] = ["config", "process", "credentials"].map(|name| folder.path().join(name));
    // Credentials are renewed five minutes before they expire, so these are usable for two seconds.
    let json = serde_json::json!({
        "Version": 1, "AccessKeyId": old.id, "SecretAccessKey": old.secret, "SessionToken": old.token, "Expiration": "END",
    });
    let end = "$(date -u -d '+302 seconds' +%Y-%m-%dT%H:%M:%SZ)";
    let script = json.to_string().replace('"', "\\\"").replace("END", end);
    std::fs::write(&process, format!("echo \"{script}\"\n")).unwrap();
    std::fs::write(&config, format!("[default]\ncredential_process = sh {}\n", process.display())).unwrap();
    // Twenty secrets are read concurrently, and the last one after them.
    let gate = Gate::closed();
    world.aws.inject_fault("GetSecretValue", Calls::First(20), AwsFault::Hold(gate.clone()));
    let containers: Vec<_> = (0..21)
        .map(|at| {
            let secret = SECRET.replace("hub", &format!("hub{at}"));
            world.aws.put_secret(Secret::text(&secret, LOGIN));
            container(&format!("c{at}"), IMAGE, &secret)
        })
        .collect();
    let run = keyless(&world, &task(&containers)).env("AWS_CONFIG_FILE", &config);
    let run = run.env("AWS_SHARED_CREDENTIALS_FILE", &credentials).env("TASKPULL_SECRETS_TIMEOUT", "1m");
    let running = run.env("TASKPULL_HOST_KIND", "external").start();
    gate.block_until_arrivals(20);
    std::fs::write(&config, "").unwrap();
    write_shared_file(&credentials, &new);
    std::thread::sleep(Duration::from_millis(2_100));
    gate.open();
    let output = RunOutput::wait_for(running);
    assert_eq!(output.code, 0, "{output:?}");
    let readers: Vec<_> = world.aws.calls().into_iter().map(|call| call.principal.unwrap()).collect();
    assert!(readers[0].ends_with("/i-0abc") && readers[20].ends_with("/renewed"), "{readers:?}");
}

#[test]
fn unknown_host_kind_is_rejected() {
    let output = Run::pull(&definition()).env("TASKPULL_HOST_KIND", "lambda").output();
    assert_eq!(output.code, 6, "{output:?}");
    assert!(output.stderr.contains("`auto`, `ec2`, `fargate` or `external`"), "{output:?}");
}

#[test]
fn pipe_in_place_of_an_sdk_file_fails_at_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let token = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/")];
    let web = [("AWS_ROLE_ARN", ROLE)];
    let cases: [(&str, &[(&'static str, &str)]); 4] = [
        ("AWS_CONFIG_FILE", &[]),
        ("AWS_SHARED_CREDENTIALS_FILE", &[]),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &web),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token),
    ];
    for (variable, others) in cases {
        let (world, _) = world();
        let run = keyless(&world, &definition()).env(variable, &pipe).envs(others.iter().copied());
        let output = run.env("TASKPULL_SECRETS_TIMEOUT", "400ms").output();
        assert_eq!(output.failure(0), "host-identity unavailable", "{variable}: {output:?}");
    }
}
