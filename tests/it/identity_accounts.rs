//! The execution role and the account map, at the wire.

use std::io::Write as _;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::support::aws::{Policy, Secret};
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, OTHER_ROLE, OTHER_SECRET, ROLE, SECRET};
use crate::support::run::{Run, RunOutput};
use crate::support::world::{IMAGE, LOGIN, World, container, open_container, task};

const ASSUME: &str = "sts:AssumeRole";

/// Writes a configuration file with this text.
fn config_file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn account_entry(more: &str) -> NamedTempFile {
    config_file(&format!("[[identity.account]]\nid = \"444455556666\"\nrole_arn = \"{OTHER_ROLE}\"\n{more}\n"))
}

/// A world with a secret of another account that has no resource policy.
fn world(host: Policy) -> World {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, host);
    world.aws.put_secret(Secret::text(OTHER_SECRET, LOGIN));
    world
}

fn foreign_task() -> Value {
    task(&[container("app", IMAGE, OTHER_SECRET)])
}

fn pull(world: &World, definition: &Value, config: &NamedTempFile) -> RunOutput {
    world.pull(definition).env("TASKPULL_CONFIG", config.path()).output()
}

/// Returns the caller and the role of each `AssumeRole` call.
fn assumed(world: &World) -> Vec<(String, String)> {
    let calls = world.aws.calls().into_iter().filter(|call| call.operation == "AssumeRole");
    calls.map(|call| (call.principal.unwrap(), call.target.unwrap())).collect()
}

#[test]
fn secret_of_a_mapped_account_is_read_with_the_mapped_role() {
    let world = world(Policy::allow(ASSUME, "*").and(Policy::allow(GET_SECRET_VALUE, "*")));
    assert_eq!(
        pull(&world, &foreign_task(), &config_file("")).failure(0),
        "secret-policy refused",
        "the secret needs the mapped role"
    );
    let trust = Policy::trust(HOST_USER).when("StringEquals", "sts:ExternalId", "blue");
    world.aws.put_role(OTHER_ROLE, trust, Policy::allow(GET_SECRET_VALUE, "*"));
    let mut definition = task(&[container("app", IMAGE, OTHER_SECRET), container("own", IMAGE, SECRET)]);
    let output = pull(&world, &definition, &account_entry("external_id = \"blue\""));
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.container(0)["credential"]["identity"], OTHER_ROLE);
    assert_eq!(output.container(1)["credential"]["identity"], "host");
    assert_eq!(assumed(&world), [(HOST_USER.to_owned(), OTHER_ROLE.to_owned())]);
    // The host assumes the mapped role, so an unknown execution role fails only the other container.
    definition["executionRoleArn"] = json!(ROLE);
    let output = pull(&world, &definition, &account_entry("external_id = \"blue\""));
    assert_eq!((&*output.failure(0), &*output.failure(1)), ("none none", "role refused"));
}

#[test]
fn mapped_role_can_be_assumed_by_the_execution_role() {
    let world = world(Policy::allow(ASSUME, ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(ASSUME, OTHER_ROLE));
    let trust = Policy::trust(ROLE).when("StringEquals", "sts:ExternalId", "blue");
    world.aws.put_role(OTHER_ROLE, trust, Policy::allow(GET_SECRET_VALUE, "*"));
    let mut definition = foreign_task();
    definition["executionRoleArn"] = json!(ROLE);
    let output = pull(&world, &definition, &account_entry("via = \"execution-role\"\nexternal_id = \"blue\""));
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.container(0)["credential"]["identity"], OTHER_ROLE);
    let session = "arn:aws:sts::111122223333:assumed-role/web/web".to_owned();
    assert_eq!(assumed(&world), [(HOST_USER.to_owned(), ROLE.to_owned()), (session, OTHER_ROLE.to_owned())]);
}

