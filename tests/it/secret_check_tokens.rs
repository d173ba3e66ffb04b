//! `taskpull secret check --registry` at a registry with a token service.

use serde_json::{Value, json};

use crate::support::http::{Reply, Request, form_pairs};
use crate::support::registry_check::{
    TOKEN, TokenWorld, check, check_image, check_in, has_login, host, realm, token_for, world_with_password,
};

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
