//! The task definitions of the repository, pulled without changes.

use serde_json::{Value, json};

use crate::support::registry::FakeRegistry;
use crate::support::registry_fault::RequestKind;
use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{Lab, LabEngine, on_both_engines, root, task};

on_both_engines!(
    images_of_two_registries_are_pulled_with_their_own_credentials,
    cross_account_task_reads_its_secrets_as_its_own_role,
    fifty_tasks_with_fifty_roles_share_the_transfer_of_an_image,
    account_map_selects_the_role_of_each_account,
    pending_secret_stage_is_used_when_requested,
    ecr_example_is_pulled_with_ecr_tokens,
    every_other_example_is_pulled_unchanged,
);

fn pull(lab: &Lab, file: &str) -> RunOutput {
    let path = root().join("task-definitions").join(file);
    lab.configure(Run::new(["pull", "--output", "json"]).arg(path)).output()
}

fn images_of_two_registries_are_pulled_with_their_own_credentials(lab: &Lab) {
    let (one, two) = ("registry-one", "registry-two");
    let images =
        ["127.0.0.1:25001/team-a/app:1.0", "127.0.0.1:25001/team-a/layers:1.0", "127.0.0.2:25002/team-b/app:1.0"];
    // Another example may have cached the same image by digest.
    lab.remove_image("127.0.0.2:25002/team-b/batch:1.0");
    let ended = pull(lab, "two-registries.json");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(3)["result"], "pulled");
    let digests = [(0, one, "team-a/app"), (1, one, "team-a/layers"), (2, two, "team-b/app"), (3, two, "team-b/batch")];
    for (at, registry, repository) in digests {
        assert_eq!(ended.container(at)["digest"], lab.digest(registry, repository));
    }
    let secret = |at: usize| ended.container(at)["credential"]["arn"].as_str().unwrap().to_owned();
    assert_eq!((secret(0), secret(1)), (lab.secret("taskpull/registry-one"), lab.secret("taskpull/registry-one")));
    assert_eq!((secret(2), secret(3)), (lab.secret("taskpull/registry-two"), lab.secret("taskpull/registry-two")));
    assert!(images.iter().all(|image| lab.has_image(image)));

    let again = pull(lab, "two-registries.json");
    assert_eq!(again.report()["summary"]["upToDate"], 4, "{again:?}");
}

fn cross_account_task_reads_its_secrets_as_its_own_role(lab: &Lab) {
    let ended = pull(lab, "cross-account.json");
    assert_eq!(ended.code, 0, "{ended:?}");
    for at in 0..2 {
        let credential = &ended.container(at)["credential"];
        assert_eq!(credential["identity"], "arn:aws:iam::444455556666:role/taskpull-execution");
        assert!(credential["arn"].as_str().unwrap().contains(":444455556666:"));
    }
}

fn fifty_tasks_with_fifty_roles_share_the_transfer_of_an_image(lab: &Lab) {
    let registry = FakeRegistry::with_login("canary", &lab.password("registry-one", "canary"));
    let image = registry.push("team/app:1", &[200_000]);
    let folder = tempfile::tempdir().unwrap();
    for at in 0..50 {
        let mut definition = task(&[("app", &image.reference, Some(&lab.secret("taskpull/canary")))]);
        definition["executionRoleArn"] = format!("arn:aws:iam::111122223333:role/task-{at}").into();
        std::fs::write(folder.path().join(format!("{at}.json")), definition.to_string()).unwrap();
    }
    let ended = lab.configure(Run::new(["pull", "--output", "json"]).arg(folder.path())).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.report()["tasks"].as_array().unwrap().len(), 50);
    assert_eq!(registry.request_count(RequestKind::Layer), 1, "fifty pulls with their own logins share one transfer");
    lab.remove_image(&image.reference);
}

fn account_map_selects_the_role_of_each_account(lab: &Lab) {
    let folder = root().join("task-definitions");
    let run = Run::new(["pull", "--output", "json", "--config"]).arg(folder.join("account-map.toml"));
    let ended = lab.configure(run.arg(folder.join("account-map.json"))).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    for (at, account) in ["111122223333", "444455556666"].into_iter().enumerate() {
        let role = format!("arn:aws:iam::{account}:role/taskpull-execution");
        assert_eq!(ended.container(at)["credential"]["identity"], role);
    }
    assert_eq!(pull(lab, "account-map.json").failure(1), "secret absent", "without the map");
}

fn pending_secret_stage_is_used_when_requested(lab: &Lab) {
    let path = root().join("task-definitions/pending-rotation.json");
    let ended = lab.configure(Run::new(["pull", "--secret-stage", "AWSPENDING"]).arg(path)).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(pull(lab, "pending-rotation.json").failure(0), "registry refused", "without the option");
}

fn ecr_example_is_pulled_with_ecr_tokens(lab: &Lab) {
    let path = root().join("task-definitions/ecr.json");
    let line = [
        env!("CARGO_BIN_EXE_taskpull").as_ref(),
        "pull".as_ref(),
        "--output".as_ref(),
        "json".as_ref(),
        path.as_os_str(),
    ];
    let ended = lab.with_registry_names(line).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let kinds = ["ecr", "ecr", "ecr", "ecr-public"];
    for (at, kind) in kinds.into_iter().enumerate() {
        assert_eq!(ended.container(at)["credential"]["kind"], kind, "{ended:?}");
    }
}

fn every_other_example_is_pulled_unchanged(lab: &Lab) {
    for file in [
        "multi-architecture.json",
        "describe-output.json",
        "containers-only.json",
        "sealed.json",
        "docker-config-secret.json",
    ] {
        let ended = pull(lab, file);
        assert_eq!(ended.code, 0, "{file}: {ended:?}");
        if file == "multi-architecture.json" {
            let digest = lab.digest("registry-one", "team-a/multi");
            assert_eq!(ended.container(0)["digest"], digest, "the digest is that of the index that the tag names");
        }
    }
}

/// Operators supply the image of these definitions, so the test plans them without a pull. The
/// SDK checks each key and value, and the emulator of ECS registers them.
#[test]
fn task_definitions_of_the_agent_are_accepted_by_ecs() {
    let lab = Lab::with(LabEngine::Docker);
    for file in ["agent-daemon.json", "agent-sidecar.json"] {
        let path = root().join("task-definitions").join(file);
        let definition: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let registered = lab.aws("ecs", "register_task_definition", &definition);
        let arn = &registered["taskDefinition"]["taskDefinitionArn"];
        lab.aws("ecs", "deregister_task_definition", &json!({ "taskDefinition": arn }));
        let ended = Run::new(["pull", "--dry-run", "--output", "json"]).arg(path).output();
        assert_eq!(ended.code, 0, "{file}: {ended:?}");
        assert_eq!(registered["taskDefinition"]["containerDefinitions"][0]["user"], "65532:994");
    }
}

#[test]
fn every_invalid_example_gives_its_documented_message() {
    let folder = root().join("task-definitions/invalid");
    let table = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let rows: Vec<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"))
        .map(|(file, message)| (file, message.trim_end_matches("` |")))
        .collect();
    let files = std::fs::read_dir(&folder).unwrap().count() - 1;
    assert_eq!(rows.len(), files, "the table has a row for each file");
    for (file, message) in rows {
        let run = Run::new(["pull", "--dry-run", "--output", "json"]).arg(folder.join(file));
        let ended = run.output();
        assert_eq!(ended.code, 4, "{file}: {ended:?}");
        assert!(ended.stdout.contains(&message.replace('"', "\\\"")), "{file}: {message}: {}", ended.stdout);
    }
}