#[test]
fn wrong_external_id_is_a_refusal_that_names_it() {
    let world = world(Policy::allow(ASSUME, "*"));
    let trust = Policy::trust(HOST_USER).when("StringEquals", "sts:ExternalId", "blue");
    world.aws.put_role(OTHER_ROLE, trust, Policy::allow(GET_SECRET_VALUE, "*"));
    for (more, message) in
        [("external_id = \"red\"", "the external id `red` was sent"), ("", "no external id was sent")]
    {
        let output = pull(&world, &foreign_task(), &account_entry(more));
        assert_eq!(output.failure(0), "role refused", "{output:?}");
        assert_eq!(output.container(0)["failure"]["resource"], OTHER_ROLE);
        assert!(output.container(0)["failure"]["hint"].as_str().unwrap().contains(message), "{output:?}");
    }
    assert_eq!(world.aws.call_count("GetSecretValue"), 0);
}

#[test]
fn dry_run_shows_the_role_that_would_read_the_secret() {
    let world = World::new();
    let config = account_entry("");
    let output = world.pull(&foreign_task()).arg("--dry-run").env("TASKPULL_CONFIG", config.path()).output();
    assert_eq!(output.container(0)["credential"]["identity"], OTHER_ROLE, "{output:?}");
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn role_of_another_partition_is_rejected_without_aws_calls() {
    let world = World::new();
    let secret = OTHER_SECRET.replace("arn:aws:", "arn:aws-us-gov:").replace("eu-west-1", "us-gov-west-1");
    let definition = task(&[container("app", IMAGE, &secret), open_container("open", IMAGE)]);
    let output = pull(&world, &definition, &account_entry(""));
    assert_eq!(output.failure(0), "role invalid", "{output:?}");
    assert!(output.stdout.contains("is in the partition aws-us-gov"), "{output:?}");
    assert_eq!(output.container(1)["result"], "pulled");
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn invalid_account_map_is_rejected() {
    let twice = format!("[[identity.account]]\nid = \"444455556666\"\nrole_arn = \"{OTHER_ROLE}\"\n").repeat(2);
    for (text, message) in [
        (twice.as_str(), "444455556666 has more than one entry"),
        ("[[identity.account]]\nid = \"4\"\nrole_arn = \"x\"\n", "`4` is not an AWS account id"),
        ("[[identity.account]]\nid = \"444455556666\"\nrole = \"x\"\n", "unknown field `role`"),
        ("[identity]\naccount = \"x\"\n", "[[identity.account]]"),
    ] {
        let config = config_file(text);
        let output = Run::pull(&foreign_task()).env("TASKPULL_CONFIG", config.path()).output();
        assert_eq!(output.code, 6, "{text}: {output:?}");
        assert!(output.stderr.contains(message), "{text}: {output:?}");
    }
}

#[test]
fn role_session_is_named_after_the_task_family() {
    for (family, name) in [(json!("api-2"), "api-2"), (json!(null), "taskpull")] {
        let world = world(Policy::allow(ASSUME, ROLE));
        world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
        let mut definition = task(&[container("app", IMAGE, SECRET)]);
        definition["family"] = family;
        definition["executionRoleArn"] = json!(ROLE);
        assert_eq!(world.pull(&definition).output().code, 0);
        let reader = world.aws.calls().pop().unwrap().principal.unwrap();
        assert!(reader.ends_with(&format!("assumed-role/web/{name}")), "{reader}");
    }
}

#[test]
fn one_secret_under_two_roles_is_authorized_separately() {
    let other = "arn:aws:iam::111122223333:role/tasks/other";
    let world = world(Policy::allow(ASSUME, "*"));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    world.aws.put_role(other, Policy::trust(HOST_USER), Policy::none());
    let folder = tempfile::tempdir().unwrap();
    for (file, role) in [("1.json", ROLE), ("2.json", other)] {
        let mut definition = task(&[container("app", IMAGE, SECRET)]);
        definition["executionRoleArn"] = json!(role);
        std::fs::write(folder.path().join(file), definition.to_string()).unwrap();
    }
    let output = world.configure(Run::new(["pull", "--output", "json"]).arg(folder.path())).output();
    assert_eq!(output.code, 3, "{output:?}");
    let container = |at: usize| output.report()["tasks"][at]["containers"][0].clone();
    assert_eq!(container(0)["result"], "pulled", "{output:?}");
    assert_eq!(container(1)["failure"]["link"], "secret-policy", "{output:?}");
    assert!(container(1)["failure"]["message"].as_str().unwrap().contains(other));
    assert_eq!((world.aws.call_count("AssumeRole"), world.aws.call_count("GetSecretValue")), (2, 2));
}
