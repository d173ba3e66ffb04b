//! Which secret is read, in which Region, with which identity and how often; and which login
//! the engine receives.

use serde_json::json;

use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::engine::{PullScript, RegistryAuth};
use crate::support::fault::Calls;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, OTHER_KEY, OTHER_SECRET, ROLE, SECRET};
use crate::support::run::Run;
use crate::support::world::{IMAGE, LOGIN, World, container, open_container, task};

#[test]
fn login_from_the_secret_reaches_the_engine_and_the_report() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::success().with_login("me", "swordfish"));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let app = ended.container(0);
    assert_eq!(app["result"], "pulled");
    assert!(app["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(app["credential"]["kind"], "secret");
    assert_eq!(app["credential"]["arn"], SECRET);
    assert_eq!(app["credential"]["identity"], "host");
    assert!(!app["credential"]["versionId"].as_str().unwrap().is_empty());
    let RegistryAuth::Config(given) = &world.engine.pulls()[0].auth else { panic!("no login") };
    assert_eq!(given.server_address, "registry.example:5000");
}

#[test]
fn any_password_reaches_the_engine_unchanged() {
    let world = World::new();
    for password in ["~~~???>>>", "ÿÿÿ", "a\"b\\c\n", "\u{1}\u{7f}", "  spaces  ", "日本語", &"p".repeat(4_000)] {
        world.aws.put_secret(Secret::text(SECRET, &json!({ "username": "me", "password": password }).to_string()));
        world.engine.script(IMAGE, PullScript::success().with_login("me", password));
        let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
        assert_eq!(ended.code, 0, "{password:?}: {ended:?}");
    }
}

#[test]
fn container_without_credentials_is_pulled_without_auth_header_or_aws_calls() {
    let world = World::new();
    let ended = world.pull(&task(&[open_container("app", IMAGE)])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(world.engine.pulls()[0].auth, RegistryAuth::Absent);
    assert_eq!(ended.container(0)["credential"]["kind"], "anonymous");
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn equal_secrets_are_read_once_and_equal_images_are_pulled_once() {
    let world = World::new();
    let other = "registry.example:5000/team/other:v1";
    let containers: Vec<_> =
        (0..40).map(|at| container(&format!("c{at}"), if at % 2 == 0 { IMAGE } else { other }, SECRET)).collect();
    let ended = world.pull(&task(&containers)).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(world.aws.call_count("GetSecretValue"), 1);
    assert_eq!((world.engine.pull_count(IMAGE), world.engine.pull_count(other)), (1, 1));
    assert_eq!(ended.report()["summary"]["pulled"], 40);
}

#[test]
fn different_secrets_are_read_concurrently() {
    let world = World::new();
    let gate = crate::support::gate::Gate::closed();
    world.aws.inject_fault("GetSecretValue", Calls::Every, AwsFault::Hold(gate.clone()));
    let containers: Vec<_> = (0..5)
        .map(|at| {
            let arn = SECRET.replace("hub", &format!("hub{at}"));
            world.aws.put_secret(Secret::text(&arn, LOGIN));
            container(&format!("c{at}"), &format!("registry.example/app{at}"), &arn)
        })
        .collect();
    let running = world.pull(&task(&containers)).start();
    // All five reads are in flight before the first is answered.
    gate.block_until_arrivals(5);
    gate.open();
    assert_eq!(crate::support::run::RunOutput::wait_for(running).code, 0);
}

#[test]
fn cross_account_secret_under_a_customer_key_is_read_by_resource_policy() {
    let mut world = World::new();
    world.aws.put_key(OTHER_KEY, Policy::allow("kms:Decrypt", "*").to(HOST_USER));
    let policy = Policy::allow(GET_SECRET_VALUE, "*").to(HOST_USER);
    world.aws.put_secret(Secret::text(OTHER_SECRET, LOGIN).key(OTHER_KEY).resource_policy(policy));
    world.host =
        world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("kms:Decrypt", "*")));
    let ended = world.pull(&task(&[container("app", IMAGE, OTHER_SECRET)])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["credential"]["account"], "444455556666");
}

#[test]
fn cross_account_secret_under_the_default_key_explains_the_failure() {
    let world = World::new();
    let policy = Policy::allow(GET_SECRET_VALUE, "*").to(HOST_USER);
    world.aws.put_secret(Secret::text(OTHER_SECRET, LOGIN).resource_policy(policy));
    let ended = world.pull(&task(&[container("app", IMAGE, OTHER_SECRET)])).output();
    assert_eq!(ended.failure(0), "key refused", "{ended:?}");
    assert!(ended.stdout.contains("encrypt it under a customer key"), "{ended:?}");
}

#[test]
fn replica_is_a_separate_secret_read_in_its_own_region() {
    let world = World::new();
    let replica = SECRET.replace("eu-west-1", "ap-south-1");
    world.aws.put_secret(Secret::text(&replica, LOGIN));
    let ended = world.pull(&task(&[container("a", IMAGE, SECRET), container("b", IMAGE, &replica)])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut regions: Vec<_> = world.aws.calls().into_iter().filter_map(|call| call.region).collect();
    regions.sort();
    assert_eq!(regions, ["ap-south-1", "eu-west-1"]);
}

#[test]
fn secret_is_read_in_the_region_of_its_arn() {
    for host_region in ["us-west-2", ""] {
        let world = World::new();
        let run = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("AWS_REGION", host_region);
        assert_eq!(run.output().code, 0, "{host_region}");
        assert_eq!(world.aws.calls()[0].region.as_deref(), Some("eu-west-1"), "{host_region}");
    }
}

#[test]
fn secret_is_found_by_partial_arn_and_by_name() {
    let world = World::new();
    let partial = SECRET.strip_suffix("-Ab12Cd").unwrap();
    let named = task(&[container("app", IMAGE, partial), container("other", IMAGE, "prod/hub")]);
    let ended = world.pull(&named).env("AWS_REGION", "eu-west-1").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["credential"]["arn"], SECRET);
    assert_eq!(ended.container(1)["credential"]["arn"], SECRET);
    assert_eq!(world.aws.call_count("GetSecretValue"), 2);
}

#[test]
fn secret_name_without_a_host_region_is_an_error() {
    let world = World::new();
    let ended = world.pull(&task(&[container("app", IMAGE, "prod/hub")])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "host-identity invalid"), "{ended:?}");
    assert!(ended.stdout.contains("AWS_REGION"));
}

