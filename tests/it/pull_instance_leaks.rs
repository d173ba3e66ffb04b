//! Logins of the host never appear in the output, whether they are malformed or used, even at
//! `RUST_LOG=trace`.

use serde_json::json;

use crate::support::engine::{PullScript, RegistryAuth};
use crate::support::leak::Canary;
use crate::support::run::{Run, RunOutput};
use crate::support::world::{HostLoginWorld, IMAGE, docker_auth, helper_script, open_container, task};

const PASSWORD: &str = "c4nary-ÿ-\"quoted\"-~~~???-and-long-enough";
const USER: &str = "user-name-that-is-a-token";
const REGISTRY: &str = "registry.example:5000";

fn assert_silent(ended: &RunOutput) {
    for canary in [Canary::new("password", PASSWORD), Canary::new("user name", USER)] {
        canary.assert_absent(ended);
    }
}

fn run(host: &HostLoginWorld, output: &str) -> Run {
    let run = Run::new(["pull", "--output", output, "-"]).stdin(task(&[open_container("app", IMAGE)]).to_string());
    host.configure(run).env("RUST_LOG", "trace").env("TASKPULL_ATTEMPTS", "2")
}

#[test]
fn malformed_ecs_agent_data_is_never_printed() {
    let quoted = serde_json::to_string(PASSWORD).unwrap();
    let whole = docker_auth(USER, PASSWORD);
    let contents = [
        PASSWORD.to_owned(),
        quoted.clone(),
        format!("[{quoted}]"),
        format!("{{{quoted}: {{\"auth\": \"{whole}\"}}}}"),
        format!("{{\"{USER}@{REGISTRY}\": {{\"auth\": \"{whole}\"}}}}"),
        format!("{{\"{REGISTRY}\": {quoted}}}"),
        format!("{{\"{REGISTRY}\": {{\"auth\": {quoted}}}}}"),
        format!("{{\"{REGISTRY}\": {{\"auth\": {{\"a\": {quoted}}}}}}}"),
        format!("{{\"{REGISTRY}\": {{\"auth\": \"{whole}\", \"auth\": \"{whole}\"}}}}"),
        format!("{{\"{REGISTRY}\": {{\"pass\": {quoted}}}}}"),
        format!("{{\"{REGISTRY}\": {{\"username\": {quoted}}}}}"),
        format!("{{\"{REGISTRY}\": {{\"registrytoken\": {quoted}}}}}"),
        format!("{{\"{REGISTRY}\": {{\"auth\": \"{whole}\"}}}} {quoted}"),
        format!("{{\"{REGISTRY}\": {{\"auth\": \"{whole}\"}}, \"{REGISTRY}\": {{\"auth\": \"bTpw\"}}}}"),
        format!("{{\"auths\": {{\"{REGISTRY}\": {{\"auth\": \"{whole}\"}}}}}}"),
    ];
    let host = HostLoginWorld::new();
    for content in contents {
        let ended =
            run(&host, "text").env("ECS_ENGINE_AUTH_TYPE", "dockercfg").env("ECS_ENGINE_AUTH_DATA", &content).output();
        assert_eq!((ended.code, &*ended.stdout), (6, ""), "invalid data is a configuration error: {}", ended.stderr);
        assert!(ended.stderr.starts_with("instance credentials (") && ended.stderr.contains("ECS_ENGINE_AUTH_DATA: "));
        assert_silent(&ended);
    }
    assert_eq!(host.world.engine.pulls().len(), 0);
}

#[test]
fn swapped_ecs_agent_variables_are_never_printed() {
    let host = HostLoginWorld::new();
    let data = json!({ REGISTRY: { "username": USER, "password": PASSWORD } }).to_string();
    let variables = [
        vec![("ECS_ENGINE_AUTH_TYPE", &*data), ("ECS_ENGINE_AUTH_DATA", "docker")],
        vec![("ECS_ENGINE_AUTH_DATA", &*data)],
        vec![("ECS_ENGINE_AUTH_TYPE", "docker")],
        vec![("ECS_ENGINE_AUTH_TYPE", "DOCKER"), ("ECS_ENGINE_AUTH_DATA", &*data)],
    ];
    for variables in variables {
        let ended = run(&host, "text").envs(variables).output();
        assert_eq!(ended.code, 6, "{}", ended.stderr);
        assert_silent(&ended);
    }
}

