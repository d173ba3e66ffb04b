//! Who the host is, for each kind of host, against real endpoints.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::aws::{AccessKey, AwsFault, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::host::{FakeContainerCredentials, FakeInstanceMetadata, FakeWebIdentity};
use crate::support::proxy::RecordingProxy;
use crate::support::run::{Run, RunOutput};
use crate::support_aws_client::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::task::{IMAGE, LOGIN, World, container, task};

const INSTANCE: &str = "arn:aws:iam::111122223333:role/instance";

/// A world whose host has a session of `INSTANCE`, and that session's key.
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

/// A run whose environment holds no key.
fn keyless(world: &World, definition: &Value) -> Run {
    world.pull(definition).env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "")
}

fn reader(world: &World) -> String {
    let call = world.aws.calls().into_iter().find(|call| call.operation == "GetSecretValue").unwrap();
    call.principal.unwrap()
}

/// A shared credentials file with this key.
fn shared_file(path: &Path, key: &AccessKey) {
    let token = key.token.as_ref().map(|token| format!("aws_session_token = {token}\n")).unwrap_or_default();
    let text = format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n{token}", key.id, key.secret);
    std::fs::write(path, text).unwrap();
}

#[test]
fn an_instance_reads_as_its_role_with_a_token_of_the_metadata_service() {
    for kind in ["auto", "ec2"] {
        let (world, key) = world();
        let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
        let ended =
            keyless(&world, &definition()).envs(metadata.environment()).env("TASKPULL_HOST_KIND", kind).output();
        assert_eq!(ended.code, 0, "{kind}: {ended:?}");
        assert!(reader(&world).ends_with("assumed-role/instance/i-0abc"));
        assert_eq!(metadata.requests()[0], "PUT /latest/api/token");
    }
}

#[test]
fn an_instance_looks_a_bare_name_up_in_the_region_of_its_metadata() {
    let (world, key) = world();
    let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
    let named = task(&[container("app", IMAGE, "prod/hub")]);
    let ended = keyless(&world, &named).envs(metadata.environment()).env("TASKPULL_HOST_KIND", "ec2").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(metadata.requests().contains(&"GET /latest/meta-data/placement/region".to_owned()));
}

