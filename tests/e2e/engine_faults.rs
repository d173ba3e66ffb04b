//! An engine that is killed, hangs, shuts down and comes back, in the middle of a pull.

use std::time::{Duration, Instant};

use crate::support::dockerd::Dockerd;
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{FaultWorld, Lab, task, wait_until, with_attempts, with_short_deadlines};

/// Patient with an engine that comes back.
fn patient(run: Run) -> Run {
    run.env("TASKPULL_ENGINE_RESTART_TIMEOUT", "60s")
}

#[test]
fn an_engine_killed_in_the_middle_and_started_again_brings_the_image_all_the_same() {
    let mut engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = FaultWorld::new(&lab);
    let gate = Gate::closed();
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::HoldMidBody(gate.clone()));
    let running = patient(world.pull()).start();
    gate.block_until_arrivals(1);
    engine.kill();
    world.proxy.assert_no_request_in_flight();
    engine.restart();
    let ended = RunOutput::wait_for(running);
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["retries"][0]["because"]["class"], "engine-gone", "{ended:?}");
    assert_eq!(world.proxy.max_concurrent_requests(), 1, "never two pulls of one image");
}

#[test]
fn an_engine_that_shuts_down_in_the_middle_and_is_started_again_brings_the_image_too() {
    let mut engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = FaultWorld::new(&lab);
    world.proxy.inject_fault(
        RequestKind::Layer,
        Calls::First(1),
        RegistryFault::Drip(1_000, Duration::from_millis(50)),
    );
    let running = patient(world.pull()).start();
    wait_until("a layer is on its way", || world.proxy.request_count(RequestKind::Layer) > 0);
    engine.shut_down();
    engine.restart();
    let ended = RunOutput::wait_for(running);
    world.assert_pulled(&ended);
}

#[test]
fn an_engine_that_was_killed_and_stays_away_is_named_in_time() {
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
fn an_engine_that_hangs_is_named_in_time_and_not_its_registry() {
    let engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = FaultWorld::new(&lab);
    let short = |run: Run| with_short_deadlines(run).env("TASKPULL_ENGINE_TIMEOUT", "1s");
    engine.signal("STOP");
    let ended = short(world.pull()).output();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
    assert!(ended.stdout.contains("it does not answer"), "{ended:?}");
    engine.signal("CONT");

    let gate = Gate::closed();
    world.proxy.inject_fault(RequestKind::Layer, Calls::Every, RegistryFault::HoldMidBody(gate.clone()));
    let running = short(world.pull()).env("TASKPULL_ENGINE_RESTART_TIMEOUT", "2s").start();
    gate.block_until_arrivals(1);
    let stopped = Instant::now();
    engine.signal("STOP");
    let ended = RunOutput::wait_for(running);
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
    // Idle, the question after it, the wait for its return, and one more question.
    assert!(stopped.elapsed() < Duration::from_secs(2 + 1 + 2 + 3 + 5), "{:?}", stopped.elapsed());
    engine.signal("CONT");
    world.assert_abandoned(&gate);
}

#[test]
fn an_engine_that_wakes_up_goes_on() {
    let engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = FaultWorld::new(&lab);
    let gate = Gate::closed();
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::HoldMidBody(gate.clone()));
    let running = patient(with_short_deadlines(world.pull())).env("TASKPULL_ENGINE_TIMEOUT", "1s").start();
    gate.block_until_arrivals(1);
    engine.signal("STOP");
    std::thread::sleep(Duration::from_secs(4));
    gate.open();
    engine.signal("CONT");
    let ended = RunOutput::wait_for(running);
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["retries"][0]["because"]["class"], "engine-gone", "{ended:?}");
    assert_eq!(world.proxy.max_concurrent_requests(), 1, "never two pulls of one image");
}

#[test]
fn what_docker_says_of_layers_that_fail_again_and_again() {
    // With its usual five attempts of its own it takes a minute over it.
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
    // In one run, because each keeps it busy for seconds.
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
