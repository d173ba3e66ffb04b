//! Two processes that pull the same image concurrently.

use std::time::Duration;

use crate::lab::{Engine, Lab, on_both_engines};
use crate::support::fault::When;
use crate::support::fault_proxy::{Fault, On};
use crate::support::run::Ended;
use crate::world::{World, signal, wait_until};

on_both_engines!(two_processes_both_pull_the_image, interrupt_of_one_process_does_not_cancel_the_other);

/// Returns a world whose layers take a second and a half, so that both pulls overlap.
fn slow_world(lab: &Lab) -> World<'_> {
    let world = World::new(lab);
    world.proxy.fault(On::Layer, When::Every, Fault::Drip(30, Duration::from_millis(50)));
    world
}

/// Returns how many layer requests two pulls of three layers may cost. Docker shares a transfer,
/// Podman does not.
fn max_layer_requests(lab: &Lab) -> usize {
    match lab.engine {
        Engine::Docker => 3,
        Engine::Podman => 6,
    }
}

fn two_processes_both_pull_the_image(lab: &Lab) {
    let world = slow_world(lab);
    let running = [world.pull().start(), world.pull().start()];
    for running in running {
        let ended = Ended::of(running);
        world.assert_pulled(&ended);
        assert_eq!(ended.container(0)["attempts"], 1, "{ended:?}");
    }
    assert!((3..=max_layer_requests(lab)).contains(&world.proxy.count(On::Layer)), "{:?}", world.proxy.requests());
}

fn interrupt_of_one_process_does_not_cancel_the_other(lab: &Lab) {
    let world = slow_world(lab);
    let (first, second) = (world.pull().start(), world.pull().start());
    wait_until("both pulls are running", || world.proxy.count(On::Ping) >= 2 && world.proxy.count(On::Layer) >= 3);
    std::thread::sleep(Duration::from_millis(300));
    signal(&first, "INT");
    assert_eq!(Ended::of(first).code, 130);
    let ended = Ended::of(second);
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["attempts"], 1, "{ended:?}");
    assert!(world.proxy.count(On::Layer) <= max_layer_requests(lab), "{:?}", world.proxy.requests());
}