/// Where the execution role was assumed, in a run with this environment.
fn sts_region(world: &World, environment: &[(&'static str, &str)], own: Vec<(&'static str, String)>) -> String {
    world.aws.put_role(
        ROLE,
        Policy::trust(INSTANCE).and(Policy::trust(HOST_USER)),
        Policy::allow(GET_SECRET_VALUE, "*"),
    );
    let mut definition = definition();
    definition["executionRoleArn"] = ROLE.into();
    let ended = keyless(world, &definition).envs(own).envs(environment.iter().copied()).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.aws.calls().into_iter().find(|call| call.operation == "AssumeRole").unwrap().region.unwrap()
}

#[test]
fn an_instance_has_a_role_assumed_in_its_own_region_wherever_the_secret_is() {
    for kind in ["auto", "ec2"] {
        let (world, key) = world();
        let metadata = FakeInstanceMetadata::start(&key, "us-west-2");
        let region = sts_region(&world, &[("TASKPULL_HOST_KIND", kind)], metadata.environment().into());
        assert_eq!(region, "us-west-2", "{kind}");
        // What the environment says goes first, and the service is not asked for it.
        let (world, key) = self::world();
        let metadata = FakeInstanceMetadata::start(&key, "us-west-2");
        let said = [("TASKPULL_HOST_KIND", kind), ("AWS_REGION", "us-east-1")];
        assert_eq!(sts_region(&world, &said, metadata.environment().into()), "us-east-1", "{kind}");
        assert!(!metadata.requests().contains(&"GET /latest/meta-data/placement/region".to_owned()), "{kind}");
    }
}

#[test]
fn an_instance_whose_metadata_has_no_region_has_a_role_assumed_where_the_secret_is() {
    let (world, key) = world();
    let metadata = FakeInstanceMetadata::start(&key, "");
    let region = sts_region(&world, &[("TASKPULL_HOST_KIND", "ec2")], metadata.environment().into());
    assert_eq!(region, "eu-west-1");
}

#[test]
fn a_host_with_credentials_of_its_own_does_not_wait_for_a_metadata_service_to_say_a_region() {
    for kind in ["auto", "ec2", "fargate", "external"] {
        let (world, _) = world();
        let metadata = FakeInstanceMetadata::unreachable();
        let mut own = world.aws.environment(&world.host);
        own.extend(metadata.environment());
        let region = sts_region(&world, &[("TASKPULL_HOST_KIND", kind)], own);
        assert_eq!((&*region, metadata.requests()), ("eu-west-1", Vec::new()), "{kind}");
    }
}

#[test]
fn an_external_or_fargate_host_never_asks_the_metadata_service() {
    for kind in ["external", "fargate"] {
        let (world, key) = world();
        let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
        // Neither for credentials nor for a bare name's Region.
        let both = task(&[container("app", IMAGE, SECRET), container("named", IMAGE, "prod/hub")]);
        let ended = keyless(&world, &both).envs(metadata.environment()).env("TASKPULL_HOST_KIND", kind).output();
        assert_eq!(ended.failure(0), "host-identity absent", "{kind}: {ended:?}");
        assert_eq!(ended.failure(1), "host-identity invalid", "{kind}: {ended:?}");
        assert_eq!(metadata.requests(), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn an_external_host_does_not_ask_the_metadata_service_for_a_profile_either() {
    let (world, key) = world();
    let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let profile =
        format!("[default]\nrole_arn = {ROLE}\ncredential_source = Ec2InstanceMetadata\nregion = eu-west-1\n");
    std::fs::write(&config, profile).unwrap();
    let run = keyless(&world, &definition()).envs(metadata.environment()).env("AWS_CONFIG_FILE", &config);
    let ended = run.env("TASKPULL_HOST_KIND", "external").output();
    assert_eq!(ended.failure(0), "host-identity unavailable", "{ended:?}");
    assert!(ended.stdout.contains("by host.kind this host has no metadata service"), "{ended:?}");
    assert_eq!(metadata.requests(), Vec::<String>::new());
}

#[test]
fn a_container_one_hop_too_far_from_the_metadata_service_is_told_of_the_hop_limit() {
    let (world, _) = world();
    let metadata = FakeInstanceMetadata::unreachable();
    let ended = keyless(&world, &definition()).envs(metadata.environment()).env("TASKPULL_HOST_KIND", "ec2").output();
    assert!(ended.failure(0).starts_with("host-identity "), "{ended:?}");
    assert!(ended.stdout.contains("hop limit"), "{ended:?}");
    assert!(metadata.requests().iter().all(|line| line == "PUT /latest/api/token"), "nothing is asked without a token");
}

#[test]
fn a_task_reads_as_its_role_with_the_token_of_its_environment_or_file() {
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
            let ended = run.env(variable, value).env("TASKPULL_HOST_KIND", kind).output();
            assert_eq!(ended.code, 0, "{kind} {variable}: {ended:?}");
        }
        assert!(reader(&world).contains("assumed-role/instance/"));
        assert_eq!(endpoint.requests(), ["GET /v1/credentials"; 2]);
    }
}

#[test]
fn a_relative_uri_goes_to_the_agents_own_address_and_wins_over_a_full_one() {
    // Nothing answers there on a machine that is no container instance, and if something
    // does, it has no such path: the other endpoint must not be asked in its place.
    let (world, key) = world();
    let endpoint = FakeContainerCredentials::start(&key, "none");
    let run = keyless(&world, &definition()).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri());
    let run = run.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/of-nobody");
    let ended = run.env("TASKPULL_HOST_KIND", "fargate").env("TASKPULL_SECRETS_TIMEOUT", "2s").output();
    assert_eq!(ended.failure(0), "host-identity unavailable", "{ended:?}");
    assert_eq!(endpoint.requests(), Vec::<String>::new());
}

#[test]
fn a_wrong_token_of_a_container_is_a_fault_of_the_host() {
    let (world, key) = world();
    let endpoint = FakeContainerCredentials::start(&key, "right");
    let run = keyless(&world, &definition()).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri());
    let ended = run.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "wrong").output();
    assert_eq!(ended.failure(0), "host-identity unavailable", "{ended:?}");
    assert!(!format!("{ended:?}").contains("\"wrong\""), "{ended:?}");
}

#[test]
fn an_instance_does_not_read_as_the_role_of_the_task_that_taskpull_runs_in() {
    let (world, key) = world();
    let metadata = FakeInstanceMetadata::start(&key, "eu-west-1");
    let endpoint = FakeContainerCredentials::start(&key, "none");
    let run = keyless(&world, &definition()).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri());
    let ended = run.envs(metadata.environment()).env("TASKPULL_HOST_KIND", "ec2").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(endpoint.requests(), Vec::<String>::new());
}

