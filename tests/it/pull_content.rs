//! The formats that a secret may have, the login that the engine receives, and secret versions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::aws::Secret;
use crate::support::engine::{AuthConfig, PullScript, RegistryAuth};
use crate::support::names::SECRET;
use crate::support::run::{Run, RunOutput};
use crate::support::world::{IMAGE, LOGIN, World, container, task};

const HUB: &str = "people/web:v1";

fn pull(world: &World, content: &Value) -> RunOutput {
    world.aws.put_secret(Secret::text(SECRET, &content.to_string()));
    world.pull(&task(&[container("app", IMAGE, SECRET)])).output()
}

/// Returns the login of the last pull of an image.
fn given(world: &World, image: &str) -> AuthConfig {
    let pulls = world.engine.pulls();
    let last_pull = pulls.iter().rev().find(|pull| pull.image.ends_with(image)).unwrap_or_else(|| panic!("{pulls:?}"));
    let RegistryAuth::Config(given) = &last_pull.auth else { panic!("no login: {last_pull:?}") };
    given.clone()
}

/// Pulls with a content that must be rejected, and returns the message and the hint.
fn rejection(world: &World, content: &Value) -> String {
    let ended = pull(world, content);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(world.engine.pull_count(IMAGE), 0);
    assert!(!format!("{ended:?}").contains("swordfish"), "the output contains no value: {ended:?}");
    let failure = &ended.container(0)["failure"];
    assert_eq!(failure["link"], "content", "{failure}");
    format!("{} {}", failure["message"].as_str().unwrap(), failure["hint"].as_str().unwrap_or_default())
}

#[test]
fn every_login_format_reaches_the_engine() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::success().with_login("me", "swordfish"));
    let entry =
        json!({ "auths": { "https://registry.example:5000/v1/": { "auth": STANDARD.encode("me:swordfish") } } });
    let forms = [
        json!({ "username": "me", "password": "swordfish" }),
        json!({ "Username": "me", "PASSWORD": "swordfish" }),
        entry.clone(),
        json!({ ".dockerconfigjson": entry.to_string() }),
        json!({ ".dockerconfigjson": STANDARD.encode(entry.to_string()) }),
        json!({ "dockerconfigjson": entry }),
        json!({ "ServerURL": "registry.example:5000", "Username": "me", "Secret": "swordfish" }),
    ];
    for form in forms {
        let ended = pull(&world, &form);
        assert_eq!(ended.code, 0, "{form}: {ended:?}");
    }
}

#[test]
fn identity_token_reaches_the_engine_as_a_token_not_a_password() {
    let world = World::new();
    let forms = [
        json!({ "identitytoken": "swordfish" }),
        json!({ "identityToken": "swordfish" }),
        json!({ "auths": { "registry.example:5000": { "auth": STANDARD.encode("me:"), "identitytoken": "swordfish" } } }),
        json!({ "ServerURL": "https://registry.example:5000", "Username": "<token>", "Secret": "swordfish" }),
    ];
    for form in forms {
        let ended = pull(&world, &form);
        assert_eq!(ended.code, 0, "{form}: {ended:?}");
        let given = given(&world, IMAGE);
        assert_eq!((&*given.identity_token, &*given.password, &*given.username), ("swordfish", "", ""), "{form}");
    }
}

#[test]
fn secret_for_several_registries_is_read_once() {
    let world = World::new();
    let other = "registry.example:5000/team-ab/app:v1";
    let auths = json!({ "auths": {
        "registry.example:5000": { "username": "host", "password": "swordfish" },
        "registry.example:5000/team": { "username": "team", "password": "swordfish" },
        "https://index.docker.io/v1/": { "username": "hub", "password": "swordfish" },
    }});
    world.aws.put_secret(Secret::text(SECRET, &auths.to_string()));
    let missing = "other.example/app:v1";
    let images = [IMAGE, other, HUB, missing];
    let containers: Vec<_> =
        images.iter().map(|image| container(&image.replace(['/', ':', '.'], "-"), image, SECRET)).collect();
    let ended = world.pull(&task(&containers)).output();
    assert_eq!(world.aws.call_count("GetSecretValue"), 1);
    assert_eq!(given(&world, IMAGE).username, "team");
    assert_eq!(given(&world, other).username, "host");
    assert_eq!(given(&world, HUB).username, "hub");
    assert_eq!(ended.failure(3), "content absent", "{ended:?}");
    assert!(ended.stdout.contains("`auths` has no entry for other.example/app"));
}

