//! What is read, and what is said about what cannot be.

use std::fs;

use serde_json::json;

use crate::support::run::{Ended, Run};
use crate::support_aws_client::SECRET;
use crate::task::{IMAGE, World, container, open_container, task};

/// A dry run of a text on stdin.
fn plan(text: impl Into<Vec<u8>>) -> Ended {
    Run::new(["pull", "--dry-run", "--output", "json", "-"]).stdin(text).end()
}

fn unread(ended: &Ended) -> String {
    ended.report()["invalidInputs"][0]["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn each_malformed_container_has_its_own_message_and_leaves_the_others_alone() {
    let world = World::new();
    let wrong_arn = |from: &str, to: &str| container("arn", IMAGE, &SECRET.replacen(from, to, 1));
    let table = [
        (open_container("a", ""), "the image is empty"),
        (json!({ "name": "a" }), "the image is empty"),
        (open_container("a", "registry.example/app::1"), "two colons stand before the tag"),
        (open_container("a", "registry.example/App:1"), "has upper-case letters"),
        (open_container("a", "https://registry.example/app"), "has no scheme"),
        (json!({ "name": "a", "image": "b", "repositoryCredentials": {} }), "no `credentialsParameter`"),
        (wrong_arn("secretsmanager", "ssm"), "belongs to the service `ssm`"),
        (wrong_arn("111122223333", "11112222333"), "an account has 12 digits, `11112222333` has 11"),
        (wrong_arn("prod/hub-Ab12Cd", ""), "the name is empty"),
        (wrong_arn("eu-west-1", "eu west 1"), "is not a Region"),
        (container("a", IMAGE, "a secret"), "the name holds ' '"),
    ];
    for (faulty, message) in table {
        let ended = world.pull(&task(&[faulty.clone(), open_container("good", IMAGE)])).end();
        assert_eq!(ended.code, 4, "{faulty}: {ended:?}");
        assert_eq!(ended.failure(0), "definition invalid");
        let said = ended.container(0)["failure"]["message"].as_str().unwrap().to_owned();
        assert!(said.contains(message), "{faulty}: {said}");
        assert_ne!(ended.container(1)["result"], "failed", "{ended:?}");
    }
}

#[test]
fn fail_fast_with_a_malformed_container_pulls_nothing() {
    let world = World::new();
    let ended = world.pull(&task(&[open_container("a", ""), open_container("b", IMAGE)])).arg("--fail-fast").end();
    assert_eq!(ended.code, 4, "{ended:?}");
    assert_eq!(world.engine.count(IMAGE), 0);
    assert_eq!(ended.container(1)["result"], "cancelled");
}

#[test]
fn what_is_no_task_definition_says_why() {
    for (text, message) in [
        ("", "-:1:0: EOF while parsing a value"),
        ("not json", "-:1:2: expected ident"),
        ("{}", "-: no containers in it"),
        ("[]", "-: no containers in it"),
        ("{\"containerDefinitions\": {}}", "-:1:25: containerDefinitions: invalid type: map, expected a sequence"),
        ("[{\"image\": [1]}]", "-:1:11: [0].image: invalid type: sequence, expected a string"),
        ("\u{0}", "-:1:1: expected value"),
    ] {
        let ended = plan(text);
        assert_eq!((ended.code, &*unread(&ended)), (4, message), "{text}");
    }
    assert_eq!(plan(b"\xff\xfe".to_vec()).code, 4);
}

#[test]
fn a_hundred_megabytes_are_refused_and_not_swallowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.json");
    fs::File::create(&path).unwrap().set_len(100 * 1_024 * 1_024).unwrap();
    let ended = Run::new(["pull", "--output", "json"]).arg(&path).end();
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(unread(&ended).contains("longer than 16 MiB"));
    assert!(unread(&plan(vec![b' '; 17 * 1_024 * 1_024])).contains("longer than 16 MiB"));
}

#[test]
fn a_thousand_brackets_are_refused_and_not_swallowed() {
    let unknown = format!("[{{\"image\": \"a\", \"x\": {}{}}}]", "[".repeat(1_000), "]".repeat(1_000));
    for text in ["[".repeat(1_000), unknown] {
        let ended = plan(text);
        assert_eq!(ended.code, 4);
        assert!(unread(&ended).contains("nested deeper than 100 levels"), "{ended:?}");
    }
}

#[test]
fn files_folders_and_stdin_make_one_plan() {
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
    let ended = run.end();
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
    assert_eq!((world.aws.count("GetSecretValue"), world.engine.count(IMAGE)), (1, 1), "one for all tasks");
}

#[test]
fn an_unreadable_input_leaves_the_others_alone() {
    let world = World::new();
    let empty = tempfile::tempdir().unwrap();
    let run = world.pull(&task(&[open_container("app", IMAGE)])).arg("/nonexistent.json").arg(empty.path());
    let ended = run.end();
    assert_eq!(ended.code, 4, "{ended:?}");
    assert_eq!(ended.container(0)["result"], "pulled");
    let report = ended.report();
    assert_eq!(report["invalidInputs"][0]["message"], "/nonexistent.json: cannot be read");
    assert!(report["invalidInputs"][1]["message"].as_str().unwrap().ends_with("the folder has no *.json in it"));
}

#[test]
fn hostile_text_never_reaches_the_terminal() {
    let world = World::new();
    let evil = "registry.example/app:1\u{1b}]0;owned\u{7}";
    let run = Run::new(["pull", "-"]).stdin(task(&[open_container("a", evil)]).to_string());
    let ended = world.set(run).end();
    assert!(!ended.stdout.contains('\u{1b}') && !ended.stderr.contains('\u{1b}'), "{ended:?}");
    world.engine.image(IMAGE, crate::support::engine::Pull::refused(500, "no \u{1b}[2J\nway"));
    let ended = world.set(Run::new(["pull", "-"]).stdin(task(&[open_container("a", IMAGE)]).to_string())).end();
    assert!(ended.stdout.contains("cause: no \u{fffd}[2J way"), "{ended:?}");
}

#[test]
fn a_wrong_setting_is_named_with_its_place() {
    let run = Run::new(["pull", "-"]).env("TASKPULL_CONCURRENCY", "many");
    let ended = run.end();
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("pull.concurrency is `many` (from TASKPULL_CONCURRENCY)"), "{ended:?}");
    assert_eq!(ended.stdout, "");
}

#[test]
fn a_wrong_command_line_is_explained() {
    let ended = Run::new(["pull"]).end();
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("TASKDEF"));
}
