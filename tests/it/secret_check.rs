//! `taskpull secret check`: every point of it, at the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::aws::{Policy, Secret};
use crate::support::http::{HttpServer, Reply, Request};
use crate::support::names::{GET_SECRET_VALUE, KEY};
use crate::support::registry::FakeRegistry;
use crate::support::run::{Run, RunOutput};
use crate::support::world::SecretWorld;

const TOKEN: &str = "dckr_pat_c4nary-token";
const HUB: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-Ab12Cd";

fn login(key: &str) -> String {
    json!({ "username": "me", key: TOKEN }).to_string()
}

fn world(secret: Secret) -> SecretWorld {
    let allowed = Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("secretsmanager:DescribeSecret", "*"));
    let world = SecretWorld::with_key(allowed.and(Policy::allow("kms:Decrypt", KEY)));
    world.aws.put_secret(secret);
    world
}

fn check(world: &SecretWorld, usage: &str, more: &[&str]) -> RunOutput {
    let run = Run::new(["secret", "check", "--for", usage, HUB].iter().chain(more));
    world.output(run.env("AWS_REGION", "eu-west-1"), TOKEN)
}

/// What is found, by its point: `wrong`, and what is said.
fn finding(ended: &RunOutput, point: &str) -> (String, String) {
    let told: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let findings = told["findings"].as_array().unwrap().clone();
    let found = findings.into_iter().find(|finding| finding["check"] == point).unwrap_or_else(|| panic!("{ended:?}"));
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (text("found"), format!("{} {}", text("says"), text("hint")))
}

fn json_of(world: &SecretWorld, usage: &str, more: &[&str]) -> RunOutput {
    check(world, usage, &[&["--output", "json"], more].concat())
}

