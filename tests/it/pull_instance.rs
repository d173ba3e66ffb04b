//! Logins of the host: which login an image gets, and that a failure to get one never becomes
//! an anonymous pull.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::aws::Secret;
use crate::support::engine::{AuthConfig, PullScript, RegistryAuth};
use crate::support::names::SECRET;
use crate::support::run::RunOutput;
use crate::support::world::{
    HostLoginWorld, IMAGE, container, docker_auth, helper_script, helper_without_login, open_container, task,
};

const REGISTRY: &str = "registry.example:5000";

fn app() -> Value {
    task(&[open_container("app", IMAGE)])
}

/// Returns the login that the engine received for an image.
fn given(host: &HostLoginWorld, image: &str) -> AuthConfig {
    let pulls = host.world.engine.pulls();
    let pull = pulls.iter().find(|pull| pull.image == image).unwrap_or_else(|| panic!("{image} was not pulled"));
    let RegistryAuth::Config(given) = &pull.auth else { panic!("{image}: no login") };
    given.clone()
}

#[test]
fn both_ecs_agent_auth_types_reach_the_engine_and_the_report() {
    let dockercfg = json!({ REGISTRY: { "auth": docker_auth("me", "sword:fish"), "email": "a@b.example" } });
    let docker =
        json!({ format!("https://{REGISTRY}/v1/"): { "username": "me", "password": "sword:fish", "email": "" } });
    for (kind, data) in [("dockercfg", dockercfg), ("docker", docker)] {
        let host = HostLoginWorld::new();
        host.world.engine.script(IMAGE, PullScript::success().with_login("me", "sword:fish"));
        let ended =
            host.pull(&app()).env("ECS_ENGINE_AUTH_TYPE", kind).env("ECS_ENGINE_AUTH_DATA", data.to_string()).output();
        assert_eq!(ended.code, 0, "{kind}: {ended:?}");
        let expected = json!({ "kind": "instance", "source": "ecs-engine-auth-data", "matched": REGISTRY });
        assert_eq!(ended.container(0)["credential"], expected);
        assert_eq!(given(&host, IMAGE).server_address, REGISTRY);
        assert_eq!(host.world.aws.calls(), []);
    }
}

#[test]
fn docker_hub_login_is_found_under_every_docker_hub_name() {
    for key in ["docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"] {
        let host = HostLoginWorld::new();
        host.config(&json!({ "auths": { key: { "auth": docker_auth("me", "swordfish") } } }));
        let ended = host.pull(&task(&[open_container("app", "nginx")])).output();
        assert_eq!(ended.code, 0, "{key}: {ended:?}");
        let given = host.world.engine.pulls()[0].auth.clone();
        assert!(given.has_login("me", "swordfish"), "{key}: {given:?}");
        assert_eq!(ended.container(0)["credential"]["matched"], "docker.io");
    }
}

#[test]
fn most_specific_login_is_used_and_never_for_a_neighbouring_path() {
    let host = HostLoginWorld::new();
    host.config(&json!({ "auths": {
        "reg.example/team-a": { "auth": docker_auth("a", "pass-a") },
        "reg.example/team-a/deep": { "auth": docker_auth("deep", "pass-deep") },
        "whole.example": { "auth": docker_auth("whole", "pass-whole") },
        "whole.example/team": { "auth": docker_auth("team", "pass-team") },
        "port.example:5000": { "auth": docker_auth("port", "pass-port") },
    } }));
    let logins = [
        ("reg.example/team-a/app:v1", Some("a")),
        ("reg.example/team-a/deep/app:v1", Some("deep")),
        ("reg.example/team-a/deeper/app:v1", Some("a")),
        ("reg.example/team-b/app:v1", None),
        ("reg.example/team-ab/app:v1", None),
        ("reg.example.org/team-a/app:v1", None),
        ("my-reg.example/team-a/app:v1", None),
        ("whole.example/app:v1", Some("whole")),
        ("whole.example/team/app:v1", Some("team")),
        ("whole.example:443/app:v1", None),
        ("port.example:5000/app:v1", Some("port")),
        ("port.example:500/app:v1", None),
        ("port.example/app:v1", None),
    ];
    let containers: Vec<_> =
        logins.iter().enumerate().map(|(at, (image, _))| open_container(&format!("c{at}"), image)).collect();
    let ended = host.pull(&task(&containers)).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    for (image, login) in logins {
        match login {
            Some(user) => assert_eq!(given(&host, image).username, user, "{image}"),
            None => assert!(
                host.world.engine.pulls().iter().any(|pull| pull.image == image && pull.auth == RegistryAuth::Absent),
                "{image} is pulled without a login"
            ),
        }
    }
}

