//! Rotations: a real one between the read of the secret and the pull, and the rehearsal
//! of one before it is current.

use crate::lab::{Lab, login, on_both_engines, task};
use crate::support::fault::When;
use crate::support::gate::Gate;
use crate::support::registry::{Fault, Kind, Registry};
use crate::support::run::Ended;

on_both_engines!(
    a_secret_rotated_in_the_middle_serves_with_its_new_version,
    a_pending_password_is_rehearsed_before_it_is_current,
);

fn a_secret_rotated_in_the_middle_serves_with_its_new_version(lab: &Lab) {
    let registry = Registry::with_login("me", "new");
    let image = registry.push("team/app:1", &[100_000]);
    let gate = Gate::closed();
    registry.fault(Kind::Challenge, When::First(1), Fault::Hold(gate.clone()));
    let secret = lab.own_secret("rotated", &login("me", "old"));

    let running = lab.pull(&task(&[("app", &image.reference, Some(&secret.name))])).start();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(gate.arrived(1));
    secret.put(&login("me", "new"));
    gate.open();
    let ended = Ended::of(running);

    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], image.digest);
    assert_eq!(ended.container(0)["attempts"], 2, "refused once, then served: {ended:?}");
    lab.forget(&image.reference);
}

fn a_pending_password_is_rehearsed_before_it_is_current(lab: &Lab) {
    let image = "127.0.0.1:25001/team-a/app:1.0";
    let secret = lab.own_secret("rehearsed", &login("puller-one", "the old password"));
    let mut pending = login("puller-one", &lab.password("registry-one", "puller-one"));
    pending["VersionStages"] = serde_json::json!(["AWSPENDING"]);
    secret.put(&pending);
    let definition = task(&[("app", image, Some(&secret.name))]);

    let ended = lab.pull(&definition).end();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    let ended = lab.pull(&definition).arg("--secret-stage").arg("AWSPENDING").end();
    assert_eq!(ended.code, 0, "{ended:?}");
}
