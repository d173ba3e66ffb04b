//! Two processes that pull the same image concurrently.

use std::time::Duration;

use crate::support::fault::Calls;
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::RunOutput;
use crate::support::world::lab::{FaultWorld, Lab, LabEngine, on_both_engines, send_signal, wait_until};

on_both_engines!(two_processes_both_pull_the_image, interrupt_of_one_process_does_not_cancel_the_other);

/// Returns a world whose layers take a second and a half, so that both pulls overlap.
fn slow_world(lab: &Lab) -> FaultWorld<'_> {
    let world = FaultWorld::new(lab);
    world.proxy.inject_fault(RequestKind::Layer, Calls::Every, RegistryFault::Drip(30, Duration::from_millis(50)));
    world
}

/// Returns how many layer requests two pulls of three layers may cost. Docker shares a transfer,
/// Podman does not.
fn max_layer_requests(lab: &Lab) -> usize {
    match lab.engine {
        LabEngine::Docker => 3,
        LabEngine::Podman => 6,
    }
}

fn two_processes_both_pull_the_image(lab: &Lab) {
    let world = slow_world(lab);
    let running = [world.pull().start(), world.pull().start()];
    for running in running {
        let ended = RunOutput::wait_for(running);
        world.assert_pulled(&ended);
        assert_eq!(ended.container(0)["attempts"], 1, "{ended:?}");
    }
    assert!(
        (3..=max_layer_requests(lab)).contains(&world.proxy.request_count(RequestKind::Layer)),
        "{:?}",
        world.proxy.requests()
    );
}

fn interrupt_of_one_process_does_not_cancel_the_other(lab: &Lab) {
    let world = slow_world(lab);
    let (first, second) = (world.pull().start(), world.pull().start());
    wait_until("both pulls are running", || {
        world.proxy.request_count(RequestKind::Ping) >= 2 && world.proxy.request_count(RequestKind::Layer) >= 3
    });
    std::thread::sleep(Duration::from_millis(300));
    send_signal(&first, "INT");
    assert_eq!(RunOutput::wait_for(first).code, 130);
    let ended = RunOutput::wait_for(second);
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["attempts"], 1, "{ended:?}");
    assert!(world.proxy.request_count(RequestKind::Layer) <= max_layer_requests(lab), "{:?}", world.proxy.requests());
}
