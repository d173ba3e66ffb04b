//! Every error of direct requests to a registry, as the user reads it, and the properties of
//! challenges.

use std::io;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use proptest::prelude::*;

use super::challenge::Challenge;
use super::token_service::TokenService;
use super::{LoginError, LoginTarget, RegistryError};
use crate::error::Failure;
use crate::error::catalogue::render;

fn host() -> String {
    "r.example".to_owned()
}

fn target_error(text: &str) -> Failure {
    LoginTarget::parse(text).unwrap_err().into()
}

fn unreachable(source: RegistryError) -> Failure {
    LoginError::Unreachable { host: host(), source }.into()
}

fn status(code: u16) -> Failure {
    LoginError::Status { host: host(), status: StatusCode::from_u16(code).unwrap() }.into()
}

#[test]
fn the_errors_of_direct_requests_are_unchanged() {
    let forbidden = StatusCode::FORBIDDEN;
    let repository = "team/app".to_owned();
    let image = "team/app:1".to_owned();
    let errors = render([
        ("no registry", target_error("team/app")),
        ("upper case in a repository", target_error("ghcr.io/Team")),
        ("no connection", unreachable(RegistryError::Unreachable(io::ErrorKind::ConnectionRefused.into()))),
        ("connection lost", unreachable(RegistryError::ConnectionLost)),
        ("URL", unreachable(RegistryError::Uri)),
        ("unexpected response", unreachable(RegistryError::Status(307))),
        ("timeout", LoginError::TimedOut { host: host() }.into()),
        ("redirect", status(307)),
        ("not found", status(404)),
        ("throttled", status(429)),
        ("server error", status(500)),
        ("challenge", LoginError::Challenge { host: host() }.into()),
        ("realm", LoginError::Realm { host: host() }.into()),
        ("no token", LoginError::NoToken { host: host() }.into()),
        ("refused", LoginError::Refused { host: host(), status: forbidden }.into()),
        ("repository", LoginError::Repository { host: host(), repository, status: forbidden }.into()),
        ("absent image", LoginError::Absent { host: host(), image }.into()),
    ]);
    insta::assert_snapshot!(errors);
}

#[test]
fn the_texts_of_registry_errors_are_unchanged() {
    let texts = [
        RegistryError::UnsupportedChallenge.to_string(),
        RegistryError::NoCredentials.to_string(),
        RegistryError::InvalidResponse("it is not a token").to_string(),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}

fn challenge(text: &str) -> Option<Challenge> {
    let mut headers = HeaderMap::new();
    headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_str(text).ok()?);
    Challenge::from_headers(&headers)
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
        if let Some(tokens) = TokenService::from_realm(&realm, "r.example") {
            prop_assert!(realm.to_ascii_lowercase().starts_with("https://"));
            prop_assert!(!tokens.host().contains('@'));
        }
    }

    #[test]
    fn an_accepted_target_makes_a_valid_url(text in "[a-z.]{0,8}(:[0-9]{0,4})?(/[a-z/:.@]{0,12})?|\\PC{0,20}") {
        if let Ok(target) = LoginTarget::parse(&text) {
            let repository = target.image.as_ref().map_or("x", |image| &image.repository);
            let path = format!("/v2/{repository}/manifests/x");
            prop_assert!(super::endpoint::api_uri(&target.registry, &path).is_some());
        }
    }
}
