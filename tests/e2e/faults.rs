//! A real engine before a registry that fails.

use std::time::Duration;

use crate::lab::{Lab, on_both_engines, task};
use crate::support::fault::When;
use crate::support::gate::Gate;
use crate::support::registry::{Fault, Kind, Registry};
use crate::support::run::Ended;
use crate::world::wait_for;

on_both_engines!(
    a_registry_that_comes_back_is_tried_again,
    a_registry_that_throttles_is_said_to,
    an_interrupted_pull_is_given_up_by_the_engine_too,
);

fn a_registry_that_comes_back_is_tried_again(lab: &Lab) {
    let registry = Registry::start();
    let image = registry.push("team/app:1", &[100_000]);
    // The engine asks twice on its own: HEAD, then GET.
    registry.fault(Kind::Manifest, When::First(2), Fault::Status(503, "busy".to_owned()));
    let ended = lab.pull(&task(&[("app", &image.reference, None)])).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], image.digest);
    assert!(ended.container(0)["attempts"].as_u64().unwrap() >= 2, "{ended:?}");
    lab.forget(&image.reference);
}

fn a_registry_that_throttles_is_said_to(lab: &Lab) {
    let registry = Registry::start();
    let image = registry.push("team/app:1", &[1_000]);
    let body = r#"{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}"#;
    registry.fault(Kind::Manifest, When::Every, Fault::Status(429, body.to_owned()));
    let ended = lab.pull(&task(&[("app", &image.reference, None)])).env("TASKPULL_ATTEMPTS", "1").end();
    assert_eq!(ended.failure(0), "registry throttled", "{ended:?}");
}

fn an_interrupted_pull_is_given_up_by_the_engine_too(lab: &Lab) {
    let registry = Registry::start();
    let image = registry.push("team/app:1", &[1_000_000]);
    let gate = Gate::closed();
    registry.fault(Kind::Layer, When::First(1), Fault::Hold(gate.clone()));
    let running = lab.pull(&task(&[("app", &image.reference, None)])).start();
    wait_for(&gate, 1);
    let pid = running.id().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
    let ended = Ended::of(running);
    assert_eq!((ended.code, &*ended.failure(0)), (130, "engine cancelled"), "{ended:?}");
    gate.open();
    std::thread::sleep(Duration::from_millis(300));
    assert!(!lab.has(&image.reference), "an abandoned pull does not go on");

    let ended = lab.pull(&task(&[("app", &image.reference, None)])).end();
    assert_eq!(ended.code, 0, "and the next one works: {ended:?}");
    lab.forget(&image.reference);
}
