//! Ctrl-C and SIGTERM at every stage of a pull.

use std::time::{Duration, Instant};

use crate::support::fault::Calls;
use crate::support::fault_proxy::FaultProxy;
use crate::support::gate::Gate;
use crate::support::http::{HttpServer, Reply, Stall};
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::RunOutput;
use crate::support::world::lab::{
    FaultWorld, Lab, REGISTRY, TestImage, on_both_engines, send_signal, task, wait_until,
};

on_both_engines!(
    an_interrupt_while_the_secret_is_read_ends_it_before_the_registry_is_asked,
    an_interrupt_while_the_registry_does_not_answer_ends_it,
    an_interrupt_in_the_middle_of_a_layer_ends_it_and_the_next_pull_works,
    an_interrupt_ends_those_that_wait_for_their_turn_too,
    an_interrupt_while_layers_are_unpacked_leaves_the_image_absent_or_whole,
);

const SIGNALS: [&str; 2] = ["INT", "TERM"];

/// Longer than a machine that is busy takes to stop one program.
const SOON: Duration = Duration::from_secs(5);

/// Ends a run by a signal: it reports its containers as cancelled, at once.
fn interrupted(running: std::process::Child, name: &str, containers: usize) -> RunOutput {
    let began = Instant::now();
    send_signal(&running, name);
    let ended = RunOutput::wait_for(running);
    assert!(began.elapsed() < SOON, "{name}: {:?}", began.elapsed());
    assert_eq!(ended.code, 130, "{name}: {ended:?}");
    for at in 0..containers {
        assert_eq!(ended.container(at)["result"], "cancelled", "{name}: {ended:?}");
        assert!(ended.container(at)["failure"]["message"].as_str().unwrap().contains("it was interrupted"));
    }
    ended
}

fn an_interrupt_while_the_secret_is_read_ends_it_before_the_registry_is_asked(lab: &Lab) {
    let world = FaultWorld::new(lab);
    for name in SIGNALS {
        let gate = Gate::closed();
        let door = gate.clone();
        let aws = HttpServer::on_loopback(move |_| Reply::stall(Stall::Hold(door.clone())));
        let endpoint = format!("http://127.0.0.1:{}", aws.port());
        let running = world.pull().env("AWS_ENDPOINT_URL", endpoint).start();
        gate.block_until_arrivals(1);
        let ended = interrupted(running, name, 1);
        assert!(ended.container(0)["attempts"].is_null(), "{ended:?}");
    }
    assert!(world.proxy.requests().is_empty(), "{:?}", world.proxy.requests());
}

fn an_interrupt_while_the_registry_does_not_answer_ends_it(lab: &Lab) {
    for (name, on) in SIGNALS.into_iter().zip([RequestKind::Ping, RequestKind::Manifest]) {
        let world = FaultWorld::new(lab);
        let gate = Gate::closed();
        world.proxy.inject_fault(on, Calls::Every, RegistryFault::Hold(gate.clone()));
        let running = world.pull().start();
        gate.block_until_arrivals(1);
        interrupted(running, name, 1);
        world.assert_abandoned(&gate);
    }
}

fn an_interrupt_in_the_middle_of_a_layer_ends_it_and_the_next_pull_works(lab: &Lab) {
    for name in SIGNALS {
        let world = FaultWorld::new(lab);
        // It moves, slowly: the engine notices at the next byte that nobody wants it.
        world.proxy.inject_fault(
            RequestKind::Layer,
            Calls::Every,
            RegistryFault::Drip(1_000, Duration::from_millis(50)),
        );
        let running = world.pull().start();
        wait_until("all layers are on their way", || world.proxy.request_count(RequestKind::Layer) == 3);
        interrupted(running, name, 1);
        world.assert_idle();
        world.proxy.clear_faults();
        let ended = world.pull().output();
        world.assert_pulled(&ended);
        assert_eq!(world.proxy.max_concurrent_requests(), 1, "two pulls of one image at once");
    }
}

fn an_interrupt_ends_those_that_wait_for_their_turn_too(lab: &Lab) {
    for name in SIGNALS {
        let world = FaultWorld::new(lab);
        let other = TestImage::push(lab, 1, 1_000).reference_at(&world.proxy.host());
        let gate = Gate::closed();
        world.proxy.inject_fault(RequestKind::Ping, Calls::Every, RegistryFault::Hold(gate.clone()));
        let secret = lab.secret("taskpull/registry-one");
        let containers = [("app", &*world.image_name(), Some(&*secret)), ("waits", &*other, Some(&*secret))];
        let running = lab.pull(&task(&containers)).arg("--concurrency").arg("1").start();
        gate.block_until_arrivals(1);
        let ended = interrupted(running, name, 2);
        let mut attempts: Vec<_> = (0..2).map(|at| ended.container(at)["attempts"].as_u64().unwrap_or(0)).collect();
        attempts.sort_unstable();
        assert_eq!(attempts, [0, 1], "{ended:?}");
        world.assert_abandoned(&gate);
        assert!(!lab.has_image(&other));
    }
}

fn an_interrupt_while_layers_are_unpacked_leaves_the_image_absent_or_whole(lab: &Lab) {
    for (name, pause) in SIGNALS.into_iter().zip([0, 20]) {
        let world = FaultWorld::with_image(lab, FaultProxy::start(REGISTRY), 8, 40_000_000);
        let running = world.pull().start();
        wait_until("all layers are brought", || {
            world.proxy.request_count(RequestKind::Layer) == 8 && world.proxy.requests_in_flight().is_empty()
        });
        std::thread::sleep(Duration::from_millis(pause));
        send_signal(&running, name);
        let ended = RunOutput::wait_for(running);
        // It may have been done already.
        assert!([0, 130].contains(&ended.code), "{ended:?}");
        world.proxy.assert_no_request_in_flight();
        let ended = world.pull().output();
        world.assert_pulled(&ended);
    }
}