#[test]
fn task_secret_takes_precedence_over_the_host_login() {
    let host = HostLoginWorld::new();
    host.config(&json!({ "auths": { REGISTRY: { "auth": docker_auth("host", "host-pass") } } }));
    let other = format!("{REGISTRY}/team/other:v1");
    let ended = host.pull(&task(&[container("app", IMAGE, SECRET), open_container("other", &other)])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((given(&host, IMAGE).username, given(&host, &other).username), ("me".to_owned(), "host".to_owned()));
    assert_eq!(ended.container(0)["credential"]["kind"], "secret");
    assert_eq!(ended.container(1)["credential"]["source"], "docker-config");
}

#[test]
fn invalid_secret_does_not_fall_back_to_the_host_login() {
    let host = HostLoginWorld::new();
    host.config(&json!({ "auths": { REGISTRY: { "auth": docker_auth("host", "host-pass") } } }));
    host.world.aws.put_secret(Secret::text(SECRET, "no login"));
    let ended = host.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(&*ended.failure(0), "content invalid", "{ended:?}");
    assert_eq!(host.world.engine.pull_count(IMAGE), 0);
}

#[test]
fn ecs_agent_data_precedes_helpers_and_helpers_precede_the_config_file() {
    let host = HostLoginWorld::new();
    host.helper("mine", &helper_script("helper", "pass-h"));
    let login = |user: &str| json!({ "auth": docker_auth(user, "pass") });
    host.config(&json!({
        "auths": { "one.example": login("file"), "two.example": login("file"), "three.example": login("file") },
        "credHelpers": { "one.example": "mine", "two.example": "mine" },
        "credsStore": "absent",
    }));
    let images = ["one.example/a:v1", "two.example/a:v1", "three.example/a:v1"];
    let containers = images.map(|image| open_container(&image[..3], image));
    let run = host.pull(&task(&containers)).env("ECS_ENGINE_AUTH_TYPE", "dockercfg");
    let ended = run.env("ECS_ENGINE_AUTH_DATA", json!({ "one.example": login("agent") }).to_string()).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(images.map(|image| given(&host, image).username), ["agent", "helper", "file"]);
}

#[test]
fn personal_docker_config_is_not_read_by_default() {
    let host = HostLoginWorld::new();
    let folder = host.folder.path();
    std::fs::create_dir(folder.join(".docker")).unwrap();
    let text = json!({ "auths": { REGISTRY: { "auth": docker_auth("me", "swordfish") } } }).to_string();
    std::fs::write(folder.join(".docker/config.json"), text).unwrap();
    let ended = host.pull(&app()).env("HOME", folder).env("DOCKER_CONFIG", folder.join(".docker")).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(host.world.engine.pulls()[0].auth, RegistryAuth::Absent);
}

#[test]
fn dry_run_names_the_host_login_without_running_a_helper() {
    let host = HostLoginWorld::new();
    host.helper(
        "mine",
        &format!("touch {}\n{}", host.folder.path().join("ran").display(), helper_script("me", "swordfish")),
    );
    host.config(&json!({ "credHelpers": { REGISTRY: "mine" } }));
    let run = host.pull(&app()).arg("--dry-run");
    let ended = run.output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let expected = json!({ "kind": "instance", "source": "docker-credential-mine", "matched": REGISTRY });
    assert_eq!(ended.container(0)["credential"], expected);
    assert!(!host.folder.path().join("ran").exists());
    let text = crate::support::run::Run::new(["pull", "--dry-run", "-"]).stdin(app().to_string());
    let ended = host.configure(text).output();
    assert!(
        ended.stdout.contains("[1] host login for registry.example:5000\n    from docker-credential-mine"),
        "{ended:?}"
    );
}

#[test]
fn credential_helper_runs_once_per_registry_host() {
    let host = HostLoginWorld::new();
    let asked = host.folder.path().join("asked");
    let record = format!("{{ echo \"$1 $(cat)\"; }} >> {}\n", asked.display());
    host.helper("mine", &(record + &helper_script("me", "swordfish")));
    host.config(&json!({ "credsStore": "mine" }));
    let other = format!("{REGISTRY}/other:v1");
    let containers = [open_container("a", IMAGE), open_container("b", &other), open_container("c", "nginx")];
    let ended = host.pull(&task(&containers)).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut lines: Vec<_> = std::fs::read_to_string(&asked).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["get https://index.docker.io/v1/", &format!("get {REGISTRY}")]);
    assert_eq!(given(&host, IMAGE).password, "swordfish");
    assert_eq!(ended.container(1)["credential"]["source"], "docker-credential-mine");
}

