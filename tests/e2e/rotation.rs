//! Rotation of a secret between its read and the pull, and the use of a pending version before
//! it becomes current.

use crate::support::dockerd::Dockerd;
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::registry::FakeRegistry;
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::RunOutput;
use crate::support::world::lab::{Lab, LabEngine, login, on_both_engines, task};

on_both_engines!(
    secret_rotated_during_a_pull_is_used_in_its_new_version,
    pending_password_works_before_it_becomes_current,
);

fn secret_rotated_during_a_pull_is_used_in_its_new_version(lab: &Lab) {
    let registry = FakeRegistry::with_login("me", "new");
    let image = registry.push("team/app:1", &[100_000]);
    let gate = Gate::closed();
    registry.inject_fault(RequestKind::Ping, Calls::First(1), RegistryFault::Hold(gate.clone()));
    let secret = lab.create_secret("rotated", &login("me", "old"));

    let running = lab.pull(&task(&[("app", &image.reference, Some(&secret.name))])).start();
    gate.block_until_arrivals(1);
    secret.put(&login("me", "new"));
    gate.open();
    let ended = RunOutput::wait_for(running);

    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], image.digest);
    assert_eq!(ended.container(0)["attempts"], 2, "the first attempt is refused and the second succeeds: {ended:?}");
    lab.remove_image(&image.reference);
}

/// By default Docker requests a layer five times with growing delays before it reports a refusal.
#[test]
fn password_changed_between_manifest_and_layers_is_read_again_on_docker() {
    let engine = Dockerd::start(&["--max-download-attempts", "1"]);
    // Docker sends HEAD first, so the second request reads the manifest.
    assert_changed_password_is_read_again(&Lab::with_docker_at(&engine.host()), Calls::Nth(2));
}

#[test]
fn password_changed_between_manifest_and_layers_is_read_again_on_podman() {
    assert_changed_password_is_read_again(&Lab::with(LabEngine::Podman), Calls::Nth(1));
}

/// Changes the password after the manifest was read, and checks that the pull reads the secret again.
fn assert_changed_password_is_read_again(lab: &Lab, manifest: Calls) {
    let registry = FakeRegistry::with_login("me", "old");
    let image = registry.push("team/app:1", &[100_000]);
    let gate = Gate::closed();
    registry.inject_fault(RequestKind::Manifest, manifest, RegistryFault::Hold(gate.clone()));
    let secret = lab.create_secret("changed", &login("me", "old"));

    let running = lab.pull(&task(&[("app", &image.reference, Some(&secret.name))])).start();
    gate.block_until_arrivals(1);
    registry.change_login("me", "new");
    secret.put(&login("me", "new"));
    gate.open();
    let ended = RunOutput::wait_for(running);

    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], image.digest);
    assert_eq!(ended.container(0)["attempts"], 2, "the layers are refused and the second attempt succeeds: {ended:?}");
    lab.remove_image(&image.reference);
}

fn pending_password_works_before_it_becomes_current(lab: &Lab) {
    let image = "127.0.0.1:25001/team-a/app:1.0";
    let secret = lab.create_secret("rehearsed", &login("puller-one", "the old password"));
    let mut pending = login("puller-one", &lab.password("registry-one", "puller-one"));
    pending["VersionStages"] = serde_json::json!(["AWSPENDING"]);
    secret.put(&pending);
    let definition = task(&[("app", image, Some(&secret.name))]);

    let ended = lab.pull(&definition).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    let ended = lab.pull(&definition).arg("--secret-stage").arg("AWSPENDING").output();
    assert_eq!(ended.code, 0, "{ended:?}");
}
