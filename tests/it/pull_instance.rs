//! The host's own credentials: which login an image gets, and that no failure of one ever
//! becomes an anonymous pull.

use std::path::Path;

use serde_json::{Value, json};

use crate::instance::{Host, auth, not_found, says};
use crate::support::aws::Secret;
use crate::support::engine::{Auth, Given, Pull};
use crate::support::run::Ended;
use crate::support_aws_client::SECRET;
use crate::task::{IMAGE, container, open_container, task};

const REGISTRY: &str = "registry.example:5000";

fn app() -> Value {
    task(&[open_container("app", IMAGE)])
}

/// The login that the engine was given for an image.
fn given(host: &Host, image: &str) -> Given {
    let pulls = host.world.engine.pulls();
    let pull = pulls.iter().find(|pull| pull.image == image).unwrap_or_else(|| panic!("{image} was not pulled"));
    let Auth::Given(given) = &pull.auth else { panic!("{image}: no login") };
    given.clone()
}

#[test]
fn both_types_of_the_ecs_agent_reach_the_engine_and_the_report_names_them() {
    let dockercfg = json!({ REGISTRY: { "auth": auth("me", "sword:fish"), "email": "a@b.example" } });
    let docker =
        json!({ format!("https://{REGISTRY}/v1/"): { "username": "me", "password": "sword:fish", "email": "" } });
    for (kind, data) in [("dockercfg", dockercfg), ("docker", docker)] {
        let host = Host::new();
        host.world.engine.image(IMAGE, Pull::success().requiring("me", "sword:fish"));
        let ended =
            host.pull(&app()).env("ECS_ENGINE_AUTH_TYPE", kind).env("ECS_ENGINE_AUTH_DATA", data.to_string()).end();
        assert_eq!(ended.code, 0, "{kind}: {ended:?}");
        let expected = json!({ "kind": "instance", "source": "ecs-engine-auth-data", "matched": REGISTRY });
        assert_eq!(ended.container(0)["credential"], expected);
        assert_eq!(given(&host, IMAGE).server_address, REGISTRY);
        assert_eq!(host.world.aws.calls(), []);
    }
}

#[test]
fn docker_hub_is_docker_hub_under_each_of_its_names() {
    for key in ["docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"] {
        let host = Host::new();
        host.config(&json!({ "auths": { key: { "auth": auth("me", "swordfish") } } }));
        let ended = host.pull(&task(&[open_container("app", "nginx")])).end();
        assert_eq!(ended.code, 0, "{key}: {ended:?}");
        let given = host.world.engine.pulls()[0].auth.clone();
        assert!(given.is("me", "swordfish"), "{key}: {given:?}");
        assert_eq!(ended.container(0)["credential"]["matched"], "docker.io");
    }
}

