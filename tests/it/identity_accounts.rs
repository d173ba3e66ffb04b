//! The execution role and the map of accounts, at the wire.

use std::io::Write as _;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::support::aws::{Policy, Secret};
use crate::support::run::{Run, RunOutput};
use crate::support_aws_client::{GET_SECRET_VALUE, HOST_USER, OTHER_ROLE, OTHER_SECRET, ROLE, SECRET};
use crate::task::{IMAGE, LOGIN, World, container, open_container, task};

const ASSUME: &str = "sts:AssumeRole";

/// A configuration file with this map.
fn map(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn entry(more: &str) -> NamedTempFile {
    map(&format!("[[identity.account]]\nid = \"444455556666\"\nrole_arn = \"{OTHER_ROLE}\"\n{more}\n"))
}

/// A world with a secret of another account, which has no resource policy.
fn world(host: Policy) -> World {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, host);
    world.aws.put_secret(Secret::text(OTHER_SECRET, LOGIN));
    world
}

fn theirs() -> Value {
    task(&[container("app", IMAGE, OTHER_SECRET)])
}

fn pull(world: &World, definition: &Value, config: &NamedTempFile) -> RunOutput {
    world.pull(definition).env("TASKPULL_CONFIG", config.path()).output()
}

/// `caller → role` of every role that was assumed.
fn assumed(world: &World) -> Vec<(String, String)> {
    let calls = world.aws.calls().into_iter().filter(|call| call.operation == "AssumeRole");
    calls.map(|call| (call.principal.unwrap(), call.target.unwrap())).collect()
}

#[test]
fn a_secret_of_a_mapped_account_is_read_as_its_role_assumed_by_the_host() {
    let world = world(Policy::allow(ASSUME, "*").and(Policy::allow(GET_SECRET_VALUE, "*")));
    assert_eq!(pull(&world, &theirs(), &map("")).failure(0), "secret-policy refused", "without the map");
    let trust = Policy::trust(HOST_USER).when("StringEquals", "sts:ExternalId", "blue");
    world.aws.put_role(OTHER_ROLE, trust, Policy::allow(GET_SECRET_VALUE, "*"));
    let mut definition = task(&[container("app", IMAGE, OTHER_SECRET), container("own", IMAGE, SECRET)]);
    let ended = pull(&world, &definition, &entry("external_id = \"blue\""));
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["credential"]["identity"], OTHER_ROLE);
    assert_eq!(ended.container(1)["credential"]["identity"], "host");
    assert_eq!(assumed(&world), [(HOST_USER.to_owned(), OTHER_ROLE.to_owned())]);
    // The execution role has no part in it.
    definition["executionRoleArn"] = json!(ROLE);
    let ended = pull(&world, &definition, &entry("external_id = \"blue\""));
    assert_eq!((&*ended.failure(0), &*ended.failure(1)), ("none none", "role refused"));
}

#[test]
fn a_mapped_role_can_be_assumed_by_the_execution_role() {
    let world = world(Policy::allow(ASSUME, ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(ASSUME, OTHER_ROLE));
    let trust = Policy::trust(ROLE).when("StringEquals", "sts:ExternalId", "blue");
    world.aws.put_role(OTHER_ROLE, trust, Policy::allow(GET_SECRET_VALUE, "*"));
    let mut definition = theirs();
    definition["executionRoleArn"] = json!(ROLE);
    let ended = pull(&world, &definition, &entry("via = \"execution-role\"\nexternal_id = \"blue\""));
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["credential"]["identity"], OTHER_ROLE);
    let session = "arn:aws:sts::111122223333:assumed-role/web/web".to_owned();
    assert_eq!(assumed(&world), [(HOST_USER.to_owned(), ROLE.to_owned()), (session, OTHER_ROLE.to_owned())]);
}

#[test]
fn a_wrong_external_id_is_a_refusal_of_the_role_that_names_it() {
    let world = world(Policy::allow(ASSUME, "*"));
    let trust = Policy::trust(HOST_USER).when("StringEquals", "sts:ExternalId", "blue");
    world.aws.put_role(OTHER_ROLE, trust, Policy::allow(GET_SECRET_VALUE, "*"));
    for (more, said) in [("external_id = \"red\"", "the external id `red` was sent"), ("", "no external id was sent")] {
        let ended = pull(&world, &theirs(), &entry(more));
        assert_eq!(ended.failure(0), "role refused", "{ended:?}");
        assert_eq!(ended.container(0)["failure"]["thing"], OTHER_ROLE);
        assert!(ended.container(0)["failure"]["hint"].as_str().unwrap().contains(said), "{ended:?}");
    }
    assert_eq!(world.aws.call_count("GetSecretValue"), 0);
}

#[test]
fn a_dry_run_shows_the_role_that_would_read() {
    let world = World::new();
    let config = entry("");
    let ended = world.pull(&theirs()).arg("--dry-run").env("TASKPULL_CONFIG", config.path()).output();
    assert_eq!(ended.container(0)["credential"]["identity"], OTHER_ROLE, "{ended:?}");
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn a_role_of_another_partition_is_refused_without_asking_anybody() {
    let world = World::new();
    let secret = OTHER_SECRET.replace("arn:aws:", "arn:aws-us-gov:").replace("eu-west-1", "us-gov-west-1");
    let definition = task(&[container("app", IMAGE, &secret), open_container("open", IMAGE)]);
    let ended = pull(&world, &definition, &entry(""));
    assert_eq!(ended.failure(0), "role invalid", "{ended:?}");
    assert!(ended.stdout.contains("is in the partition aws-us-gov"), "{ended:?}");
    assert_eq!(ended.container(1)["result"], "pulled");
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn a_map_that_cannot_be_meant_is_refused() {
    let twice = format!("[[identity.account]]\nid = \"444455556666\"\nrole_arn = \"{OTHER_ROLE}\"\n").repeat(2);
    for (text, said) in [
        (twice.as_str(), "444455556666 stands there twice"),
        ("[[identity.account]]\nid = \"4\"\nrole_arn = \"x\"\n", "`4` is not an account's 12 digits"),
        ("[[identity.account]]\nid = \"444455556666\"\nrole = \"x\"\n", "unknown field `role`"),
        ("[identity]\naccount = \"x\"\n", "[[identity.account]]"),
    ] {
        let config = map(text);
        let ended = Run::pull(&theirs()).env("TASKPULL_CONFIG", config.path()).output();
        assert_eq!(ended.code, 6, "{text}: {ended:?}");
        assert!(ended.stderr.contains(said), "{text}: {ended:?}");
    }
}

#[test]
fn a_session_is_named_after_the_tasks_family() {
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
fn two_tasks_with_different_roles_and_one_secret_are_two_decisions() {
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
    let ended = world.configure(Run::new(["pull", "--output", "json"]).arg(folder.path())).output();
    assert_eq!(ended.code, 3, "{ended:?}");
    let container = |at: usize| ended.report()["tasks"][at]["containers"][0].clone();
    assert_eq!(container(0)["result"], "pulled", "{ended:?}");
    assert_eq!(container(1)["failure"]["link"], "secret-policy", "{ended:?}");
    assert!(container(1)["failure"]["message"].as_str().unwrap().contains(other));
    assert_eq!((world.aws.call_count("AssumeRole"), world.aws.call_count("GetSecretValue")), (2, 2));
}