#[test]
fn malformed_docker_config_is_never_printed() {
    let host = HostLoginWorld::new();
    let quoted = serde_json::to_string(PASSWORD).unwrap();
    let contents = [
        PASSWORD.to_owned(),
        format!("{{\"auths\": {quoted}}}"),
        format!("{{\"auths\": {{\"{REGISTRY}\": {{\"auth\": {quoted}}}}}}}"),
        format!("{{\"credsStore\": {quoted}}}"),
        format!("{{\"credHelpers\": {{{quoted}: \"a\"}}}}"),
        format!("{{\"credHelpers\": {{\"{REGISTRY}\": {quoted}}}}}"),
        format!("{{\"credHelpers\": {{\"{REGISTRY}\": \"../../{USER}\"}}}}"),
    ];
    for content in contents {
        std::fs::write(host.folder.path().join("config.json"), &content).unwrap();
        let ended = run(&host, "text").output();
        assert_eq!(ended.code, 6, "{}", ended.stderr);
        assert!(ended.stderr.contains("config.json: "), "{}", ended.stderr);
        assert_silent(&ended);
    }
    std::fs::remove_file(host.folder.path().join("config.json")).unwrap();
    let ended = run(&host, "text").env("TASKPULL_DOCKER_CONFIG", "/nonexistent/config.json").output();
    assert_eq!(ended.code, 6);
    assert!(ended.stderr.contains("/nonexistent/config.json: it cannot be read"), "{}", ended.stderr);
}

#[test]
fn no_engine_answer_reveals_the_host_login() {
    let data = json!({ REGISTRY: { "username": USER, "password": PASSWORD } }).to_string();
    let config = json!({ "auths": { REGISTRY: { "auth": docker_auth(USER, PASSWORD) } } });
    let token = json!({ "auths": { REGISTRY: { "identitytoken": PASSWORD } } });
    let helper = json!({ "credHelpers": { REGISTRY: "mine" } });
    for (user, config) in [(USER, None), (USER, Some(config)), ("nobody", Some(token)), (USER, Some(helper))] {
        let host = HostLoginWorld::new();
        let in_variable = config.is_none();
        host.helper("mine", &format!("echo '{PASSWORD}' >&2\n{}", helper_script(USER, PASSWORD)));
        if let Some(config) = config {
            host.config(&config);
        }
        for pull in [
            PullScript::success(),
            PullScript::success().with_login("somebody", "else"),
            PullScript::refusal(500, &format!("unauthorized: {PASSWORD} is no password of {user}")),
            PullScript::stream().error(&format!("error parsing: Basic {}", docker_auth(user, PASSWORD))),
        ] {
            host.world.engine.script(IMAGE, pull);
            for output in ["text", "json"] {
                let run = run(&host, output);
                let run = if in_variable {
                    run.env("ECS_ENGINE_AUTH_TYPE", "docker").env("ECS_ENGINE_AUTH_DATA", &data)
                } else {
                    run
                };
                let ended = run.output();
                assert!(
                    ended.stderr.contains("DEBUG") || ended.stderr.contains("TRACE"),
                    "the log is enabled: {ended:?}"
                );
                assert_silent(&ended);
            }
        }
        let RegistryAuth::Config(given) = &host.world.engine.pulls()[0].auth else {
            panic!("no login reached the engine")
        };
        assert!(given.password == PASSWORD || given.identity_token == PASSWORD, "the engine received the canary");
    }
}

#[test]
fn output_of_a_failing_helper_is_never_printed() {
    let host = HostLoginWorld::new();
    host.config(&json!({ "credsStore": "mine" }));
    let quoted = serde_json::to_string(PASSWORD).unwrap();
    for answer in [
        format!("echo '{PASSWORD}'; exit 1"),
        format!("echo '{PASSWORD}' >&2; exit 1"),
        format!("echo '{PASSWORD}'"),
        format!("echo '{{\"Username\": {quoted}, \"Secret\": 1}}'"),
        format!("{}\nexit 1", helper_script(USER, PASSWORD)),
        format!("{}\nexec sleep 1000", helper_script(USER, PASSWORD)),
    ] {
        host.helper("mine", &answer);
        for output in ["text", "json"] {
            let ended = run(&host, output).env("TASKPULL_HELPER_TIMEOUT", "500ms").output();
            assert_eq!(ended.code, 3, "{ended:?}");
            assert_silent(&ended);
        }
    }
    assert_eq!(host.world.engine.pulls().len(), 0);
}
