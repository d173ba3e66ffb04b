//! Every error of the module as its reader sees it, and the properties of the redaction.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use crate::credential::{Login, redact_login};
use crate::engine::auth_header::auth_header;
use crate::engine::endpoint::{Tls, Trust};
use crate::engine::stream_line::parse_line;
use crate::engine::{
    AddressError, DockerAddress, EngineEndpoint, EngineError, EngineSelector, TlsUse, UnreachableReason,
};
use crate::error::{Failure, catalogue};
use crate::secret::Secret;
use crate::task::ImageReference;

type Entry = (&'static str, Failure);

fn entry(name: &'static str, error: &EngineError) -> Entry {
    (name, Failure::from(error.clone()))
}

fn socket() -> DockerAddress {
    DockerAddress::parse("unix:///var/run/docker.sock").unwrap()
}

fn remote() -> DockerAddress {
    DockerAddress::parse("tcp://engine.example:2376").unwrap()
}

fn connection_errors() -> Vec<Entry> {
    let system = |code| socket().connection_failed(&io::Error::from_raw_os_error(code));
    let lookup = io::Error::other("failed to lookup address information: Name or service not known");
    vec![
        entry("socket does not exist", &system(2)),
        entry("socket is not permitted", &system(13)),
        entry("connection refused by a socket", &system(111)),
        entry("connection refused by a host", &remote().connection_failed(&io::Error::from_raw_os_error(111))),
        entry("too many open files", &system(24)),
        entry("no route", &remote().connection_failed(&io::Error::from_raw_os_error(113))),
        entry("unknown host", &remote().connection_failed(&lookup)),
        entry("connection reset", &system(104)),
        entry("no response", &EngineError::no_response("unix:///var/run/docker.sock")),
        entry("stream ended within a line", &parse_line(&socket(), br#"{"status":"Pul"#).unwrap_err()),
        entry("line is no JSON", &parse_line(&socket(), b"<html>").unwrap_err()),
        entry("error in the stream", &parse_line(&socket(), br#"{"errorDetail":{"message":"denied"}}"#).unwrap_err()),
        entry(
            "version no longer supported",
            &EngineError::ApiTooNew {
                host: "unix:///var/run/docker.sock".to_owned(),
                requested: "1.53".to_owned(),
                message: "client version 1.53 is too old".to_owned(),
            },
        ),
    ]
}

fn tls_errors() -> Vec<Entry> {
    use rustls::{AlertDescription, CertificateError, InvalidMessage};
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::read(folder.path(), Trust::CaOrSystem).unwrap();
    let address = remote().with_tls(tls);
    let failed = |error: rustls::Error| address.connection_failed(&io::Error::other(error));
    vec![
        entry("plain HTTP to a TLS port", &address.unreachable(UnreachableReason::TlsRequired)),
        entry("TLS to a plain port", &failed(InvalidMessage::InvalidContentType.into())),
        entry("untrusted certificate", &failed(CertificateError::UnknownIssuer.into())),
        entry("certificate of another host", &failed(CertificateError::NotValidForName.into())),
        entry("expired certificate", &failed(CertificateError::Expired.into())),
        entry(
            "client certificate required",
            &failed(rustls::Error::AlertReceived(AlertDescription::CertificateRequired)),
        ),
        entry(
            "client certificate rejected",
            &address.unreachable(UnreachableReason::ClientCertificateRejected("UnknownCA".to_owned())),
        ),
        entry("failed handshake", &failed(rustls::Error::NoCertificatesPresented)),
    ]
}

fn address_error(name: &'static str, result: Result<impl Sized, AddressError>) -> Entry {
    let error = result.err().unwrap_or_else(|| panic!("{name}: no error"));
    assert!(error.source().is_none_or(|source| !error.to_string().contains(&source.to_string())), "{name}");
    (name, Failure::from(error))
}

fn selector(endpoint: EngineEndpoint, tls: TlsUse, folder: Option<&Path>) -> EngineSelector {
    EngineSelector { endpoint, tls, cert_folder: None, docker_folder: folder.map(Path::to_owned) }
}

fn address_errors(folder: &Path) -> Vec<Entry> {
    let host =
        |host: &str, tls, folder: Option<&Path>| selector(EngineEndpoint::Host(host.to_owned()), tls, folder).resolve();
    let context =
        |name: &str, folder| selector(EngineEndpoint::Context(name.to_owned()), TlsUse::Off, folder).resolve();
    let tls = |files: &[(&str, &str)]| {
        let folder = folder.join("tls");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        host("tcp://engine.example:2376", TlsUse::Verified, Some(&folder))
    };
    let pki = rcgen::generate_simple_self_signed(["engine.example".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["engine.example".to_owned()]).unwrap();
    let (certificate, key) = (&*pki.cert.pem(), &*other.signing_key.serialize_pem());
    fs::write(folder.join("config.json"), r#"{"currentContext": 1}"#).unwrap();
    let current = EngineEndpoint::Current { default_host: "unix:///docker.sock".to_owned() };
    vec![
        address_error("unknown form", host("docker.example", TlsUse::Off, None)),
        address_error("relative socket", host("unix://docker.sock", TlsUse::Off, None)),
        address_error("host without a port", host("tcp://docker.example", TlsUse::Off, None)),
        address_error("SSH", host("ssh://docker.example", TlsUse::Off, None)),
        address_error("TLS without verification", host("tcp://engine.example:2376", TlsUse::Unverified, None)),
        address_error("TLS without a folder", host("tcp://engine.example:2376", TlsUse::Verified, None)),
        address_error("context without a folder", context("remote", None)),
        address_error("unknown context", context("remote", Some(folder))),
        address_error("broken config.json", selector(current, TlsUse::Off, Some(folder)).resolve()),
        address_error("no ca.pem", tls(&[])),
        address_error("empty ca.pem", tls(&[("ca.pem", "")])),
        address_error("key without a certificate", tls(&[("ca.pem", certificate), ("key.pem", key)])),
        address_error(
            "certificate in place of the key",
            tls(&[("ca.pem", certificate), ("cert.pem", certificate), ("key.pem", certificate)]),
        ),
        address_error(
            "key of another certificate",
            tls(&[("ca.pem", certificate), ("cert.pem", certificate), ("key.pem", key)]),
        ),
        address_error(
            "TLS library",
            Err::<(), _>(AddressError::TlsSetup { message: "no usable cipher suites in config".to_owned() }),
        ),
    ]
}

#[test]
fn engine_errors_in_full() {
    let folder = tempfile::tempdir().unwrap();
    let errors = [connection_errors(), tls_errors(), address_errors(folder.path())].concat();
    let text = catalogue::render(errors).replace(&folder.path().display().to_string(), "/home/me/.docker");
    insta::assert_snapshot!(text);
}

proptest! {
    #[test]
    fn no_form_of_a_login_survives_redaction(
        username in "[a-zA-Z0-9$+/ÿ\"\\\\ -]{4,20}",
        password in "[ -~ÿ\t]{4,30}",
        offset in 0..3_usize,
    ) {
        let secret = |text: &str| Secret::new(text.to_owned());
        let login = Login::Password { username: secret(&username), password: secret(&password) };
        let header = auth_header(&ImageReference::parse("r.example/a").unwrap(), &login).unwrap();
        let json = serde_json::to_string(&password).unwrap();
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
        let percent = |b: u8| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
        let forms = [
            password.clone(),
            username.clone(),
            json[1..json.len() - 1].to_owned(),
            password.bytes().map(percent).collect(),
            STANDARD.encode(format!("{username}:{password}")),
            URL_SAFE.encode(format!("{}{password}", "x".repeat(offset))),
            header.to_str().unwrap().to_owned(),
        ];
        for form in &forms {
            let text = redact_login(format!("message: <{form}>"), &login, header.to_str().ok());
            prop_assert!(!text.contains(form.as_str()), "{} in {}", form, text);
        }
    }

    #[test]
    fn a_message_without_the_login_stays_unchanged(text in "[a-z ]{0,60}", password in "[A-Z]{4,20}") {
        let password = Secret::new(password);
        let login = Login::Password { username: Secret::new("ME".to_owned()), password };
        prop_assert_eq!(redact_login(text.clone(), &login, None), text);
    }
}
