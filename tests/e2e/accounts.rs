//! Logins that the execution role does not read: secrets of mapped accounts, and host logins.

use std::io::Write as _;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::support::run::RunOutput;
use crate::support::world::lab::{Lab, login, on_both_engines, task};

on_both_engines!(
    secret_of_a_mapped_account_is_read_only_through_its_role,
    host_login_is_used_for_a_container_without_credentials,
);

const APP: &str = "127.0.0.1:25001/team-a/app:1.0";
const OWN_ROLE: &str = "arn:aws:iam::111122223333:role/taskpull-execution";
const THEIR_ROLE: &str = "arn:aws:iam::444455556666:role/taskpull-execution";
const THEIR_SECRET: &str = "arn:aws:secretsmanager:us-east-1:444455556666:secret:taskpull/registry-one-Zt5HnB";

fn pull_with_map(lab: &Lab, definition: &Value, via: &str) -> RunOutput {
    let mut file = NamedTempFile::new().unwrap();
    write!(file, "[[identity.account]]\nid = \"444455556666\"\nrole_arn = \"{THEIR_ROLE}\"\nvia = \"{via}\"\n")
        .unwrap();
    lab.pull(definition).env("TASKPULL_CONFIG", file.path()).output()
}

fn secret_of_a_mapped_account_is_read_only_through_its_role(lab: &Lab) {
    let own = lab.secret("taskpull/registry-one");
    let mut definition = task(&[("theirs", APP, Some(THEIR_SECRET)), ("own", APP, Some(&own))]);
    let identities = |ended: &RunOutput| [0, 1].map(|at| ended.container(at)["credential"]["identity"].clone());

    let ended = pull_with_map(lab, &definition, "host");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(identities(&ended), [THEIR_ROLE, "host"]);

    definition["executionRoleArn"] = OWN_ROLE.into();
    let ended = pull_with_map(lab, &definition, "execution-role");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(identities(&ended), [THEIR_ROLE, OWN_ROLE]);

    let ended = lab.pull(&definition).output();
    assert_eq!((ended.code, &*ended.failure(0), &*ended.failure(1)), (3, "secret absent", "none none"), "{ended:?}");
}

fn host_login_is_used_for_a_container_without_credentials(lab: &Lab) {
    let password = lab.password("registry-one", "puller-one");
    let data = json!({ "127.0.0.1:25001": { "username": "puller-one", "password": password } });
    // The secret takes precedence: when it is refused, the host login is not tried.
    let wrong = lab.create_secret("before-the-host", &login("puller-one", "wrong"));
    let definition = task(&[("app", APP, None), ("own", APP, Some(&wrong.name))]);
    let run = lab.pull(&definition).env("ECS_ENGINE_AUTH_TYPE", "docker");
    let ended = run.env("ECS_ENGINE_AUTH_DATA", data.to_string()).output();
    let expected = json!({ "kind": "instance", "source": "ecs-engine-auth-data", "matched": "127.0.0.1:25001" });
    assert_eq!(ended.container(0)["credential"], expected);
    assert_eq!((&*ended.failure(0), &*ended.failure(1)), ("none none", "registry refused"), "{ended:?}");
}