#[test]
fn the_hosts_own_endpoints_are_not_asked_through_a_proxy() {
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
    // AWS itself is asked through it, and this one lets nobody through.
    for ended in [on_instance, in_task] {
        assert!(ended.failure(0).starts_with("secret "), "{ended:?}");
    }
    assert!(!metadata.requests().is_empty() && !endpoint.requests().is_empty());
    let service = world.aws.endpoint().replace("http://", "");
    assert!(!proxy.targets().is_empty() && proxy.targets().iter().all(|to| *to == service), "{:?}", proxy.targets());
}

#[test]
fn an_external_host_reads_with_the_key_of_a_credential_process() {
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
    let ended = run.env("TASKPULL_HOST_KIND", "external").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(reader(&world).contains("assumed-role/instance/"));
}

#[test]
fn a_web_identity_is_exchanged_at_sts_on_every_kind_of_host() {
    for kind in ["auto", "ec2", "fargate", "external"] {
        let (world, key) = world();
        let sts = FakeWebIdentity::start(&key, "eyJ.token");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "eyJ.token").unwrap();
        let run = keyless(&world, &definition()).env("AWS_ENDPOINT_URL_STS", sts.endpoint());
        let run = run.env("AWS_WEB_IDENTITY_TOKEN_FILE", &file).env("AWS_ROLE_ARN", INSTANCE);
        let ended = run.env("AWS_REGION", "eu-west-1").env("TASKPULL_HOST_KIND", kind).output();
        assert_eq!(ended.code, 0, "{kind}: {ended:?}");
        assert!(reader(&world).contains("assumed-role/instance/"));
    }
}

#[test]
fn an_external_host_reads_with_the_key_that_its_shared_file_holds_now() {
    let (world, old) = world();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    let run = || {
        let run = keyless(&world, &definition()).env("AWS_SHARED_CREDENTIALS_FILE", &file);
        run.env("TASKPULL_HOST_KIND", "external").output()
    };
    shared_file(&file, &old);
    assert_eq!(run().code, 0);
    world.aws.expire_sessions();
    assert_eq!(run().failure(0), "host-identity refused");
    shared_file(&file, &world.aws.open_session(INSTANCE, "mi-0abc"));
    let ended = run();
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn files_that_change_under_a_running_process_are_read_again() {
    let (world, old) = world();
    let new = world.aws.open_session(INSTANCE, "renewed");
    let folder = tempfile::tempdir().unwrap();
    let [config, process, credentials] = ["config", "process", "credentials"].map(|name| folder.path().join(name));
    // Credentials are renewed five minutes ahead of their end: these are good for two seconds.
    let json = serde_json::json!({
        "Version": 1, "AccessKeyId": old.id, "SecretAccessKey": old.secret, "SessionToken": old.token, "Expiration": "END",
    });
    let end = "$(date -u -d '+302 seconds' +%Y-%m-%dT%H:%M:%SZ)";
    let script = json.to_string().replace('"', "\\\"").replace("END", end);
    std::fs::write(&process, format!("echo \"{script}\"\n")).unwrap();
    std::fs::write(&config, format!("[default]\ncredential_process = sh {}\n", process.display())).unwrap();
    // Twenty secrets are read at the same time, and the next one after them.
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
    shared_file(&credentials, &new);
    std::thread::sleep(Duration::from_millis(2_100));
    gate.open();
    let ended = RunOutput::wait_for(running);
    assert_eq!(ended.code, 0, "{ended:?}");
    let readers: Vec<_> = world.aws.calls().into_iter().map(|call| call.principal.unwrap()).collect();
    assert!(readers[0].ends_with("/i-0abc") && readers[20].ends_with("/renewed"), "{readers:?}");
}

#[test]
fn a_kind_of_host_that_does_not_exist_is_refused() {
    let ended = Run::pull(&definition()).env("TASKPULL_HOST_KIND", "lambda").output();
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("`auto` or `ec2` or `fargate` or `external`"), "{ended:?}");
}

#[test]
fn a_pipe_in_the_place_of_the_sdks_files_costs_the_deadline_and_not_more() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let token = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/")];
    let web = [("AWS_ROLE_ARN", ROLE)];
    let places: [(&str, &[(&'static str, &str)]); 4] = [
        ("AWS_CONFIG_FILE", &[]),
        ("AWS_SHARED_CREDENTIALS_FILE", &[]),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &web),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token),
    ];
    for (variable, others) in places {
        let (world, _) = world();
        let run = keyless(&world, &definition()).env(variable, &pipe).envs(others.iter().copied());
        let ended = run.env("TASKPULL_SECRETS_TIMEOUT", "400ms").output();
        assert_eq!(ended.failure(0), "host-identity unavailable", "{variable}: {ended:?}");
    }
}