#[test]
fn helper_token_reaches_the_engine_as_an_identity_token() {
    let host = HostLoginWorld::new();
    host.helper("mine", &helper_script("<token>", "identity-token"));
    host.config(
        &json!({ "credHelpers": { REGISTRY: "mine" }, "auths": { "two.example": { "identitytoken": "two" } } }),
    );
    let ended = host.pull(&task(&[open_container("a", IMAGE), open_container("b", "two.example/b:v1")])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let token = |token: &str, server: &str| AuthConfig {
        identity_token: token.to_owned(),
        server_address: server.to_owned(),
        ..AuthConfig::default()
    };
    assert_eq!(given(&host, IMAGE), token("identity-token", REGISTRY));
    assert_eq!(given(&host, "two.example/b:v1"), token("two", "two.example"));
}

#[test]
fn configured_helper_without_a_credential_fails_the_pull() {
    let host = HostLoginWorld::new();
    host.helper("mine", &helper_without_login());
    host.config(&json!({ "credHelpers": { REGISTRY: "mine" } }));
    let ended = host.pull(&app()).output();
    assert_eq!(ended.failure(0), "instance-credentials absent", "{ended:?}");
    assert!(host.world.engine.pulls().is_empty(), "nothing is pulled anonymously");
}

#[test]
fn credential_store_without_an_entry_allows_an_anonymous_pull() {
    let host = HostLoginWorld::new();
    host.helper("mine", &helper_without_login());
    host.config(&json!({ "credsStore": "mine" }));
    let ended = host.pull(&app()).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(host.world.engine.pulls()[0].auth, RegistryAuth::Absent);
    assert_eq!(ended.container(0)["credential"]["kind"], "anonymous");
}

#[test]
fn any_other_helper_answer_fails_instead_of_pulling_anonymously() {
    let answers = [
        ("echo 'error getting credentials: locked'; exit 1", "unknown"),
        ("echo 'credentials not found in native keychain'", "invalid"),
        ("echo 'credentials not found in native keychain'; exit 2", "unknown"),
        ("echo 'credentials not found in native keychain: x'; exit 1", "unknown"),
        ("echo 'credentials not found in native keychain' >&2; exit 1", "unknown"),
        ("kill -9 $$", "unknown"),
        ("exit 1", "unknown"),
        ("true", "invalid"),
        ("echo '{}'", "invalid"),
        ("echo '[\"me\", \"swordfish\"]'", "invalid"),
        ("echo '{\"Username\": \"me\", \"Secret\": \"\"}'", "invalid"),
        ("echo '{\"Username\": \"\", \"Secret\": \"swordfish\"}'", "invalid"),
        ("echo '{\"Username\": \"me\", \"Secret\": 1}'", "invalid"),
        ("echo '{\"Username\": \"me\", \"Secret\": \"swordfish\"} trailing'", "invalid"),
        ("echo '{\"Username\": \"me\", \"Secret\": \"swordfish\"}'; exit 3", "unknown"),
        ("head -c 1000000 /dev/zero", "invalid"),
        ("head -c 1000000 /dev/zero | tr '\\0' '{'; exit 1", "invalid"),
    ];
    let host = HostLoginWorld::new();
    host.config(&json!({ "credHelpers": { REGISTRY: "mine" } }));
    for (answer, class) in answers {
        host.helper("mine", answer);
        let ended = host.pull(&app()).output();
        assert_eq!((ended.code, ended.failure(0)), (3, format!("instance-credentials {class}")), "{answer}: {ended:?}");
        assert!(!ended.stdout.contains("swordfish") && !ended.stdout.contains("locked"), "{ended:?}");
    }
    assert_eq!(host.world.engine.pull_count(IMAGE), 0, "nothing was pulled");
}

#[test]
fn missing_helper_program_is_named() {
    let host = HostLoginWorld::new();
    host.config(&json!({ "credsStore": "nowhere" }));
    let ended = host.pull(&app()).output();
    assert_eq!(&*ended.failure(0), "instance-credentials absent", "{ended:?}");
    assert!(ended.stdout.contains("docker-credential-nowhere for registry.example:5000: it is not in PATH"));
    assert_eq!(host.world.engine.pull_count(IMAGE), 0);
}

#[test]
fn hanging_helper_is_killed_at_its_timeout() {
    let host = HostLoginWorld::new();
    let pid = host.folder.path().join("pid");
    host.helper("mine", &format!("echo $$ > {}\nexec sleep 1000", pid.display()));
    host.config(&json!({ "credHelpers": { REGISTRY: "mine" } }));
    let containers = [open_container("app", IMAGE), open_container("other", "other.example/b:v1")];
    let ended = host.pull(&task(&containers)).env("TASKPULL_HELPER_TIMEOUT", "500ms").output();
    assert_eq!(&*ended.failure(0), "instance-credentials timed-out", "{ended:?}");
    assert_eq!(ended.container(1)["result"], "pulled", "the other image is pulled");
    wait_for_process_exit(&pid);
}

#[test]
fn interrupt_kills_a_running_helper() {
    let host = HostLoginWorld::new();
    let pid = host.folder.path().join("pid");
    host.helper("mine", &format!("echo $$ > {0}.new\nmv {0}.new {0}\nexec sleep 1000", pid.display()));
    host.config(&json!({ "credsStore": "mine" }));
    let running = host.pull(&app()).env("TASKPULL_HELPER_TIMEOUT", "10m").start();
    while !pid.exists() {
        std::thread::yield_now();
    }
    let run = running.id().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "INT", &run]).status().unwrap().success());
    let ended = RunOutput::wait_for(running);
    assert_eq!((ended.code, &ended.container(0)["result"]), (130, &json!("cancelled")), "{ended:?}");
    wait_for_process_exit(&pid);
}

