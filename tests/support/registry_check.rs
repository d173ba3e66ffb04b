//! A check of a secret's login at a registry (`taskpull secret check --registry`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::aws::{Policy, Secret};
use super::http::{HttpServer, Reply, Request};
use super::names::GET_SECRET_VALUE;
use super::run::Run;
use super::world::SecretWorld;

pub const TOKEN: &str = "dckr_pat_c4nary-token";
pub const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:team/registry-Ab12Cd";
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The result of one check of the registry: its status, and its text with the hint.
pub struct RegistryCheck {
    pub status: String,
    pub text: String,
}

pub fn world_with_password(password: &str) -> SecretWorld {
    let allowed = Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("secretsmanager:DescribeSecret", "*"));
    let world = SecretWorld::new(allowed);
    world.aws.put_secret(Secret::text(SECRET, &json!({ "username": "me", "password": password }).to_string()));
    world
}

pub fn check_in(world: &SecretWorld, target: &str) -> RegistryCheck {
    let run = Run::new(["secret", "check", "--for", "direct", "--output", "json", "--registry", target, SECRET]);
    let ended = world.output(run.env("AWS_REGION", "eu-west-1").env("TASKPULL_SECRETS_TIMEOUT", "2s"), TOKEN);
    let output: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let findings = output["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == "registry").unwrap();
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    assert_eq!(ended.code, if text("found") == "wrong" { 3 } else { 0 }, "{ended:?}");
    RegistryCheck { status: text("found"), text: format!("{} {}", text("says"), text("hint")) }
}

pub fn check(target: &str) -> RegistryCheck {
    check_in(&world_with_password(TOKEN), target)
}

/// Checks the login at an image of a server.
pub fn check_image(server: &HttpServer) -> RegistryCheck {
    check(&format!("{}/team/app:1", host(server)))
}

pub fn host(server: &HttpServer) -> String {
    format!("127.0.0.1:{}", server.port())
}

pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

pub fn has_login(request: &Request) -> bool {
    request.header("authorization") == Some(&basic("me", TOKEN))
}

pub fn unauthorized(challenge: &str) -> Reply {
    let body = json!({ "errors": [{ "code": "UNAUTHORIZED", "message": "authentication required" }] });
    Reply::json(401, &body).header("www-authenticate", challenge)
}

/// A registry whose every path requires the login, after this challenge.
pub fn registry_with_challenge(challenge: &'static str) -> HttpServer {
    HttpServer::on_loopback(
        move |request| {
            if has_login(&request) { Reply::new(200, "{}") } else { unauthorized(challenge) }
        },
    )
}

/// How a token service answers, and what it received.
pub struct TokenWorld {
    _service: HttpServer,
    pub registry: HttpServer,
    requests: Arc<Mutex<Vec<String>>>,
}

impl TokenWorld {
    /// `realm` makes the realm of the service's port. `answer` is the service's answer to a request with
    /// the login.
    pub fn start(realm: impl Fn(u16) -> String, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&requests);
        let service = HttpServer::on_loopback(move |request: Request| {
            log.lock().unwrap().push(format!("{} {}", request.method, request.path));
            answer(&request)
        });
        let challenge = format!("Bearer realm=\"{}\",service=\"registry.test\"", realm(service.port()));
        let registry = HttpServer::on_loopback(move |request: Request| {
            let token = request.header("authorization").and_then(|text| text.strip_prefix("Bearer token-for-"));
            match (request.path.as_str(), token) {
                ("/v2/", Some(_)) => Reply::new(200, "{}"),
                ("/v2/team/app/manifests/1", Some("repository:team/app:pull")) => Reply::new(200, ""),
                _ => unauthorized(&challenge),
            }
        });
        Self { _service: service, registry, requests }
    }

    /// A service that answers every login with a token for the scope that is requested.
    pub fn lenient(realm: impl Fn(u16) -> String) -> Self {
        Self::start(realm, |request| token_for(request.parameter("scope")))
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

pub fn token_for(scope: Option<&str>) -> Reply {
    Reply::json(200, &json!({ "token": format!("token-for-{}", scope.unwrap_or("none")) }))
}

pub fn realm(port: u16) -> String {
    format!("http://127.0.0.1:{port}/token")
}
