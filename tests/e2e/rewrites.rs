//! Rewrites on a real engine, with a registry under an ECR host name and the lab's registry as its
//! upstream: pulls through the rule, the fallback, and the name of the image on the engine.

use std::io::Write as _;

use tempfile::NamedTempFile;

use crate::support::dockerd::Dockerd;
use crate::support::fault::Calls;
use crate::support::registry::FakeRegistry;
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::RunOutput;
use crate::support::world::lab::{Lab, REGISTRY, task};

const ECR: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";

/// The user name in every ECR token.
const USER: &str = "AWS";

#[test]
fn image_comes_through_its_rule_and_from_upstream_during_an_outage() {
    let engine = Dockerd::with_host_name(ECR);
    let lab = Lab::with_docker_at(&engine.host());
    let rule = FakeRegistry::with_user(USER);
    let (host, image) = (rule.host().replace("127.0.0.1", ECR), format!("{REGISTRY}/team-a/app:1.0"));
    let mut config = NamedTempFile::new().unwrap();
    write!(config, "[[rewrite]]\nfrom = \"{REGISTRY}\"\nto = \"{host}/hub\"\n").unwrap();
    let definition = task(&[("app", &image, Some(&lab.secret("taskpull/registry-one")))]);
    let pull = |behavior: &str| -> RunOutput {
        let run = lab.pull(&definition).env("TASKPULL_CONFIG", config.path());
        run.arg("--behavior").arg(behavior).output()
    };
    let id = |name: &str| lab.docker(&["image", "inspect", "--format", "{{.Id}}", name]);
    let via = format!("{host}/hub/team-a/app:1.0");

    let missing = pull("default");
    assert_eq!((missing.code, missing.container(0)["failure"]["class"].as_str()), (3, Some("absent")), "{missing:?}");
    assert!(!lab.has_image(&image), "a missing rule does not cause a fallback");

    let mirrored = rule.push("hub/team-a/app:1.0", &[4_096]);
    let pulled = pull("default");
    let app = pulled.container(0);
    assert_eq!(
        (pulled.code, &app["via"], &app["digest"]),
        (0, &via.clone().into(), &mirrored.digest.clone().into()),
        "{pulled:?}"
    );
    assert!(!id(&image).is_empty() && id(&image) == id(&via));

    let layers = rule.request_count(RequestKind::Layer);
    for behavior in ["once", "prefer-cached"] {
        let cached = pull(behavior);
        let app = cached.container(0);
        assert_eq!((&app["result"], &app["verified"]), (&"cached".into(), &true.into()), "{behavior}: {cached:?}");
        assert_eq!(app["digest"], mirrored.digest);
    }
    assert_eq!(rule.request_count(RequestKind::Layer), layers, "no layer is fetched again");

    rule.inject_fault(RequestKind::Manifest, Calls::Every, RegistryFault::Response(503, None, ""));
    let fallback = pull("default");
    let app = fallback.container(0);
    assert_eq!(
        (fallback.code, &app["result"], &app["fallback"]["via"]),
        (0, &"pulled".into(), &via.clone().into()),
        "{fallback:?}"
    );
    assert_eq!(app["digest"], lab.digest("registry-one", "team-a/app"));
    assert_ne!(id(&image), id(&via), "the name now refers to the image of the upstream");

    assert!(rule.requests().into_iter().filter_map(|request| request.user).all(|user| user == USER));
}