#[test]
fn login_for_another_registry_is_rejected() {
    let world = World::new();
    let answer = json!({ "ServerURL": "https://other.example", "Username": "me", "Secret": "swordfish" });
    assert!(rejection(&world, &answer).contains("`ServerURL` is not the registry of registry.example:5000/team/app"));
    let path = json!({ "auths": { "registry.example:5000/tea": { "username": "me", "password": "swordfish" } } });
    assert!(rejection(&world, &path).contains("no entry for registry.example:5000/team/app"));
}

#[test]
fn key_in_another_case_is_accepted_with_a_warning() {
    let world = World::new();
    let ended = pull(&world, &json!({ "Username": "me", "password": "swordfish" }));
    assert_eq!(ended.code, 0, "{ended:?}");
    let warnings = &ended.container(0)["credential"]["warnings"];
    let message = "the secret's key `Username` was read as `username`; rename it to `username`";
    assert_eq!(warnings[0], json!(format!("{message} [secret-key-case]")));
    let warning = json!({ "id": "secret-key-case", "message": message, "image": IMAGE });
    assert_eq!(ended.warning("secret-key-case"), warning);
    let run = Run::new(["pull", "-"]).stdin(task(&[container("app", IMAGE, SECRET)]).to_string());
    let text = world.configure(run).output();
    assert!(text.stdout.contains("warning: the secret's key `Username`"), "{text:?}");
}

#[test]
fn misspelled_key_is_reported_with_the_correct_name() {
    let world = World::new();
    for (near, key) in [
        ("user", "username"),
        ("login", "username"),
        ("pass", "password"),
        ("passwd", "password"),
        ("token", "password"),
    ] {
        let mut content = json!({ "username": "me", "password": "swordfish" });
        let value = content[key].take();
        content.as_object_mut().unwrap().remove(key);
        content[near] = value;
        assert!(rejection(&world, &content).contains(&format!("rename `{near}` to `{key}`")));
    }
}

#[test]
fn duplicate_key_is_rejected_regardless_of_case() {
    let world = World::new();
    let content = json!({ "username": "me", "password": "swordfish", "Password": "swordfish" });
    assert!(rejection(&world, &content).contains("`password` occurs twice"));
}

#[test]
fn content_with_two_kinds_of_login_is_rejected() {
    let world = World::new();
    let content = json!({ "username": "me", "password": "swordfish", "identitytoken": "swordfish" });
    assert!(rejection(&world, &content).contains("both `identitytoken` and `password`"));
}

