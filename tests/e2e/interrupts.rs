//! Interrupts: SIGINT and SIGTERM cancel a pull at each of its stages.

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
    interrupt_during_the_secret_read_makes_no_registry_request,
    interrupt_during_a_silent_registry_request_cancels_the_pull,
    interrupt_during_a_layer_cancels_and_the_next_pull_works,
    interrupt_also_cancels_pulls_that_wait_for_a_permit,
    interrupt_while_unpacking_leaves_the_image_absent_or_complete,
);

const SIGNALS: [&str; 2] = ["INT", "TERM"];

/// The time within which even a busy machine stops one program.
const SOON: Duration = Duration::from_secs(5);

/// Sends a signal, and checks that the run ends soon and reports its containers as cancelled.
fn interrupt(running: std::process::Child, name: &str, containers: usize) -> RunOutput {
    let began = Instant::now();
    send_signal(&running, name);
    let ended = RunOutput::wait_for(running);
    assert!(began.elapsed() < SOON, "{name}: {:?}", began.elapsed());
    assert_eq!(ended.code, 130, "{name}: {ended:?}");
    for at in 0..containers {
        assert_eq!(ended.container(at)["result"], "cancelled", "{name}: {ended:?}");
        assert!(ended.container(at)["failure"]["message"].as_str().unwrap().contains("interrupted"));
    }
    ended
}

fn interrupt_during_the_secret_read_makes_no_registry_request(lab: &Lab) {
    let world = FaultWorld::new(lab);
    for name in SIGNALS {
        let gate = Gate::closed();
        let server_gate = gate.clone();
        let aws = HttpServer::on_loopback(move |_| Reply::stall(Stall::Hold(server_gate.clone())));
        let endpoint = format!("http://127.0.0.1:{}", aws.port());
        let running = world.pull().env("AWS_ENDPOINT_URL", endpoint).start();
        gate.block_until_arrivals(1);
        let ended = interrupt(running, name, 1);
        assert!(ended.container(0)["attempts"].is_null(), "{ended:?}");
    }
    assert!(world.proxy.requests().is_empty(), "{:?}", world.proxy.requests());
}

fn interrupt_during_a_silent_registry_request_cancels_the_pull(lab: &Lab) {
    for (name, on) in SIGNALS.into_iter().zip([RequestKind::Ping, RequestKind::Manifest]) {
        let world = FaultWorld::new(lab);
        let gate = Gate::closed();
        world.proxy.inject_fault(on, Calls::Every, RegistryFault::Hold(gate.clone()));
        let running = world.pull().start();
        gate.block_until_arrivals(1);
        interrupt(running, name, 1);
        world.assert_abandoned(&gate);
    }
}

fn interrupt_during_a_layer_cancels_and_the_next_pull_works(lab: &Lab) {
    for name in SIGNALS {
        let world = FaultWorld::new(lab);
        // The layer arrives slowly, so the engine detects the cancellation at the next byte.
        world.proxy.inject_fault(
            RequestKind::Layer,
            Calls::Every,
            RegistryFault::Drip(1_000, Duration::from_millis(50)),
        );
        let running = world.pull().start();
        wait_until("all layers are requested", || world.proxy.request_count(RequestKind::Layer) == 3);
        interrupt(running, name, 1);
        world.assert_idle();
        world.proxy.clear_faults();
        let ended = world.pull().output();
        world.assert_pulled(&ended);
        assert_eq!(world.proxy.max_concurrent_requests(), 1, "two pulls of one image overlapped");
    }
}

fn interrupt_also_cancels_pulls_that_wait_for_a_permit(lab: &Lab) {
    for name in SIGNALS {
        let world = FaultWorld::new(lab);
        let other = TestImage::push(lab, 1, 1_000).reference_at(&world.proxy.host());
        let gate = Gate::closed();
        world.proxy.inject_fault(RequestKind::Ping, Calls::Every, RegistryFault::Hold(gate.clone()));
        let secret = lab.secret("taskpull/registry-one");
        let containers = [("app", &*world.image_name(), Some(&*secret)), ("waits", &*other, Some(&*secret))];
        let running = lab.pull(&task(&containers)).arg("--concurrency").arg("1").start();
        gate.block_until_arrivals(1);
        let ended = interrupt(running, name, 2);
        let mut attempts: Vec<_> = (0..2).map(|at| ended.container(at)["attempts"].as_u64().unwrap_or(0)).collect();
        attempts.sort_unstable();
        assert_eq!(attempts, [0, 1], "{ended:?}");
        world.assert_abandoned(&gate);
        assert!(!lab.has_image(&other));
    }
}

fn interrupt_while_unpacking_leaves_the_image_absent_or_complete(lab: &Lab) {
    for (name, pause) in SIGNALS.into_iter().zip([0, 20]) {
        let world = FaultWorld::with_image(lab, FaultProxy::start(REGISTRY), 8, 40_000_000);
        let running = world.pull().start();
        wait_until("all layers are transferred", || {
            world.proxy.request_count(RequestKind::Layer) == 8 && world.proxy.requests_in_flight().is_empty()
        });
        std::thread::sleep(Duration::from_millis(pause));
        send_signal(&running, name);
        let ended = RunOutput::wait_for(running);
        // The pull may have completed before the signal.
        assert!([0, 130].contains(&ended.code), "{ended:?}");
        world.proxy.assert_no_request_in_flight();
        let ended = world.pull().output();
        world.assert_pulled(&ended);
    }
}
