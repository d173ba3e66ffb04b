//! An engine that is killed, hangs, shuts down or restarts during a pull.

use std::time::{Duration, Instant};

use crate::support::dockerd::Dockerd;
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{FaultWorld, Lab, task, wait_until, with_attempts, with_short_deadlines};

/// Gives the engine a minute to restart.
fn wait_for_restart(run: Run) -> Run {
    run.env("TASKPULL_ENGINE_RESTART_TIMEOUT", "60s")
}

#[test]
fn pull_completes_after_the_engine_is_killed_and_restarted() {
    let mut engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = FaultWorld::new(&lab);
    let gate = Gate::closed();
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::HoldMidBody(gate.clone()));
    let running = wait_for_restart(world.pull()).start();
    gate.block_until_arrivals(1);
    engine.kill();
    world.proxy.assert_no_request_in_flight();
    engine.restart();
    let ended = RunOutput::wait_for(running);
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["retries"][0]["error"]["class"], "engine-gone", "{ended:?}");
    assert_eq!(world.proxy.max_concurrent_requests(), 1, "two pulls of one image never overlap");
}

#[test]
fn pull_completes_after_the_engine_shuts_down_and_restarts() {
    let mut engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = FaultWorld::new(&lab);
    world.proxy.inject_fault(
        RequestKind::Layer,
        Calls::First(1),
        RegistryFault::Drip(1_000, Duration::from_millis(50)),
    );
    let running = wait_for_restart(world.pull()).start();
    wait_until("a layer is requested", || world.proxy.request_count(RequestKind::Layer) > 0);
    engine.shut_down();
    engine.restart();
    let ended = RunOutput::wait_for(running);
    world.assert_pulled(&ended);
}

#[test]
fn killed_engine_is_reported_within_the_restart_timeout() {
    let mut engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = FaultWorld::new(&lab);
    let gate = Gate::closed();
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::HoldMidBody(gate.clone()));
    let running = world.pull().env("TASKPULL_ENGINE_RESTART_TIMEOUT", "2s").start();
    gate.block_until_arrivals(1);
    let killed = Instant::now();
    engine.kill();
    let ended = RunOutput::wait_for(running);
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
    assert!(killed.elapsed() < Duration::from_secs(2 + 5), "{:?}", killed.elapsed());
    world.proxy.assert_no_request_in_flight();
    engine.restart();
    assert!(!lab.has_image(&world.image_name()));
}

#[test]
fn hanging_engine_is_reported_instead_of_its_registry() {
    let engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = FaultWorld::new(&lab);
    let with_short_timeouts = |run: Run| with_short_deadlines(run).env("TASKPULL_ENGINE_TIMEOUT", "1s");
    engine.signal("STOP");
    let ended = with_short_timeouts(world.pull()).output();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
    assert!(ended.stdout.contains("it does not answer"), "{ended:?}");
    engine.signal("CONT");

    let gate = Gate::closed();
    world.proxy.inject_fault(RequestKind::Layer, Calls::Every, RegistryFault::HoldMidBody(gate.clone()));
    let running = with_short_timeouts(world.pull()).env("TASKPULL_ENGINE_RESTART_TIMEOUT", "2s").start();
    gate.block_until_arrivals(1);
    let stopped = Instant::now();
    engine.signal("STOP");
    let ended = RunOutput::wait_for(running);
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
    // The limit adds the idle timeout, a ping, the restart timeout and a second ping.
    assert!(stopped.elapsed() < Duration::from_secs(2 + 1 + 2 + 3 + 5), "{:?}", stopped.elapsed());
    engine.signal("CONT");
    world.assert_abandoned(&gate);
}

#[test]
fn pull_completes_after_a_paused_engine_resumes() {
    let engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = FaultWorld::new(&lab);
    let gate = Gate::closed();
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::HoldMidBody(gate.clone()));
    let running = wait_for_restart(with_short_deadlines(world.pull())).env("TASKPULL_ENGINE_TIMEOUT", "1s").start();
    gate.block_until_arrivals(1);
    engine.signal("STOP");
    std::thread::sleep(Duration::from_secs(4));
    gate.open();
    engine.signal("CONT");
    let ended = RunOutput::wait_for(running);
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["retries"][0]["error"]["class"], "engine-gone", "{ended:?}");
    assert_eq!(world.proxy.max_concurrent_requests(), 1, "two pulls of one image never overlap");
}

#[test]
fn each_repeated_docker_layer_failure_has_its_own_class() {
    // By default Docker makes five attempts of its own, which take a minute.
    let engine = Dockerd::start(&["--max-download-attempts", "1", "--max-concurrent-downloads", "32"]);
    let lab = Lab::with_docker_at(&engine.host());
    let table = [
        (RequestKind::Layer, 401, "registry refused"),
        (RequestKind::Layer, 403, "repository refused"),
        (RequestKind::Layer, 404, "layers absent"),
        (RequestKind::Layer, 429, "registry throttled"),
        (RequestKind::Layer, 500, "registry unavailable"),
        (RequestKind::Config, 401, "registry refused"),
        (RequestKind::Config, 500, "registry unavailable"),
    ];
    // All cases share one run because each takes seconds.
    let worlds: Vec<_> = table.iter().map(|_| FaultWorld::new(&lab)).collect();
    for (world, (on, status, _)) in worlds.iter().zip(&table) {
        world.proxy.inject_fault(*on, Calls::Every, RegistryFault::status(*status));
    }
    let secret = lab.secret("taskpull/registry-one");
    let names: Vec<_> = worlds.iter().map(FaultWorld::image_name).collect();
    let containers: Vec<_> = names.iter().map(|name| ("app", name.as_str(), Some(secret.as_str()))).collect();
    let ended = with_attempts(lab.pull(&task(&containers)), 1).output();
    for (at, (on, status, failure)) in table.into_iter().enumerate() {
        assert_eq!(ended.failure(at), failure, "{on:?} {status}: {ended:?}");
    }
    worlds.iter().for_each(FaultWorld::assert_idle);
}
