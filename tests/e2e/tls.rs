//! The lab's engine behind TLS, like an engine on another host.

use serde_json::json;

use crate::support::digest::sha256;
use crate::support::pki::{CertificateAuthority, ClientAuth, Validity};
use crate::support::registry::FakeRegistry;
use crate::support::tls::{Backend, TlsTerminator};
use crate::support::world::lab::{Lab, on_both_engines, task};

on_both_engines!(private_image_is_pulled_through_tls_by_address_and_context);

fn private_image_is_pulled_through_tls_by_address_and_context(lab: &Lab) {
    let (pki, home) = (CertificateAuthority::new(), tempfile::tempdir().unwrap());
    let tls = TlsTerminator::start(
        Backend::Socket(lab.engine_socket()),
        pki.server_config("127.0.0.1", Validity::Valid, ClientAuth::Required),
    );
    let registry = FakeRegistry::with_login("canary", &lab.password("registry-one", "canary"));
    let image = registry.push("team/tls:1", &[50_000]);
    let definition = task(&[("app", &image.reference, Some(&lab.secret("taskpull/canary")))]);

    let without = lab.pull(&definition).env("DOCKER_HOST", tls.host()).output();
    assert_eq!(without.failure(0), "engine engine-gone", "{without:?}");

    pki.write_client_files(home.path());
    let run = lab.pull(&definition).env("DOCKER_HOST", tls.host());
    let ended = run.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", home.path()).output();
    assert_eq!((ended.code, &ended.container(0)["result"]), (0, &json!("pulled")), "{ended:?}");
    assert!(lab.has_image(&image.reference));

    let store = |kind: &str| home.path().join("contexts").join(kind).join(sha256("lab"));
    std::fs::create_dir_all(store("meta")).unwrap();
    std::fs::create_dir_all(store("tls").join("docker")).unwrap();
    let meta = json!({ "Name": "lab", "Metadata": {}, "Endpoints": { "docker": { "Host": tls.host() } } });
    std::fs::write(store("meta").join("meta.json"), meta.to_string()).unwrap();
    pki.write_client_files(&store("tls").join("docker"));
    let run = lab.pull(&definition).arg("--context").arg("lab");
    let ended = run.env("DOCKER_CONFIG", home.path()).output();
    assert_eq!((ended.code, &ended.container(0)["result"]), (0, &json!("up-to-date")), "{ended:?}");
    lab.remove_image(&image.reference);
}