#[test]
fn the_most_specific_login_is_shown_and_none_to_a_neighbour() {
    let host = Host::new();
    host.config(&json!({ "auths": {
        "reg.example/team-a": { "auth": auth("a", "pass-a") },
        "reg.example/team-a/deep": { "auth": auth("deep", "pass-deep") },
        "whole.example": { "auth": auth("whole", "pass-whole") },
        "whole.example/team": { "auth": auth("team", "pass-team") },
        "port.example:5000": { "auth": auth("port", "pass-port") },
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
    let ended = host.pull(&task(&containers)).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    for (image, login) in logins {
        match login {
            Some(user) => assert_eq!(given(&host, image).username, user, "{image}"),
            None => assert!(
                host.world.engine.pulls().iter().any(|pull| pull.image == image && pull.auth == Auth::Absent),
                "{image} is pulled without a login"
            ),
        }
    }
}

#[test]
fn the_tasks_own_secret_comes_before_the_hosts_login() {
    let host = Host::new();
    host.config(&json!({ "auths": { REGISTRY: { "auth": auth("host", "host-pass") } } }));
    let other = format!("{REGISTRY}/team/other:v1");
    let ended = host.pull(&task(&[container("app", IMAGE, SECRET), open_container("other", &other)])).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((given(&host, IMAGE).username, given(&host, &other).username), ("me".to_owned(), "host".to_owned()));
    assert_eq!(ended.container(0)["credential"]["kind"], "secret");
    assert_eq!(ended.container(1)["credential"]["source"], "docker-config");
}

#[test]
fn a_secret_without_a_login_does_not_fall_back_to_the_hosts() {
    let host = Host::new();
    host.config(&json!({ "auths": { REGISTRY: { "auth": auth("host", "host-pass") } } }));
    host.world.aws.secret(Secret::text(SECRET, "no login"));
    let ended = host.pull(&task(&[container("app", IMAGE, SECRET)])).end();
    assert_eq!(&*ended.failure(0), "content invalid", "{ended:?}");
    assert_eq!(host.world.engine.count(IMAGE), 0);
}

#[test]
fn the_agents_variable_comes_before_a_helper_and_a_helper_before_the_file() {
    let host = Host::new();
    host.helper("mine", &says("helper", "pass-h"));
    let login = |user: &str| json!({ "auth": auth(user, "pass") });
    host.config(&json!({
        "auths": { "one.example": login("file"), "two.example": login("file"), "three.example": login("file") },
        "credHelpers": { "one.example": "mine", "two.example": "mine" },
        "credsStore": "absent",
    }));
    let images = ["one.example/a:v1", "two.example/a:v1", "three.example/a:v1"];
    let containers = images.map(|image| open_container(&image[..3], image));
    let run = host.pull(&task(&containers)).env("ECS_ENGINE_AUTH_TYPE", "dockercfg");
    let ended = run.env("ECS_ENGINE_AUTH_DATA", json!({ "one.example": login("agent") }).to_string()).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(images.map(|image| given(&host, image).username), ["agent", "helper", "file"]);
}

#[test]
fn nobodys_own_docker_config_is_read_unasked() {
    let host = Host::new();
    let folder = host.folder.path();
    std::fs::create_dir(folder.join(".docker")).unwrap();
    let text = json!({ "auths": { REGISTRY: { "auth": auth("me", "swordfish") } } }).to_string();
    std::fs::write(folder.join(".docker/config.json"), text).unwrap();
    let ended = host.pull(&app()).env("HOME", folder).env("DOCKER_CONFIG", folder.join(".docker")).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(host.world.engine.pulls()[0].auth, Auth::Absent);
}

#[test]
fn a_dry_run_names_the_login_and_runs_no_helper() {
    let host = Host::new();
    host.helper("mine", &format!("touch {}\n{}", host.folder.path().join("ran").display(), says("me", "swordfish")));
    host.config(&json!({ "credHelpers": { REGISTRY: "mine" } }));
    let run = host.pull(&app()).arg("--dry-run");
    let ended = run.end();
    assert_eq!(ended.code, 0, "{ended:?}");
    let expected = json!({ "kind": "instance", "source": "docker-credential-mine", "matched": REGISTRY });
    assert_eq!(ended.container(0)["credential"], expected);
    assert!(!host.folder.path().join("ran").exists());
    let text = crate::support::run::Run::new(["pull", "--dry-run", "-"]).stdin(app().to_string());
    let ended = host.set(text).end();
    assert!(
        ended.stdout.contains("[1] host login for registry.example:5000\n    from docker-credential-mine"),
        "{ended:?}"
    );
}

#[test]
fn a_helper_is_asked_by_host_and_once_for_all_images_of_it() {
    let host = Host::new();
    let asked = host.folder.path().join("asked");
    let record = format!("{{ echo \"$1 $(cat)\"; }} >> {}\n", asked.display());
    host.helper("mine", &(record + &says("me", "swordfish")));
    host.config(&json!({ "credsStore": "mine" }));
    let other = format!("{REGISTRY}/other:v1");
    let containers = [open_container("a", IMAGE), open_container("b", &other), open_container("c", "nginx")];
    let ended = host.pull(&task(&containers)).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut lines: Vec<_> = std::fs::read_to_string(&asked).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["get https://index.docker.io/v1/", &format!("get {REGISTRY}")]);
    assert_eq!(given(&host, IMAGE).password, "swordfish");
    assert_eq!(ended.container(1)["credential"]["source"], "docker-credential-mine");
}

#[test]
fn a_token_goes_to_the_engine_as_an_identity_token() {
    let host = Host::new();
    host.helper("mine", &says("<token>", "identity-token"));
    host.config(
        &json!({ "credHelpers": { REGISTRY: "mine" }, "auths": { "two.example": { "identitytoken": "two" } } }),
    );
    let ended = host.pull(&task(&[open_container("a", IMAGE), open_container("b", "two.example/b:v1")])).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    let token = |token: &str, server: &str| Given {
        identity_token: token.to_owned(),
        server_address: server.to_owned(),
        ..Given::default()
    };
    assert_eq!(given(&host, IMAGE), token("identity-token", REGISTRY));
    assert_eq!(given(&host, "two.example/b:v1"), token("two", "two.example"));
}

#[test]
fn a_helper_that_is_named_for_a_registry_and_has_nothing_is_a_failure() {
    let host = Host::new();
    host.helper("mine", &not_found());
    host.config(&json!({ "credHelpers": { REGISTRY: "mine" } }));
    let ended = host.pull(&app()).end();
    assert_eq!(ended.failure(0), "instance-credentials absent", "{ended:?}");
    assert!(host.world.engine.pulls().is_empty(), "nothing is pulled anonymously");
}

#[test]
fn a_store_that_has_nothing_means_an_anonymous_pull() {
    let host = Host::new();
    host.helper("mine", &not_found());
    host.config(&json!({ "credsStore": "mine" }));
    let ended = host.pull(&app()).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(host.world.engine.pulls()[0].auth, Auth::Absent);
    assert_eq!(ended.container(0)["credential"]["kind"], "anonymous");
}

#[test]
fn no_other_answer_of_a_helper_becomes_an_anonymous_pull() {
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
    let host = Host::new();
    host.config(&json!({ "credHelpers": { REGISTRY: "mine" } }));
    for (answer, class) in answers {
        host.helper("mine", answer);
        let ended = host.pull(&app()).end();
        assert_eq!((ended.code, ended.failure(0)), (3, format!("instance-credentials {class}")), "{answer}: {ended:?}");
        assert!(!ended.stdout.contains("swordfish") && !ended.stdout.contains("locked"), "{ended:?}");
    }
    assert_eq!(host.world.engine.count(IMAGE), 0, "nothing was pulled");
}

#[test]
fn a_helper_that_is_not_there_is_named() {
    let host = Host::new();
    host.config(&json!({ "credsStore": "nowhere" }));
    let ended = host.pull(&app()).end();
    assert_eq!(&*ended.failure(0), "instance-credentials absent", "{ended:?}");
    assert!(ended.stdout.contains("docker-credential-nowhere, asked for registry.example:5000, is not in PATH"));
    assert_eq!(host.world.engine.count(IMAGE), 0);
}

#[test]
fn a_helper_that_hangs_costs_its_deadline_and_is_killed() {
    let host = Host::new();
    let pid = host.folder.path().join("pid");
    host.helper("mine", &format!("echo $$ > {}\nexec sleep 1000", pid.display()));
    host.config(&json!({ "credHelpers": { REGISTRY: "mine" } }));
    let containers = [open_container("app", IMAGE), open_container("other", "other.example/b:v1")];
    let ended = host.pull(&task(&containers)).env("TASKPULL_HELPER_TIMEOUT", "500ms").end();
    assert_eq!(&*ended.failure(0), "instance-credentials timed-out", "{ended:?}");
    assert_eq!(ended.container(1)["result"], "pulled", "the other image is there");
    wait_for_the_end(&pid);
}

#[test]
fn an_interrupt_ends_a_helper_with_the_run() {
    let host = Host::new();
    let pid = host.folder.path().join("pid");
    host.helper("mine", &format!("echo $$ > {0}.new\nmv {0}.new {0}\nexec sleep 1000", pid.display()));
    host.config(&json!({ "credsStore": "mine" }));
    let running = host.pull(&app()).env("TASKPULL_HELPER_TIMEOUT", "10m").start();
    while !pid.exists() {
        std::thread::yield_now();
    }
    let run = running.id().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "INT", &run]).status().unwrap().success());
    let ended = Ended::of(running);
    assert_eq!((ended.code, &ended.container(0)["result"]), (130, &json!("cancelled")), "{ended:?}");
    wait_for_the_end(&pid);
}

