//! A real rotation between the read of the secret and the pull.

use crate::lab::{Lab, task};
use crate::support::fault::When;
use crate::support::gate::Gate;
use crate::support::registry::{Fault, Kind, Registry};
use crate::support::run::Ended;

#[test]
fn a_secret_rotated_in_the_middle_serves_with_its_new_version() {
    let lab = Lab::here();
    let registry = Registry::with_login("me", "new");
    let image = registry.push("team/app:1", &[100_000]);
    let gate = Gate::closed();
    registry.fault(Kind::Challenge, When::First(1), Fault::Hold(gate.clone()));
    let name = format!("taskpull/rotated-{}", std::process::id());
    let value = |password: &str| format!(r#"SecretString='{{"username": "me", "password": "{password}"}}'"#);
    lab.secrets_manager(&format!("create_secret(Name='{name}', {})", value("old")));

    let running = lab.pull(&task(&[("app", &image.reference, Some(&name))])).start();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(gate.arrived(1));
    lab.secrets_manager(&format!("put_secret_value(SecretId='{name}', {})", value("new")));
    gate.open();
    let ended = Ended::of(running);
    lab.secrets_manager(&format!("delete_secret(SecretId='{name}', ForceDeleteWithoutRecovery=True)"));

    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], image.digest);
    assert_eq!(ended.container(0)["attempts"], 2, "refused once, then served: {ended:?}");
    lab.forget(&image.reference);
}
