//! A secret that is absent is looked for where the identity may list secrets.

use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER};
use crate::support::run::RunOutput;
use crate::support::world::{IMAGE, LOGIN, World, container, task};

/// The secret that the definition names; the host is in us-east-1.
const WANTED: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:team/login-Ab12Cd";

/// A world whose host may read and list secrets, and has one under this ARN.
fn world(arn: &str) -> World {
    let mut world = World::new();
    let policy = Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("secretsmanager:ListSecrets", "*"));
    world.host = world.aws.put_user(HOST_USER, policy);
    world.aws.put_secret(Secret::text(arn, LOGIN));
    world
}

fn pull(world: &World, secret: &str) -> RunOutput {
    let ended = world.pull(&task(&[container("app", IMAGE, secret)])).env("AWS_REGION", "us-east-1").output();
    assert_eq!(ended.failure(0), "secret absent", "{ended:?}");
    ended
}

fn text(ended: &RunOutput, field: &str) -> String {
    ended.container(0)["failure"][field].as_str().unwrap_or_default().to_owned()
}

#[test]
fn secret_in_the_region_of_the_host_is_found() {
    let elsewhere = WANTED.replace("eu-west-1", "us-east-1").replace("Ab12Cd", "Ef34Gh");
    let world = world(&elsewhere);
    let ended = pull(&world, WANTED.strip_suffix("-Ab12Cd").unwrap());
    assert!(text(&ended, "message").contains("a secret named team/login is in us-east-1"), "{ended:?}");
    let hint = text(&ended, "hint");
    assert!(hint.contains(&format!("give its full ARN, `{elsewhere}`")), "{hint}");
    assert!(hint.contains("replicate-secret-to-regions --region us-east-1"), "{hint}");
    assert_eq!(world.aws.call_count("ListSecrets"), 2);
}

#[test]
fn secret_with_another_suffix_is_found() {
    let recreated = WANTED.replace("Ab12Cd", "Ef34Gh");
    let world = world(&recreated);
    let ended = pull(&world, WANTED);
    assert!(text(&ended, "message").contains("another suffix"), "{ended:?}");
    assert!(text(&ended, "hint").contains(&format!("give its full ARN: `{recreated}`")), "{ended:?}");
    assert_eq!(world.aws.call_count("ListSecrets"), 1, "the search ends at the first match");
}

#[test]
fn name_that_ends_like_a_suffix_is_explained() {
    let full = WANTED.replace("team/login", "team/login-shared");
    let partial = full.strip_suffix("-Ab12Cd").unwrap();
    let ended = pull(&world(&full), partial);
    assert!(text(&ended, "message").contains("a hyphen and six characters"), "{ended:?}");
    assert!(text(&ended, "hint").contains(&format!("give its full ARN: `{full}`")), "{ended:?}");
}

#[test]
fn end_of_an_arn_given_as_a_name_is_explained() {
    let here = WANTED.replace("eu-west-1", "us-east-1");
    let ended = pull(&world(&here), "team/login-Ab12Cd");
    assert!(text(&ended, "hint").contains("give its name, `team/login`"), "{ended:?}");
}

#[test]
fn search_that_is_not_allowed_is_said_and_not_repeated() {
    let mut world = world(&WANTED.replace("eu-west-1", "us-east-1"));
    world.host = world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*"));
    let ended = pull(&world, WANTED);
    let hint = text(&ended, "hint");
    assert!(hint.contains("may not list secrets (secretsmanager:ListSecrets)"), "{hint}");
    assert!(hint.contains("`aws secretsmanager list-secrets --region eu-west-1 --filters Key=name,Values=team/login`"));
    assert_eq!(world.aws.call_count("ListSecrets"), 1);
}

#[test]
fn search_without_a_match_says_where_it_looked() {
    let ended = pull(&world(&WANTED.replace("team", "other")), WANTED);
    assert!(text(&ended, "message").contains("no such secret in eu-west-1 and none in us-east-1"), "{ended:?}");
    assert!(text(&ended, "hint").contains("in every Region: `for region in"), "{ended:?}");
}

#[test]
fn search_that_hangs_does_not_hold_up_the_failure() {
    let world = world(&WANTED.replace("team", "other"));
    world.aws.inject_fault("ListSecrets", Calls::Every, AwsFault::Hang);
    let start = std::time::Instant::now();
    pull(&world, WANTED);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn secret_that_is_read_is_never_looked_for() {
    let world = world(WANTED);
    let ended = world.pull(&task(&[container("app", IMAGE, WANTED)])).output();
    assert_eq!((ended.code, world.aws.call_count("ListSecrets")), (0, 0), "{ended:?}");
}
