//! The inputs of a pull, and the errors for inputs that are invalid.

use std::fs;

use serde_json::json;

use crate::support::names::SECRET;
use crate::support::run::{Run, RunOutput, dry_run};
use crate::support::world::{IMAGE, World, container, open_container, task};

/// Returns the message for the first invalid input.
fn input_error(ended: &RunOutput) -> String {
    ended.report()["invalidInputs"][0]["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn malformed_container_has_its_own_message_and_spares_the_others() {
    let world = World::new();
    let wrong_arn = |from: &str, to: &str| container("arn", IMAGE, &SECRET.replacen(from, to, 1));
    let table = [
        (open_container("a", ""), "the image is empty"),
        (json!({ "name": "a" }), "the image is empty"),
        (open_container("a", "registry.example/app::1"), "there are two colons before the tag"),
        (open_container("a", "registry.example/App:1"), "has upper-case letters"),
        (open_container("a", "https://registry.example/app"), "has no scheme"),
        (
            json!({ "name": "a", "image": "b", "repositoryCredentials": { "secret": "c" } }),
            "the key is `credentialsParameter`",
        ),
        (wrong_arn("secretsmanager", "ssm"), "belongs to the service `ssm`"),
        (wrong_arn("111122223333", "11112222333"), "`11112222333` is not an AWS account id"),
        (wrong_arn("prod/hub-Ab12Cd", ""), "the name is empty"),
        (wrong_arn("eu-west-1", "eu west 1"), "it has a space in the middle"),
        (wrong_arn("eu-west-1", "eu-west1"), "is not an AWS Region; eu-west-1 is similar"),
        (container("a", IMAGE, "a secret"), "it has a space in the middle"),
    ];
    for (faulty, message) in table {
        let ended = world.pull(&task(&[faulty.clone(), open_container("good", IMAGE)])).output();
        assert_eq!(ended.code, 4, "{faulty}: {ended:?}");
        assert_eq!(ended.failure(0), "definition invalid");
        let text = ended.container(0)["failure"]["message"].as_str().unwrap().to_owned();
        assert!(text.contains(message), "{faulty}: {text}");
        assert_ne!(ended.container(1)["result"], "failed", "{ended:?}");
    }
}

#[test]
fn fail_fast_with_a_malformed_container_pulls_nothing() {
    let world = World::new();
    let ended = world.pull(&task(&[open_container("a", ""), open_container("b", IMAGE)])).arg("--fail-fast").output();
    assert_eq!(ended.code, 4, "{ended:?}");
    assert_eq!(world.engine.pull_count(IMAGE), 0);
    assert_eq!(ended.container(1)["result"], "cancelled");
}

#[test]
fn invalid_task_definition_is_explained() {
    for (text, message) in [
        ("", "-: this is an empty text, not the JSON of a task definition"),
        ("not json", "-:1:1: a text without quotes"),
        ("{}", "-: the task definition has no containers"),
        ("[]", "-: the task definition has no containers"),
        ("{\"containerDefinitions\": {}}", "-:1:25: containerDefinitions: invalid type: map, expected a sequence"),
        ("[{\"image\": [1]}]", "-:1:11: [0].image: invalid type: sequence, expected a string"),
        ("\u{1}", "-:1:1: expected value"),
    ] {
        let ended = dry_run(text);
        assert_eq!((ended.code, &*input_error(&ended)), (4, message), "{text}");
    }
    assert_eq!(dry_run(b"\xff\xfe".to_vec()).code, 4);
}

#[test]
fn input_larger_than_the_limit_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.json");
    fs::File::create(&path).unwrap().set_len(100 * 1_024 * 1_024).unwrap();
    let ended = Run::new(["pull", "--output", "json"]).arg(&path).output();
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(input_error(&ended).contains("longer than 16 MiB"));
    assert!(input_error(&dry_run(vec![b' '; 17 * 1_024 * 1_024])).contains("longer than 16 MiB"));
}

#[test]
fn deeply_nested_input_is_rejected() {
    let unknown = format!("[{{\"image\": \"a\", \"x\": {}{}}}]", "[".repeat(1_000), "]".repeat(1_000));
    for text in ["[".repeat(1_000), unknown] {
        let ended = dry_run(text);
        assert_eq!(ended.code, 4);
        assert!(input_error(&ended).contains("nested deeper than 100 levels"), "{ended:?}");
    }
}

#[test]
fn files_folders_and_stdin_are_combined_into_one_plan() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let tasks = folder.path().join("tasks");
    fs::create_dir(&tasks).unwrap();
    for name in ["b.json", "a.json", "c.txt"] {
        fs::write(tasks.join(name), task(&[container("app", IMAGE, SECRET)]).to_string()).unwrap();
    }
    let single = folder.path().join("single");
    fs::write(&single, json!({ "taskDefinition": task(&[container("app", IMAGE, SECRET)]) }).to_string()).unwrap();
    let run = world.pull(&json!([container("app", IMAGE, SECRET)])).arg(&tasks).arg(&single);
    let ended = run.output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let report = ended.report();
    let sources: Vec<_> =
        report["tasks"].as_array().unwrap().iter().map(|task| task["source"].as_str().unwrap()).collect();
    let expected = [
        String::from("-"),
        tasks.join("a.json").display().to_string(),
        tasks.join("b.json").display().to_string(),
        single.display().to_string(),
    ];
    assert_eq!(sources, expected);
    assert_eq!(
        (world.aws.call_count("GetSecretValue"), world.engine.pull_count(IMAGE)),
        (1, 1),
        "all tasks share one read and one pull"
    );
}

#[test]
fn unreadable_input_does_not_stop_the_others() {
    let world = World::new();
    let empty = tempfile::tempdir().unwrap();
    let run = world.pull(&task(&[open_container("app", IMAGE)])).arg("/nonexistent.json").arg(empty.path());
    let ended = run.output();
    assert_eq!(ended.code, 4, "{ended:?}");
    assert_eq!(ended.container(0)["result"], "pulled");
    let report = ended.report();
    assert_eq!(report["invalidInputs"][0]["message"], "cannot read /nonexistent.json");
    assert!(report["invalidInputs"][1]["message"].as_str().unwrap().ends_with("contains no *.json"));
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let world = World::new();
    let evil = "registry.example/app:1\u{1b}]0;owned\u{7}";
    let run = Run::new(["pull", "-"]).stdin(task(&[open_container("a", evil)]).to_string());
    let ended = world.configure(run).output();
    assert!(!ended.stdout.contains('\u{1b}') && !ended.stderr.contains('\u{1b}'), "{ended:?}");
    world.engine.script(IMAGE, crate::support::engine::PullScript::refusal(500, "no \u{1b}[2J\nway"));
    let ended =
        world.configure(Run::new(["pull", "-"]).stdin(task(&[open_container("a", IMAGE)]).to_string())).output();
    assert!(ended.stdout.contains("cause: no \u{fffd}[2J way"), "{ended:?}");
}

#[test]
fn invalid_setting_is_reported_with_its_source() {
    let run = Run::new(["pull", "-"]).env("TASKPULL_CONCURRENCY", "many");
    let ended = run.output();
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("pull.concurrency is `many` (from TASKPULL_CONCURRENCY)"), "{ended:?}");
    assert_eq!(ended.stdout, "");
}

#[test]
fn invalid_command_line_is_explained() {
    let ended = Run::new(["pull"]).output();
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("TASKDEF"));
}