#[test]
fn execution_role_reads_the_secret_and_is_assumed_once() {
    let world = World::new();
    let host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    let second = SECRET.replace("hub", "second");
    world.aws.put_secret(Secret::text(&second, LOGIN));
    let mut definition = task(&[container("app", IMAGE, SECRET), container("b", "registry.example/b", &second)]);
    definition["executionRoleArn"] = json!(ROLE);
    let ended = world.pull(&definition).envs(world.aws.environment(&host)).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["credential"]["identity"], ROLE);
    assert_eq!(world.aws.call_count("AssumeRole"), 1);
    let reader = world.aws.calls().into_iter().find(|call| call.operation == "GetSecretValue").unwrap();
    assert!(reader.principal.unwrap().contains(":assumed-role/"));
}

#[test]
fn execution_role_is_ignored_when_the_option_says_so() {
    let world = World::new();
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(ROLE);
    let ended = world.pull(&definition).arg("--execution-role").arg("ignore").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(world.aws.call_count("AssumeRole"), 0);
}

#[test]
fn dry_run_makes_no_request() {
    let world = World::new();
    let mut definition = task(&[container("app", IMAGE, SECRET), open_container("b", "nginx")]);
    definition["executionRoleArn"] = json!(ROLE);
    let ended = world.pull(&definition).arg("--dry-run").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let app = ended.container(0);
    assert_eq!(app["result"], "planned");
    assert_eq!(app["registry"], "registry.example:5000");
    assert_eq!(app["credential"]["arn"], SECRET);
    assert_eq!(app["credential"]["account"], "111122223333");
    assert_eq!(app["credential"]["region"], "eu-west-1");
    assert_eq!(app["credential"]["identity"], ROLE);
    assert_eq!(ended.container(1)["image"], "docker.io/library/nginx:latest");
    assert_eq!(world.aws.calls(), []);
    assert_eq!(world.engine.requests(), Vec::<String>::new());
}

#[test]
fn secret_with_several_names_is_read_and_shown_once() {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    let partial = SECRET.trim_end_matches("-Ab12Cd");
    let names = [SECRET, partial, "prod/hub"];
    let containers: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            container(&format!("c{index}"), &format!("registry.example:5000/team/app-{index}:v1"), name)
        })
        .collect();
    let mut definition = task(&containers);
    definition["executionRoleArn"] = json!(ROLE);
    let run = Run::new(["pull", "-"]).stdin(definition.to_string());
    let ended = world.configure(run).env("AWS_REGION", "eu-west-1").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(world.aws.call_count("GetSecretValue") + world.aws.call_count("BatchGetSecretValue"), 1, "{ended:?}");
    assert_eq!(ended.stdout.matches(SECRET).count(), 1, "{}", ended.stdout);
    let (_, session) = ROLE.rsplit_once('/').unwrap();
    let reader = format!("read as arn:aws:sts::111122223333:assumed-role/{session}/");
    assert!(ended.stdout.contains(&reader) && !ended.stdout.contains("[2]"), "{}", ended.stdout);
}

#[test]
fn dry_run_names_the_region_and_its_source() {
    let world = World::new();
    let definition = task(&[container("by-name", IMAGE, "prod/hub"), container("by-arn", IMAGE, SECRET)]);
    let dry_run = |variable: &str| {
        let run = Run::new(["pull", "--dry-run", "-"]).stdin(definition.to_string());
        let ended = world.configure(run).env(variable, "us-east-1").output();
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.stdout
    };
    let text = dry_run("AWS_REGION");
    assert!(text.contains("Region us-east-1 (from AWS_REGION)"), "{text}");
    assert!(text.contains("account 111122223333, Region eu-west-1 (from the ARN)"), "{text}");
    assert!(text.contains("read as the host"), "{text}");
    let text = dry_run("AWS_DEFAULT_REGION");
    assert!(text.contains("Region us-east-1 (from AWS_DEFAULT_REGION)"), "{text}");
}