#[test]
fn access_token_is_used_as_password_only_when_the_setting_allows_it() {
    let world = World::new();
    let content = json!({ "username": "me", "accessToken": "swordfish" });
    assert!(rejection(&world, &content).contains(r#"secrets.access_token = "accept""#));
    world.engine.script(IMAGE, PullScript::success().with_login("me", "swordfish"));
    let accepting = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("TASKPULL_ACCESS_TOKEN", "accept");
    assert_eq!(accepting.output().code, 0);
}

#[test]
fn pending_secret_version_is_used_when_its_stage_is_requested() {
    let world = World::new();
    let next = r#"{"username": "me", "password": "marlin"}"#;
    world.aws.put_secret(Secret::text(SECRET, LOGIN).stage("AWSPENDING", next));
    world.engine.script(IMAGE, PullScript::success().with_login("me", "marlin"));
    let definition = task(&[container("app", IMAGE, SECRET)]);
    let rehearsed = world.pull(&definition).arg("--secret-stage").arg("AWSPENDING").output();
    assert_eq!(rehearsed.code, 0, "{rehearsed:?}");
    assert_eq!(rehearsed.container(0)["credential"]["stage"], "AWSPENDING");
    let current = world.pull(&definition).output();
    assert_eq!(current.code, 3, "the current password differs");
    assert_eq!(current.container(0)["credential"]["stage"], Value::Null);
    let text = Run::new(["pull", "--secret-stage", "AWSPENDING", "-"]).stdin(definition.to_string());
    assert!(world.configure(text).output().stdout.contains(" (AWSPENDING)\n"));
}

#[test]
fn missing_staging_label_is_reported() {
    let world = World::new();
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("TASKPULL_SECRET_STAGE", "AWSPENDING");
    let ended = run.output();
    assert_eq!(ended.failure(0), "secret absent", "{ended:?}");
    assert!(ended.stdout.contains("no version with the requested staging label"));
    assert!(ended.stdout.contains("staging label: AWSPENDING"), "the message of the service is included");
}

const REFUSED: &str = "Get \"https://registry.example:5000/v2/\": unauthorized: authentication required";

/// Pulls with a login that the registry refuses, and returns the hint.
fn refused_hint(username: &str, password: &str) -> String {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::refusal(500, REFUSED));
    let ended = pull(&world, &json!({ "username": username, "password": password }));
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
    assert!(!format!("{ended:?}").contains("swordfish"), "{ended:?}");
    ended.container(0)["failure"]["hint"].as_str().unwrap().to_owned()
}

#[test]
fn refused_login_with_an_oddity_is_named_in_the_hint() {
    let table = [
        ("me", "swordfish\n", "the password ends in white space (a line break)"),
        ("me\n", "swordfish", "the user name ends in white space (a line break)"),
        ("me", "swordfish ", "the password ends in white space"),
        ("me", "\u{feff}swordfish", "the password begins with a byte order mark"),
        ("me", "\"swordfish\"", "the password is in quotes"),
        ("me", "me:swordfish", "the password begins with a user name and a colon"),
        ("<user>", "swordfish", "the user name is a placeholder"),
    ];
    let command = "`taskpull secret new --for direct --name ";
    for (username, password, remark) in table {
        let hint = refused_hint(username, password);
        assert!(hint.contains(remark) && hint.contains(command), "{hint}");
        assert!(hint.contains(" --region eu-west-1 --username USER --update`"), "{hint}");
    }
    let hint = refused_hint("me", "swordfish");
    assert!(!hint.contains("secret new"), "a login without an oddity: {hint}");
}

#[test]
fn content_in_a_foreign_form_is_named_with_the_command() {
    let world = World::new();
    for (content, message) in [
        ("{username:me,password:swordfish}", "its quotes are missing"),
        (r#""{\"username\": \"me\", \"password\": \"swordfish\"}""#, "encoded twice"),
        (
            r#"{"DOCKERHUB_USERNAME": "me", "DOCKERHUB_TOKEN": "swordfish"}"#,
            "`DOCKERHUB_USERNAME` and `DOCKERHUB_TOKEN`",
        ),
        (r#"{"auth": "bWU6c3dvcmRmaXNo"}"#, "one entry of `auths`"),
        (r#"{"apiVersion": "v1", "kind": "Secret", "data": {}}"#, "a whole Kubernetes Secret"),
        ("me:swordfish", "it is `user:password`"),
    ] {
        world.aws.put_secret(Secret::text(SECRET, content));
        let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
        assert_eq!(ended.failure(0), "content invalid", "{ended:?}");
        assert!(ended.stdout.contains(message), "{message}: {ended:?}");
        assert!(
            ended.stdout.contains("taskpull secret new --for direct --name prod/hub --region eu-west-1"),
            "{ended:?}"
        );
        assert!(!format!("{ended:?}").contains("swordfish"), "{ended:?}");
    }
    let marked = "\u{feff}{\"username\": \"me\", \"password\": \"swordfish\"}";
    world.aws.put_secret(Secret::text(SECRET, marked));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("secret-byte-order-mark"), "{ended:?}");
}
