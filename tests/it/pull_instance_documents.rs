//! Invalid documents with logins of the host: none of them becomes an anonymous pull.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::engine::RegistryAuth;
use crate::support::run::RunOutput;
use crate::support::world::{
    HostLoginWorld, IMAGE, docker_auth, helper_script, helper_without_login, open_container, task,
};

const REGISTRY: &str = "registry.example:5000";

fn pull(host: &HostLoginWorld) -> RunOutput {
    host.pull(&task(&[open_container("app", IMAGE)])).output()
}

#[test]
fn docker_config_keys_match_in_any_case() {
    let host = HostLoginWorld::new();
    host.helper("mine", &helper_script("me", "swordfish"));
    let login = docker_auth("me", "swordfish");
    let configs = [
        json!({ "Auths": { REGISTRY: { "Auth": login } } }),
        json!({ "auths": { REGISTRY: { "Username": "me", "PASSWORD": "swordfish" } } }),
        json!({ "credhelpers": { REGISTRY: "mine" } }),
        json!({ "CredsStore": "mine", "credHelpers": null }),
    ];
    for (at, config) in configs.iter().enumerate() {
        host.config(config);
        let ended = pull(&host);
        assert_eq!(ended.code, 0, "{config}: {ended:?}");
        let given = host.world.engine.pulls()[at].auth.clone();
        assert!(given.has_login("me", "swordfish"), "{config}: {given:?}");
    }
}

#[test]
fn invalid_docker_config_stops_the_run_before_any_pull() {
    let host = HostLoginWorld::new();
    let entry = |entry: Value| json!({ "auths": { REGISTRY: entry } });
    let login = json!({ "auth": docker_auth("me", "swordfish") });
    let configs = [
        (json!({ "auth": { REGISTRY: login } }), "resembles `auths`"),
        (json!({ "auths": {}, "credHelper": { REGISTRY: "mine" } }), "resembles `credHelpers`"),
        (json!({ "auths": {}, "credStore": "mine" }), "resembles `credsStore`"),
        (json!({ REGISTRY: login }), "none of `auths`, `credHelpers` and `credsStore`"),
        (entry(json!({ "token": "swordfish" })), "entry 1: it has a key other than"),
        (entry(json!({ "usrname": "me", "password": "swordfish" })), "entry 1: it has a key other than"),
        (entry(json!({ "auth": docker_auth("me", "swordfish"), "username": "other" })), "are not the same login"),
        (json!({ "auths": { format!("https://{REGISTRY}/v2/team"): login } }), "the key of entry 1"),
    ];
    for (config, message) in configs {
        host.config(&config);
        let ended = pull(&host);
        assert_eq!(ended.code, 6, "{config}: {ended:?}");
        assert!(ended.stderr.contains(message), "{config}: {ended:?}");
        assert!(!ended.stderr.contains("swordfish"), "{ended:?}");
    }
    assert_eq!(host.world.engine.pull_count(IMAGE), 0);
}

#[test]
fn empty_entry_without_a_helper_fails_only_its_own_images() {
    let host = HostLoginWorld::new();
    host.config(&json!({ "auths": { REGISTRY: {} } }));
    let containers = [open_container("app", IMAGE), open_container("other", "other.example/b:v1")];
    let ended = host.pull(&task(&containers)).output();
    assert_eq!(ended.failure(0), "instance-credentials absent", "{ended:?}");
    assert!(ended.stdout.contains("entry for registry.example:5000 is empty"), "{ended:?}");
    assert_eq!(ended.container(1)["result"], "pulled", "{ended:?}");
    assert_eq!(host.world.engine.pull_count(IMAGE), 0);
}

#[test]
fn empty_entry_requires_a_login_from_the_credential_store() {
    let host = HostLoginWorld::new();
    host.config(&json!({ "auths": { REGISTRY: {} }, "credsStore": "mine" }));
    host.helper("mine", &helper_script("me", "swordfish"));
    assert_eq!(pull(&host).code, 0);
    assert!(host.world.engine.pulls()[0].auth.has_login("me", "swordfish"));
    host.helper("mine", &helper_without_login());
    let other = open_container("other", "other.example/b:v1");
    let ended = host.pull(&task(&[open_container("app", IMAGE), other])).output();
    assert_eq!(ended.failure(0), "instance-credentials absent", "{ended:?}");
    assert_eq!(ended.container(1)["result"], "pulled", "an image without an entry is pulled anonymously: {ended:?}");
    assert_eq!(host.world.engine.pulls().iter().filter(|pull| pull.auth == RegistryAuth::Absent).count(), 1);
}

#[test]
fn docker_config_that_is_not_a_regular_file_is_rejected() {
    let host = HostLoginWorld::new();
    let pipe = host.folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [&*pipe, host.folder.path(), "/dev/zero".as_ref()] {
        let run = host.pull(&task(&[open_container("app", IMAGE)])).env("TASKPULL_DOCKER_CONFIG", path);
        let ended = run.output();
        assert_eq!(ended.code, 6, "{ended:?}");
        let message = format!("{}: it is not a regular file", path.display());
        assert!(ended.stderr.contains(&message), "{ended:?}");
    }
}

#[test]
fn invalid_data_of_the_ecs_agent_is_named_with_the_right_line() {
    let host = HostLoginWorld::new();
    let entry = json!({ REGISTRY: { "auth": docker_auth("me", "swordfish") } }).to_string();
    for (data, message) in [
        (format!("{{\"auths\": {entry}}}"), "its entries are inside `auths`"),
        (format!("'{entry}'"), "quotes surround the JSON"),
        (entry.replace('"', ""), "its quotes are missing"),
        (entry.replace('"', "'"), "its quotes are single ones"),
        (entry.replace("}}", "},}"), "a comma follows its last value"),
        (docker_auth("me", "swordfish"), "it is the base64 of `user:password`"),
        ("/root/.docker/config.json".to_owned(), "it is the name of a file"),
    ] {
        let run = host.pull(&task(&[open_container("app", IMAGE)])).env("ECS_ENGINE_AUTH_TYPE", "dockercfg");
        let ended = run.env("ECS_ENGINE_AUTH_DATA", &data).output();
        assert_eq!(ended.code, 6, "{message}: {ended:?}");
        assert!(ended.stderr.contains(message), "{message}: {ended:?}");
        assert!(ended.stderr.contains("`ECS_ENGINE_AUTH_TYPE=dockercfg` and `ECS_ENGINE_AUTH_DATA={"), "{ended:?}");
        assert!(
            !ended.stderr.contains("swordfish") && !ended.stderr.contains(&docker_auth("me", "swordfish")),
            "{ended:?}"
        );
    }
}

#[test]
fn same_login_under_two_spellings_of_a_registry_is_used() {
    let host = HostLoginWorld::new();
    let login = json!({ "auth": docker_auth("me", "swordfish") });
    host.config(&json!({ "auths": { REGISTRY: login, format!("http://{REGISTRY}"): login, "docker.io": login,
        "https://index.docker.io/v1/": login } }));
    assert_eq!(pull(&host).code, 0);
    assert!(host.world.engine.pulls()[0].auth.has_login("me", "swordfish"));
    let other = json!({ "auth": docker_auth("me", "marlin") });
    host.config(&json!({ "auths": { REGISTRY: login, format!("http://{REGISTRY}"): other } }));
    let ended = pull(&host);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains(&format!("`{REGISTRY}` and `http://{REGISTRY}` are the same registry")), "{ended:?}");
}