/// Waits until the process whose id is in this file has exited. A killed process exits with a delay.
fn wait_for_process_exit(pid: &Path) {
    let pid = std::fs::read_to_string(pid).unwrap();
    let stat = Path::new("/proc").join(pid.trim()).join("stat");
    while std::fs::read_to_string(&stat).is_ok_and(|state| !state.contains(") Z ")) {
        std::thread::yield_now();
    }
}

#[test]
fn helper_environment_has_no_ecs_agent_logins() {
    let host = HostLoginWorld::new();
    let seen = host.folder.path().join("seen");
    host.helper("mine", &format!("env > {}\n{}", seen.display(), helper_script("me", "swordfish")));
    host.config(&json!({ "credHelpers": { REGISTRY: "mine" } }));
    let data = json!({ "other.example": { "auth": docker_auth("me", "secret-of-another") } });
    let run = host.pull(&app()).env("ECS_ENGINE_AUTH_TYPE", "dockercfg").env("ECS_ENGINE_AUTH_DATA", data.to_string());
    assert_eq!(run.output().code, 0);
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("PATH=") && !seen.contains("ECS_ENGINE_AUTH_DATA"), "{seen}");
}

#[test]
fn host_logins_are_refused_on_fargate_and_external_hosts() {
    for (kind, code) in [("fargate", 6), ("external", 6), ("ec2", 0), ("auto", 0)] {
        let host = HostLoginWorld::new();
        let data = json!({ REGISTRY: { "auth": docker_auth("me", "sword:fish") } }).to_string();
        let run = host.pull(&app()).env("ECS_ENGINE_AUTH_TYPE", "dockercfg").env("ECS_ENGINE_AUTH_DATA", data);
        let ended = run.env("TASKPULL_HOST_KIND", kind).output();
        assert_eq!(ended.code, code, "{kind}: {ended:?}");
        assert_eq!(ended.stderr.contains("repositoryCredentials"), code == 6, "{kind}: {ended:?}");
        assert!(!ended.stderr.contains("sword"), "{ended:?}");
    }
}
