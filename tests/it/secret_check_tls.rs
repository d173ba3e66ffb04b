//! `taskpull secret check --registry` at a registry whose TLS fails: each cause has its own message.

use serde_json::{Value, json};

use crate::support::aws::{Policy, Secret};
use crate::support::http::{HttpServer, Reply};
use crate::support::names::GET_SECRET_VALUE;
use crate::support::namespace::enter_network;
use crate::support::pki::{CertificateAuthority, ClientAuth, Validity};
use crate::support::registry::FakeRegistry;
use crate::support::run::Run;
use crate::support::tls::{Backend, TlsTerminator};
use crate::support::world::SecretWorld;

const TOKEN: &str = "dckr_pat_c4nary-token";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:team/registry-Ab12Cd";
/// An address that is not this machine's, so that the registry there needs TLS.
const ADDRESS: &str = "10.66.0.1";

/// Checks the login at a port of `ADDRESS`, and returns `link class` with the text and the hint.
fn check(port: u16, authority: Option<&CertificateAuthority>) -> String {
    let allowed = Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("secretsmanager:DescribeSecret", "*"));
    let world = SecretWorld::new(allowed);
    world.aws.put_secret(Secret::text(SECRET, &json!({ "username": "me", "password": TOKEN }).to_string()));
    let target = format!("{ADDRESS}:{port}/team/app:1");
    let run = Run::new(["secret", "check", "--for", "direct", "--output", "json", "--registry", &target, SECRET]);
    let run = run.env("AWS_REGION", "eu-west-1").env("TASKPULL_SECRETS_TIMEOUT", "5s");
    let run = match authority {
        Some(authority) => run.env("SSL_CERT_FILE", authority.ca_path()),
        None => run,
    };
    let ended = world.output(run, TOKEN);
    let output: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let findings = output["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == "registry").unwrap();
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    [text("found"), text("link"), text("class"), text("says"), text("hint")].join(" ")
}

#[test]
fn every_failure_of_tls_has_its_own_cause() {
    if !enter_network("secret_check_tls::every_failure_of_tls_has_its_own_cause", &[ADDRESS]) {
        return;
    }
    let registry = FakeRegistry::with_login("me", TOKEN);
    registry.push("team/app:1", &[10]);
    let backend: u16 = registry.host().rsplit(':').next().unwrap().parse().unwrap();
    let authority = CertificateAuthority::new();
    let connect = |name: &str, validity, client_auth, trusted: Option<&CertificateAuthority>| {
        let config = authority.server_config(name, validity, client_auth);
        let server = TlsTerminator::start_at(ADDRESS, Backend::Port(backend), config);
        check(server.port(), trusted)
    };
    let (valid, none, trusted) = (Validity::Valid, ClientAuth::None, Some(&authority));
    let other_authority = CertificateAuthority::new();
    assert_text(&connect(ADDRESS, valid, none, trusted), "good", "lets the login read team/app:1");
    let wrong = "wrong registry unsupported";
    let untrusted = connect(ADDRESS, valid, none, Some(&other_authority));
    assert_text(&untrusted, wrong, "taskpull does not trust the certificate");
    assert_text(&untrusted, wrong, "SSL_CERT_FILE");
    assert_text(&connect(ADDRESS, Validity::Expired, none, trusted), wrong, "has expired");
    assert_text(&connect("other.example", valid, none, trusted), wrong, "is for another host name");
    assert_text(&connect(ADDRESS, valid, ClientAuth::Required, trusted), wrong, "requires a client certificate");
    let plain = HttpServer::bind(&format!("{ADDRESS}:0"), |_| Reply::new(200, "{}"));
    assert_text(&check(plain.port(), trusted), wrong, "uses plain HTTP");
}

fn assert_text(text: &str, start: &str, part: &str) {
    assert!(text.starts_with(start) && text.contains(part), "{part}: {text}");
}