/// Returns when the process whose id is in this file is no more: killed is not yet gone.
fn wait_for_the_end(pid: &Path) {
    let pid = std::fs::read_to_string(pid).unwrap();
    let stat = Path::new("/proc").join(pid.trim()).join("stat");
    while std::fs::read_to_string(&stat).is_ok_and(|state| !state.contains(") Z ")) {
        std::thread::yield_now();
    }
}

#[test]
fn a_helper_does_not_see_the_agents_logins() {
    let host = Host::new();
    let seen = host.folder.path().join("seen");
    host.helper("mine", &format!("env > {}\n{}", seen.display(), says("me", "swordfish")));
    host.config(&json!({ "credHelpers": { REGISTRY: "mine" } }));
    let data = json!({ "other.example": { "auth": auth("me", "secret-of-another") } });
    let run = host.pull(&app()).env("ECS_ENGINE_AUTH_TYPE", "dockercfg").env("ECS_ENGINE_AUTH_DATA", data.to_string());
    assert_eq!(run.end().code, 0);
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("PATH=") && !seen.contains("ECS_ENGINE_AUTH_DATA"), "{seen}");
}

#[test]
fn on_fargate_and_external_hosts_logins_of_the_host_are_refused_with_the_way_out() {
    for (kind, code) in [("fargate", 6), ("external", 6), ("ec2", 0), ("auto", 0)] {
        let host = Host::new();
        let data = json!({ REGISTRY: { "auth": auth("me", "sword:fish") } }).to_string();
        let run = host.pull(&app()).env("ECS_ENGINE_AUTH_TYPE", "dockercfg").env("ECS_ENGINE_AUTH_DATA", data);
        let ended = run.env("TASKPULL_HOST_KIND", kind).end();
        assert_eq!(ended.code, code, "{kind}: {ended:?}");
        assert_eq!(ended.stderr.contains("repositoryCredentials"), code == 6, "{kind}: {ended:?}");
        assert!(!ended.stderr.contains("sword"), "{ended:?}");
    }
}