#[test]
fn a_secret_that_serves_a_rule_is_good_in_every_point() {
    let world = world(Secret::text(HUB, &login("accessToken")).replica("us-east-1", "InSync"));
    let ended = check(&world, "pull-through", &["--region", "eu-west-1", "--account", "111122223333"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for point in ["name", "region", "account", "key", "rotation", "replication", "content"] {
        assert!(ended.stdout.contains(&format!("  good   {point}")), "{point}: {ended:?}");
    }
    assert!(ended.stdout.ends_with("it serves\n"), "{ended:?}");
    let operations: Vec<_> = world.aws.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["DescribeSecret", "GetSecretValue"], "nothing is written");
}

#[test]
fn one_secret_does_not_serve_both_uses() {
    let for_rule = world(Secret::text(HUB, &login("accessToken")));
    let ended = json_of(&for_rule, "direct", &[]);
    let (found, says) = finding(&ended, "content");
    assert_eq!((ended.code, &*found), (3, "wrong"), "{ended:?}");
    assert!(says.contains("it is one for --for pull-through") && says.contains("a second secret"), "{says}");
    let for_task = world(Secret::text(HUB, &login("password")));
    let (found, says) = finding(&json_of(&for_task, "pull-through", &[]), "content");
    assert!(found == "wrong" && says.contains("it is one for --for direct"), "{says}");
}

#[test]
fn place_key_rotation_and_replicas_are_looked_at() {
    let secret = Secret::text(HUB, &login("accessToken")).key(KEY).rotated();
    let world = world(secret.replica("us-east-1", "Failed").stage("AWSPENDING", "{}"));
    let there = ["--account", "444455556666"];
    let ended = json_of(&world, "pull-through", &there);
    assert_eq!(ended.code, 3, "{ended:?}");
    for (point, expected, part) in [
        ("account", "wrong", "the rule in 444455556666"),
        ("key", "wrong", "customer key"),
        ("rotation", "note", "AWSPENDING"),
        ("replication", "wrong", "us-east-1: failed"),
        ("content", "good", "`accessToken`"),
    ] {
        let (found, says) = finding(&ended, point);
        assert!(found == expected && says.contains(part), "{point}: {found} {says}");
    }
    let ended = json_of(&world, "pull-through", &["--region", "us-east-1"]);
    assert!(finding(&ended, "region").1.contains("the rule in us-east-1"), "{ended:?}");
}

#[test]
fn what_may_not_be_looked_at_is_said_with_its_permission() {
    let mut world = world(Secret::text(HUB, &login("accessToken")));
    world.host = world.aws.put_user("arn:aws:iam::111122223333:user/reader", Policy::allow(GET_SECRET_VALUE, "*"));
    let ended = json_of(&world, "pull-through", &[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let (_, says) = finding(&ended, "description");
    assert!(says.contains(&format!("allow secretsmanager:DescribeSecret on {HUB}")), "{says}");
    assert_eq!(finding(&ended, "content").0, "good");
}

#[test]
fn an_absent_and_a_deleted_secret_are_told() {
    let deleted = world(Secret::text(HUB, "{}").marked_for_deletion());
    let ended = json_of(&deleted, "pull-through", &[]);
    assert!(ended.code == 3 && finding(&ended, "secret").1.contains("restore-secret"), "{ended:?}");
    let absent = world(Secret::text(&HUB.replace("/hub-", "/other-"), "{}"));
    let ended = json_of(&absent, "pull-through", &[]);
    assert!(ended.code == 3 && finding(&ended, "secret").1.contains("there is none of that name"), "{ended:?}");
}

#[test]
fn wrong_arguments_are_refused_before_anybody_is_asked() {
    let world = world(Secret::text(HUB, "{}"));
    for more in [["--region", "eu"], ["--account", "1"], ["--registry", "team/app"], ["--registry", "https://ghcr.io"]]
    {
        let ended = check(&world, "direct", &more);
        assert_eq!((ended.code, &*ended.stdout), (2, ""), "{more:?}: {ended:?}");
    }
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn a_registry_that_wants_a_login_is_shown_it() {
    let world = world(Secret::text(HUB, &login("password")));
    let registry = FakeRegistry::with_login("me", TOKEN);
    registry.push("team/app:1", &[10]);
    let host = registry.host();
    let table = [
        (host.clone(), "good", "accepts the login"),
        (format!("{host}/team/app:1"), "good", "read team/app:1"),
        (format!("{host}/team/app"), "note", "name a tag"),
        (format!("{host}/team/app:2"), "wrong", "team/app:2"),
    ];
    for (target, expected, part) in table {
        let (found, says) = finding(&json_of(&world, "direct", &["--registry", &target]), "registry");
        assert!(found == expected && says.contains(part), "{target}: {found} {says}");
    }
    let refusing = FakeRegistry::with_login("me", "another");
    let ended = json_of(&world, "direct", &["--registry", &refusing.host()]);
    let (found, says) = finding(&ended, "registry");
    assert!(ended.code == 3 && found == "wrong" && says.contains("does not accept this login (HTTP 401)"), "{says}");
    let (found, says) = finding(&json_of(&world, "direct", &["--registry", &FakeRegistry::start().host()]), "registry");
    assert!(found == "note" && says.contains("asks nobody"), "{says}");
}

/// A registry whose token service accepts this login, for this scope.
struct Tokens {
    _service: HttpServer,
    registry: HttpServer,
}

impl Tokens {
    fn start(realm: impl Fn(u16) -> String) -> Self {
        let service = HttpServer::on_loopback(|request: Request| {
            let login = format!("Basic {}", STANDARD.encode(format!("me:{TOKEN}")));
            assert_eq!(request.parameter("service"), Some("registry.test"));
            if request.header("authorization") != Some(&login) {
                return Reply::json(403, &json!({ "errors": [{ "code": "DENIED" }] }));
            }
            let scope = request.parameter("scope").unwrap_or("none");
            Reply::json(200, &json!({ "token": format!("token-for-{scope}") }))
        });
        let challenge = format!("Bearer realm=\"{}\",service=\"registry.test\"", realm(service.port()));
        let registry = HttpServer::on_loopback(move |request: Request| {
            let shown = request.header("authorization").unwrap_or_default().to_owned();
            let barred = || Reply::json(401, &json!({})).header("www-authenticate", challenge.clone());
            match request.path.as_str() {
                "/v2/" if shown.starts_with("Bearer token-for-") => Reply::json(200, &json!({})),
                "/v2/team/app/manifests/1" if shown == "Bearer token-for-repository:team/app:pull" => {
                    Reply::new(200, "")
                }
                _ => barred(),
            }
        });
        Self { _service: service, registry }
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.registry.port())
    }
}

#[test]
fn a_registry_that_wants_a_token_gets_one_from_its_service() {
    let good = world(Secret::text(HUB, &login("accessToken")));
    let wrong = world(Secret::text(HUB, r#"{"username": "me", "accessToken": "another token"}"#));
    let tokens = Tokens::start(|port| format!("http://127.0.0.1:{port}/token"));
    let host = tokens.host();
    let tried = |world, target: &str| finding(&json_of(world, "pull-through", &["--registry", target]), "registry");
    assert_eq!(tried(&good, &host).0, "good");
    assert_eq!(tried(&good, &format!("{host}/team/app:1")).0, "good");
    let (found, says) = tried(&good, &format!("{host}/team/secret:1"));
    assert!(found == "wrong" && says.contains("does not let it read team/secret"), "{says}");
    let (found, says) = tried(&wrong, &host);
    assert!(found == "wrong" && says.contains("does not accept this login (HTTP 403)"), "{says}");
}

#[test]
fn a_login_goes_to_no_service_without_tls_elsewhere() {
    let world = world(Secret::text(HUB, &login("accessToken")));
    for realm in ["http://registry.example/token", "ftp://127.0.0.1/token", "token", "https://a@registry.example/"] {
        let tokens = Tokens::start(|_| realm.to_owned());
        let (found, says) = finding(&json_of(&world, "pull-through", &["--registry", &tokens.host()]), "registry");
        assert!(found == "wrong" && says.contains("the login was not sent there"), "{realm}: {says}");
    }
}

#[test]
fn redirections_long_answers_and_silence_end_the_try() {
    let world = world(Secret::text(HUB, &login("accessToken")));
    let elsewhere = FakeRegistry::with_login("me", TOKEN);
    let address = format!("http://{}/v2/", elsewhere.host());
    let redirecting = HttpServer::on_loopback(move |request: Request| match request.header("authorization") {
        None => Reply::new(401, "").header("www-authenticate", "Basic realm=\"r\""),
        Some(_) => Reply::new(307, "").header("location", address.clone()),
    });
    let endless = HttpServer::on_loopback(|_| Reply::new(401, vec![b'x'; 1_000_000]));
    let silent = HttpServer::on_loopback(|_| Reply::stall(crate::support::http::Stall::Hang));
    let tried = |server: &HttpServer| {
        let host = format!("127.0.0.1:{}", server.port());
        let run = Run::new(["secret", "check", "--for", "pull-through", "--output", "json", "--registry", &host, HUB]);
        let run = run
            .envs(world.aws.environment(&world.host))
            .env("TASKPULL_SECRETS_TIMEOUT", "2s")
            .env("AWS_REGION", "eu-west-1");
        finding(&run.output(), "registry").1
    };
    let says = tried(&redirecting);
    assert!(says.contains("HTTP 307") && says.contains("not carried to another address"), "{says}");
    assert_eq!(elsewhere.requests(), []);
    assert!(tried(&endless).contains("length limit exceeded"), "{}", tried(&endless));
    assert!(tried(&silent).contains("did not answer in time"));
}
