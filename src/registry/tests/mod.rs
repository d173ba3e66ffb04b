//! Every error of direct requests to a registry, as the user reads it, and the properties of
//! challenges.

use std::io;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use proptest::prelude::*;

use super::challenge::{Challenge, Challenges};
use super::registry_error::read_answer;
use super::token_service::TokenService;
use super::{LoginError, LoginTarget, RegistryError};
use crate::answers::{AnswerSource, SentLogin};
use crate::credential::Login;
use crate::error::Failure;
use crate::error::catalogue::render;

fn host() -> String {
    "r.example".to_owned()
}

fn target() -> LoginTarget {
    LoginTarget::parse("r.example/team/app:1").unwrap()
}

fn target_error(text: &str) -> Failure {
    LoginTarget::parse(text).unwrap_err().into()
}

fn failed(source: RegistryError) -> Failure {
    LoginError::Request { target: target().into(), login: SentLogin::unremarkable(), source }.into()
}

fn answer_from(source: AnswerSource, status: u16, body: &'static str) -> RegistryError {
    let response = Response::builder().status(status).body(Bytes::from(body)).unwrap();
    RegistryError::Answer(Box::new(read_answer(source, "r.example", &response, &[&Login::Anonymous])))
}

fn answer(status: u16, body: &'static str) -> RegistryError {
    answer_from(AnswerSource::Registry, status, body)
}

fn token_answer(status: u16, body: &'static str) -> RegistryError {
    answer_from(AnswerSource::TokenService, status, body)
}

#[test]
fn the_errors_of_direct_requests_are_unchanged() {
    let not_found = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}"#;
    let denied = r#"{"errors":[{"code":"DENIED","message":"denied"}]}"#;
    let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    let realm = TokenService::from_realm("http://auth.example/", "r.example").unwrap_err();
    let errors = render([
        ("no registry", target_error("team/app")),
        ("upper case in a repository", target_error("ghcr.io/Team")),
        (
            "no connection",
            failed(RegistryError::Unreachable { host: host(), source: io::ErrorKind::ConnectionRefused.into() }),
        ),
        ("connection lost", failed(RegistryError::ConnectionLost { host: host() })),
        ("untrusted certificate", failed(RegistryError::Tls { host: host(), source: untrusted })),
        ("too long", failed(RegistryError::ResponseTooLong { limit: 4 << 20 })),
        ("URL", failed(RegistryError::Uri)),
        ("redirect", failed(RegistryError::Redirect { to: "https://other.example".to_owned() })),
        ("absent repository", failed(answer(404, not_found))),
        ("web page", failed(answer(403, "<html><head><title>403 Forbidden</title></head></html>"))),
        ("throttled", failed(answer(429, "slow down"))),
        ("server error", failed(answer(500, ""))),
        ("refused by the token service", failed(token_answer(403, denied))),
        ("no token", failed(RegistryError::NoToken { host: "auth.example".to_owned(), is_web_page: true })),
        ("no challenge", failed(RegistryError::unsupported_challenge(&[]))),
        ("challenge", failed(RegistryError::unsupported_challenge(&["Negotiate".to_owned(), "NTLM".to_owned()]))),
        ("realm", failed(realm)),
        (
            "no login asked for",
            LoginError::Request { target: target().into(), login: SentLogin::Anonymous, source: answer(403, denied) }
                .into(),
        ),
        ("repository", LoginError::Repository { target: target().into(), source: answer(401, denied) }.into()),
        ("not asked", LoginError::NotAsked { host: host(), image: "team/app:1".to_owned() }.into()),
        ("timeout", LoginError::TimedOut { host: host() }.into()),
    ]);
    insta::assert_snapshot!(errors);
}

#[test]
fn the_texts_of_registry_errors_are_unchanged() {
    let texts =
        [RegistryError::NoCredentials.to_string(), RegistryError::InvalidResponse("it is not a manifest").to_string()];
    insta::assert_snapshot!(texts.join("\n"));
}

fn challenge(text: &str) -> Option<Challenge> {
    let mut headers = HeaderMap::new();
    headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_str(text).ok()?);
    Challenges::from_headers(&headers).preferred()
}

proptest! {
    #[test]
    fn a_quoted_challenge_gives_its_realm_and_service(realm in "[ -~]{0,20}", service in "[ -~]{0,20}", scope in "[a-z:,/]{0,12}") {
        let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let text = format!("Bearer scope={},realm={},service={}", quote(&scope), quote(&realm), quote(&service));
        prop_assert_eq!(challenge(&text), Some(Challenge::Bearer { realm, service: Some(service) }));
    }

    #[test]
    fn no_header_makes_the_challenge_parser_panic(text in "(Bearer |Basic |bearer)?[a-z=\", \\\\]{0,40}|[ -~]{0,60}") {
        let _ = challenge(&text);
    }

    #[test]
    fn a_realm_never_carries_a_login_and_never_drops_tls(realm in "(https?|ftp)://[a-z.@:0-9/?-]{0,30}|\\PC{0,30}") {
        if let Ok(tokens) = TokenService::from_realm(&realm, "r.example") {
            prop_assert!(realm.trim().to_ascii_lowercase().starts_with("https://"));
            prop_assert!(!tokens.host().contains('@'));
        }
    }

    #[test]
    fn an_accepted_target_makes_a_valid_url(text in "[a-z.]{0,8}(:[0-9]{0,4})?(/[a-z/:.@]{0,12})?|\\PC{0,20}") {
        if let Ok(target) = LoginTarget::parse(&text) {
            let image = target.reference();
            let path = format!("/v2/{}/manifests/x", image.repository());
            prop_assert!(super::endpoint::api_uri(image.registry(), &path).is_some());
        }
    }
}
