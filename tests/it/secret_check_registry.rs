//! `taskpull secret check --registry`: the requests to the registry and its token service, and where a
//! login is not sent.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::json;

use crate::support::http::{HttpServer, Reply, Request, Stall, Step};
use crate::support::registry::FakeRegistry;
use crate::support::registry_check::{
    MANIFEST, TOKEN, TokenWorld, basic, check, check_image, check_in, has_login, host, realm, registry_with_challenge,
    unauthorized, world_with_password,
};

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
