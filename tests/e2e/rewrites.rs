//! A real engine, a registry under ECR's name, and the lab's as its upstream: through a rule,
//! past it, and what the engine then knows the image by.

use std::io::Write as _;

use tempfile::NamedTempFile;

use crate::lab::{Lab, task};
use crate::own_image::REGISTRY;
use crate::support::dockerd::Dockerd;
use crate::support::fault::When;
use crate::support::registry::{Fault, Kind, Registry};
use crate::support::run::Ended;

const ECR: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";

/// The user name in every token of ECR's.
const USER: &str = "AWS";

#[test]
fn an_image_comes_through_its_rule_under_the_name_of_its_upstream_and_past_it_in_an_outage() {
    let engine = Dockerd::knowing(ECR);
    let lab = Lab::with_docker_at(&engine.host());
    let rule = Registry::with_user(USER);
    let (host, image) = (rule.host().replace("127.0.0.1", ECR), format!("{REGISTRY}/team-a/app:1.0"));
    let mut config = NamedTempFile::new().unwrap();
    write!(config, "[[rewrite]]\nfrom = \"{REGISTRY}\"\nto = \"{host}/hub\"\n").unwrap();
    let definition = task(&[("app", &image, Some(&lab.secret("taskpull/registry-one")))]);
    let pull = |behavior: &str| -> Ended {
        let run = lab.pull(&definition).env("TASKPULL_CONFIG", config.path());
        run.arg("--behavior").arg(behavior).end()
    };
    let id = |name: &str| lab.docker(&["image", "inspect", "--format", "{{.Id}}", name]);
    let via = format!("{host}/hub/team-a/app:1.0");

    let missing = pull("default");
    assert_eq!((missing.code, missing.container(0)["failure"]["class"].as_str()), (3, Some("absent")), "{missing:?}");
    assert!(!lab.has(&image), "a rule that is missing is not passed over");

    let behind = rule.push("hub/team-a/app:1.0", &[4_096]);
    let pulled = pull("default");
    let app = pulled.container(0);
    assert_eq!(
        (pulled.code, &app["via"], &app["digest"]),
        (0, &via.clone().into(), &behind.digest.clone().into()),
        "{pulled:?}"
    );
    assert!(!id(&image).is_empty() && id(&image) == id(&via));

    let layers = rule.count(Kind::Layer);
    for behavior in ["once", "prefer-cached"] {
        let cached = pull(behavior);
        let app = cached.container(0);
        assert_eq!((&app["result"], &app["verified"]), (&"cached".into(), &true.into()), "{behavior}: {cached:?}");
        assert_eq!(app["digest"], behind.digest);
    }
    assert_eq!(rule.count(Kind::Layer), layers, "nothing was fetched again");

    rule.fault(Kind::Manifest, When::Every, Fault::Status(503, String::new()));
    let past = pull("default");
    let app = past.container(0);
    assert_eq!(
        (past.code, &app["result"], &app["fallback"]["via"]),
        (0, &"pulled".into(), &via.clone().into()),
        "{past:?}"
    );
    assert_eq!(app["digest"], lab.digest("registry-one", "team-a/app"));
    assert_ne!(id(&image), id(&via), "the upstream's own image has the name now");

    assert!(rule.requests().into_iter().filter_map(|request| request.user).all(|user| user == USER));
}
