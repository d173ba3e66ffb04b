//! `taskpull secret check --registry`: the requests to the registry and its token service, and where a
//! login is not sent.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::aws::{Policy, Secret};
use crate::support::http::{HttpServer, Reply, Request, Stall, Step, form_pairs};
use crate::support::names::GET_SECRET_VALUE;
use crate::support::registry::FakeRegistry;
use crate::support::run::Run;
use crate::support::world::SecretWorld;

const TOKEN: &str = "dckr_pat_c4nary-token";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:team/registry-Ab12Cd";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The result of one check of the registry: its status, and its text with the hint.
struct RegistryCheck {
    status: String,
    text: String,
}

fn world_with_password(password: &str) -> SecretWorld {
    let allowed = Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("secretsmanager:DescribeSecret", "*"));
    let world = SecretWorld::new(allowed);
    world.aws.put_secret(Secret::text(SECRET, &json!({ "username": "me", "password": password }).to_string()));
    world
}

fn check_in(world: &SecretWorld, target: &str) -> RegistryCheck {
    let run = Run::new(["secret", "check", "--for", "direct", "--output", "json", "--registry", target, SECRET]);
    let ended = world.output(run.env("AWS_REGION", "eu-west-1").env("TASKPULL_SECRETS_TIMEOUT", "2s"), TOKEN);
    let output: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let findings = output["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == "registry").unwrap();
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    assert_eq!(ended.code, if text("found") == "wrong" { 3 } else { 0 }, "{ended:?}");
    RegistryCheck { status: text("found"), text: format!("{} {}", text("says"), text("hint")) }
}

fn check(target: &str) -> RegistryCheck {
    check_in(&world_with_password(TOKEN), target)
}

/// Checks the login at an image of a server.
fn check_image(server: &HttpServer) -> RegistryCheck {
    check(&format!("{}/team/app:1", host(server)))
}

fn host(server: &HttpServer) -> String {
    format!("127.0.0.1:{}", server.port())
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn has_login(request: &Request) -> bool {
    request.header("authorization") == Some(&basic("me", TOKEN))
}

fn unauthorized(challenge: &str) -> Reply {
    let body = json!({ "errors": [{ "code": "UNAUTHORIZED", "message": "authentication required" }] });
    Reply::json(401, &body).header("www-authenticate", challenge)
}

/// A registry whose every path requires the login, after this challenge.
fn registry_with_challenge(challenge: &'static str) -> HttpServer {
    HttpServer::on_loopback(
        move |request| {
            if has_login(&request) { Reply::new(200, "{}") } else { unauthorized(challenge) }
        },
    )
}

#[test]
fn login_is_checked_against_a_registry_with_basic_auth() {
    let registry = FakeRegistry::with_login("me", TOKEN);
    registry.push("team/app:1", &[10]);
    let host = registry.host();
    let table = [
        (host.clone(), "good", "accepts the login"),
        (format!("{host}/team/app:1"), "good", "read team/app:1"),
        (format!("{host}/team/app"), "note", "name a tag"),
        (format!("{host}/team/app:2"), "wrong", "manifest unknown"),
        (format!("{host}/team/none"), "wrong", "name unknown"),
    ];
    for (target, status, text) in table {
        let found = check(&target);
        assert!(found.status == status && found.text.contains(text), "{target}: {} {}", found.status, found.text);
    }
    let refusing = FakeRegistry::with_login("me", "another");
    let found = check(&refusing.host());
    assert!(found.status == "wrong" && found.text.contains("HTTP 401: unauthorized"), "{}", found.text);
}

#[test]
fn login_that_no_registry_asks_for_is_not_tried() {
    let registry = FakeRegistry::start();
    registry.push("team/app:1", &[10]);
    for target in [registry.host(), format!("{}/team/app", registry.host())] {
        let found = check(&target);
        assert!(found.status == "note" && found.text.contains("name an image with its tag"), "{}", found.text);
    }
    let found = check(&format!("{}/team/app:1", registry.host()));
    assert!(found.status == "note" && found.text.contains("requires no login for team/app:1"), "{}", found.text);
    assert!(registry.requests().iter().all(|request| request.user.is_none()));
}

/// A registry whose base path is open to everyone, and whose manifests require a login.
fn open_at_base(password: &'static str) -> HttpServer {
    HttpServer::on_loopback(move |request: Request| match request.path.as_str() {
        "/v2/" => Reply::new(200, "{}"),
        _ if request.header("authorization") == Some(&basic("me", password)) => {
            Reply::new(200, "{}").header("content-type", MANIFEST)
        }
        _ => unauthorized("Basic realm=\"r\""),
    })
}

#[test]
fn manifest_is_requested_although_the_base_path_is_open() {
    let refusing = open_at_base("another");
    let found = check_image(&refusing);
    assert!(found.status == "wrong" && found.text.contains("HTTP 401: unauthorized"), "{}", found.text);
    let accepting = open_at_base(TOKEN);
    let found = check_image(&accepting);
    assert!(found.status == "wrong" && found.text.contains("Docker Engine sends none"), "{}", found.text);
}

#[test]
fn request_that_is_denied_without_a_challenge_is_no_refused_login() {
    for (status, body) in [(403, "denied"), (401, ""), (403, r#"{"errors":[{"code":"DENIED","message":"denied"}]}"#)] {
        let registry = HttpServer::on_loopback(move |_| Reply::new(status, body));
        for target in [host(&registry), format!("{}/team/app:1", host(&registry))] {
            let found = check(&target);
            let text = found.text;
            let is_honest = text.contains("the login was not sent") || text.contains("(it names none)");
            assert!(found.status == "wrong" && is_honest, "{status} {target}: {text}");
        }
    }
    let only_manifests = HttpServer::on_loopback(|request: Request| match request.path.as_str() {
        "/v2/" => Reply::new(403, "Forbidden"),
        _ if has_login(&request) => Reply::new(200, "{}").header("content-type", MANIFEST),
        _ => unauthorized("Basic realm=\"r\""),
    });
    let found = check_image(&only_manifests);
    assert!(found.status == "wrong" && found.text.contains("Docker Engine sends none"), "{}", found.text);
}

#[test]
fn manifest_is_requested_with_get_where_head_fails() {
    for status in [400, 404, 405, 500, 501] {
        let registry = HttpServer::on_loopback(move |request: Request| match &*request.method {
            "HEAD" => Reply::new(status, ""),
            _ if has_login(&request) => Reply::new(200, "{}").header("content-type", MANIFEST),
            _ => unauthorized("Basic realm=\"r\""),
        });
        let found = check_image(&registry);
        assert!(found.status == "good", "{status}: {}", found.text);
    }
}

#[test]
fn every_form_of_a_challenge_is_answered() {
    for challenge in [
        "Basic realm=\"Registry\"",
        "BASIC realm=\"Sonatype Nexus Repository Manager\"",
        "basic",
        "Negotiate, Basic realm=\"a, b\"",
        "Digest realm=\"x\", nonce=\"y\", Basic realm=\"r\", charset=\"UTF-8\"",
    ] {
        let found = check_image(&registry_with_challenge(challenge));
        assert!(found.status == "good", "{challenge}: {}", found.text);
    }
    for (challenge, offer) in [("Negotiate", "(Negotiate)"), ("NTLM, Digest realm=\"x\"", "(NTLM, Digest)")] {
        let found = check_image(&registry_with_challenge(challenge));
        assert!(found.status == "wrong" && found.text.contains(offer), "{challenge}: {}", found.text);
    }
}

/// How a token service answers, and what it received.
struct TokenWorld {
    _service: HttpServer,
    registry: HttpServer,
    requests: Arc<Mutex<Vec<String>>>,
}

impl TokenWorld {
    /// `realm` makes the realm of the service's port. `answer` is the service's answer to a request with
    /// the login.
    fn start(realm: impl Fn(u16) -> String, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
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
    fn lenient(realm: impl Fn(u16) -> String) -> Self {
        Self::start(realm, |request| token_for(request.parameter("scope")))
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn token_for(scope: Option<&str>) -> Reply {
    Reply::json(200, &json!({ "token": format!("token-for-{}", scope.unwrap_or("none")) }))
}

fn realm(port: u16) -> String {
    format!("http://127.0.0.1:{port}/token")
}

#[test]
fn login_is_checked_against_a_registry_with_token_auth() {
    let answer = |request: &Request| {
        assert_eq!(request.parameter("service"), Some("registry.test"));
        if has_login(request) {
            token_for(request.parameter("scope"))
        } else {
            Reply::json(403, &json!({ "errors": [{ "code": "DENIED", "message": "denied" }] }))
        }
    };
    let tokens = TokenWorld::start(realm, answer);
    let host = host(&tokens.registry);
    assert_eq!(check(&host).status, "good");
    assert_eq!(check(&format!("{host}/team/app:1")).status, "good");
    let found = check(&format!("{host}/team/secret:1"));
    assert!(found.status == "wrong" && found.text.contains("does not let it read team/secret"), "{}", found.text);
    let found = check_in(&world_with_password("another token"), &host);
    assert!(found.status == "wrong" && found.text.contains("HTTP 403: denied"), "{}", found.text);
}

#[test]
fn every_form_of_a_token_is_used() {
    type Form = fn(String) -> Value;
    let forms: [Form; 4] = [
        |token| json!({ "token": token }),
        |token| json!({ "access_token": token, "expires_in": 300 }),
        |token| json!({ "token": "", "access_token": token }),
        |token| json!({ "token": token, "access_token": null, "issued_at": "2026-01-01T00:00:00Z" }),
    ];
    for form in forms {
        let answer = move |request: &Request| {
            let scope = request.parameter("scope").unwrap_or_default();
            Reply::json(200, &form(format!("token-for-{scope}")))
        };
        let tokens = TokenWorld::start(realm, answer);
        let found = check_image(&tokens.registry);
        assert!(found.status == "good", "{}", found.text);
    }
    let odd = TokenWorld::start(realm, |_| Reply::new(200, "eyJhbGciOiJub25lIn0.e30."));
    let found = check_image(&odd.registry);
    assert!(!found.text.contains("eyJ") && found.text.contains("in place of a token"), "{}", found.text);
    for body in ["{}", "[]", "<html>login</html>", "", r#"{"token": ""}"#, r#"{"token": "two\nlines"}"#] {
        let tokens = TokenWorld::start(realm, move |_| Reply::new(200, body));
        assert_eq!(check_image(&tokens.registry).status, "wrong", "{body}");
    }
}

#[test]
fn token_service_with_a_query_or_a_redirect_is_used() {
    let with_query = TokenWorld::lenient(|port| format!("http://127.0.0.1:{port}/auth?account=robot"));
    let found = check_image(&with_query.registry);
    assert!(found.status == "good", "{}", found.text);
    let redirecting = TokenWorld::start(realm, |request| match request.path.as_str() {
        "/token" => Reply::new(307, "").header("location", "/login/token?scope=repository:team/app:pull"),
        _ if has_login(request) => token_for(request.parameter("scope")),
        _ => Reply::new(401, ""),
    });
    let found = check_image(&redirecting.registry);
    assert!(found.status == "good", "{}", found.text);
}

#[test]
fn token_service_that_wants_a_form_gets_one() {
    for status in [404, 405, 501] {
        let tokens = TokenWorld::start(realm, move |request| {
            if request.method != "POST" {
                return Reply::new(status, "method not allowed");
            }
            let form = form_pairs(&String::from_utf8_lossy(&request.body));
            let field = |name: &str| form.iter().find(|(is, _)| is == name).map(|(_, value)| value.as_str());
            assert_eq!(field("grant_type"), Some("password"));
            assert_eq!((field("username"), field("password")), (Some("me"), Some(TOKEN)));
            token_for(field("scope"))
        });
        let found = check_image(&tokens.registry);
        assert!(found.status == "good", "{status}: {}", found.text);
        assert_eq!(tokens.requests(), ["GET /token", "POST /token"]);
    }
}

#[test]
fn login_is_not_sent_to_a_remote_token_service_without_tls() {
    for (realm, reason) in [
        ("http://registry.example/token", "without TLS"),
        ("ftp://127.0.0.1/", "no scheme and host"),
        ("token", "no scheme and host"),
        ("/token", "no scheme and host"),
        ("https://a@registry.example/", "contains a login"),
    ] {
        let tokens = TokenWorld::lenient(|_| realm.to_owned());
        let found = check(&host(&tokens.registry));
        let text = found.text;
        assert!(
            found.status == "wrong" && text.contains("the login was not sent there") && text.contains(reason),
            "{text}"
        );
        assert_eq!(tokens.requests(), [""; 0]);
    }
}

#[test]
fn redirects_within_a_registry_are_followed() {
    let registry = HttpServer::on_loopback(|request: Request| match request.path.as_str() {
        "/v2/" => Reply::new(301, "").header("location", "/registry/v2/"),
        "/v2/team/app/manifests/1" => Reply::new(308, "").header("location", "../../../../registry/m"),
        _ if has_login(&request) => Reply::new(200, "{}"),
        _ => unauthorized("Basic realm=\"r\""),
    });
    let found = check_image(&registry);
    assert!(found.status == "good", "{}", found.text);
    let endless = HttpServer::on_loopback(|_| Reply::new(302, "").header("location", "/v2/"));
    let found = check_image(&endless);
    assert!(found.status == "wrong" && found.text.contains("many redirects"), "{}", found.text);
}

#[test]
fn login_is_not_sent_to_the_target_of_a_redirect() {
    let elsewhere = FakeRegistry::with_login("me", TOKEN);
    let address = format!("http://{}/v2/", elsewhere.host());
    let redirecting = HttpServer::on_loopback(move |request: Request| match request.header("authorization") {
        None => unauthorized("Basic realm=\"r\""),
        Some(_) => Reply::new(307, "").header("location", address.clone()),
    });
    let found = check_image(&redirecting);
    let other = format!("redirects the request to http://{}", elsewhere.host());
    assert!(found.status == "wrong" && found.text.contains(&other), "{}", found.text);
    assert_eq!(elsewhere.requests(), []);
}

#[test]
fn long_answers_and_silence_fail_the_registry_check() {
    let endless = HttpServer::on_loopback(|_| Reply::new(403, vec![b'x'; 1_000_000]));
    let found = check_image(&endless);
    assert!(found.status == "wrong" && found.text.len() < 2_500, "{} {}", found.text.len(), found.text);
    let long_token = TokenWorld::start(realm, |_| Reply::new(200, vec![b'x'; 1_000_000]));
    let found = check_image(&long_token.registry);
    assert!(found.status == "wrong" && found.text.contains("longer than 262144 bytes"), "{}", found.text);
    let silent = HttpServer::on_loopback(|_| Reply::stall(Stall::Hang));
    let found = check_image(&silent);
    assert!(found.status == "wrong" && found.text.contains("did not answer in time"), "{}", found.text);
    let cut = HttpServer::on_loopback(|_| Reply::stall(Stall::Reset));
    let found = check_image(&cut);
    assert!(found.status == "wrong" && found.text.contains("was lost"), "{}", found.text);
}

#[test]
fn answers_in_pieces_and_without_headers_are_read() {
    let registry = HttpServer::on_loopback(|request: Request| {
        if has_login(&request) {
            return Reply::script(200, vec![Step::Send("{".into()), Step::Send("}".into())]);
        }
        let body = vec![Step::Send(r#"{"errors":"#.into()), Step::Send(r#"[{"code":"UNAUTHORIZED"}]}"#.into())];
        Reply::script(401, body).header("www-authenticate", "Basic")
    });
    let found = check_image(&registry);
    assert!(found.status == "good", "{}", found.text);
    let found = check_in(&world_with_password("another"), &host(&registry));
    assert!(found.text.contains("HTTP 401: unauthorized"), "{}", found.text);
}

#[test]
fn compressed_words_are_not_shown() {
    let registry = HttpServer::on_loopback(|request: Request| match request.header("authorization") {
        None => unauthorized("Basic realm=\"r\""),
        Some(_) => Reply::new(403, vec![0x1f, 0x8b, 8, 0, 0]).header("content-encoding", "gzip"),
    });
    let found = check_image(&registry);
    assert!(found.status == "wrong" && found.text.contains("(cause: HTTP 403)"), "{}", found.text);
}

#[test]
fn server_of_http_1_0_is_understood() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("127.0.0.1:{}/team/app:1", listener.local_addr().unwrap().port());
    let found = thread::scope(|scope| {
        let check = scope.spawn(|| check(&target));
        // The base path, HEAD and GET of the manifest.
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 8_192];
            let length = stream.read(&mut request).unwrap();
            let has_login = String::from_utf8_lossy(&request[..length]).to_lowercase().contains("authorization: basic");
            let head = if has_login { "200 OK" } else { "401 Unauthorized\r\nWWW-Authenticate: Basic" };
            write!(stream, "HTTP/1.0 {head}\r\n\r\n").unwrap();
        }
        check.join().unwrap()
    });
    assert!(found.status == "good", "{}", found.text);
}

#[test]
fn words_of_a_registry_are_repeated_without_the_login() {
    let registry = HttpServer::on_loopback(|request: Request| match request.header("authorization") {
        None => unauthorized("Basic realm=\"r\""),
        Some(sent) => {
            let encoded = sent.trim_start_matches("Basic ").to_owned();
            let message = format!("no access with {TOKEN} or {encoded} or {}…", &TOKEN[..15]);
            Reply::json(403, &json!({ "errors": [{ "code": "DENIED", "message": message }] }))
        }
    });
    let found = check_image(&registry);
    assert!(found.text.contains("no access with [redacted] or [redacted] or [redacted]…"), "{}", found.text);
    let tokens = TokenWorld::start(realm, |request| {
        Reply::json(403, &json!({ "details": format!("{} is wrong", request.header("authorization").unwrap()) }))
    });
    let found = check_image(&tokens.registry);
    assert!(found.text.contains("Basic [redacted] is wrong"), "{}", found.text);
}

#[test]
fn web_page_in_place_of_a_registry_is_named() {
    for (status, kind) in [(200, "text/html"), (200, "text/plain"), (403, "text/html"), (404, "text/html")] {
        let page = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
        let server = HttpServer::on_loopback(move |_| Reply::new(status, page).header("content-type", kind));
        for target in [host(&server), format!("{}/team/app:1", host(&server))] {
            let found = check(&target);
            let text = found.text;
            assert!(found.status == "wrong" && text.contains("a web page (\"Sign in\")"), "{status} {kind}: {text}");
        }
    }
}
