//! An engine that is killed, hangs, shuts down and comes back, in the middle of a pull.

use std::time::{Duration, Instant};

use crate::lab::{Lab, task};
use crate::support::dockerd::Dockerd;
use crate::support::fault::When;
use crate::support::fault_proxy::{Fault, On};
use crate::support::gate::Gate;
use crate::support::run::{Ended, Run};
use crate::world::{World, attempts, impatient, wait_for, wait_until};

/// Patient with an engine that comes back.
fn patient(run: Run) -> Run {
    run.env("TASKPULL_ENGINE_RESTART_TIMEOUT", "60s")
}

#[test]
fn an_engine_killed_in_the_middle_and_started_again_brings_the_image_all_the_same() {
    let mut engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = World::new(&lab);
    let gate = Gate::closed();
    world.proxy.fault(On::Layer, When::First(1), Fault::HoldInTheMiddle(gate.clone()));
    let running = patient(world.pull()).start();
    wait_for(&gate, 1);
    engine.kill();
    world.proxy.assert_no_orphan();
    engine.start_again();
    let ended = Ended::of(running);
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["retries"][0]["error"]["class"], "engine-gone", "{ended:?}");
    assert_eq!(world.proxy.most_at_once(), 1, "never two pulls of one image");
}

#[test]
fn an_engine_that_shuts_down_in_the_middle_and_is_started_again_brings_the_image_too() {
    let mut engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = World::new(&lab);
    world.proxy.fault(On::Layer, When::First(1), Fault::Drip(1_000, Duration::from_millis(50)));
    let running = patient(world.pull()).start();
    wait_until("a layer is on its way", || world.proxy.count(On::Layer) > 0);
    engine.shut_down();
    engine.start_again();
    let ended = Ended::of(running);
    world.assert_pulled(&ended);
}

#[test]
fn an_engine_that_was_killed_and_stays_away_is_named_in_time() {
    let mut engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = World::new(&lab);
    let gate = Gate::closed();
    world.proxy.fault(On::Layer, When::First(1), Fault::HoldInTheMiddle(gate.clone()));
    let running = world.pull().env("TASKPULL_ENGINE_RESTART_TIMEOUT", "2s").start();
    wait_for(&gate, 1);
    let killed = Instant::now();
    engine.kill();
    let ended = Ended::of(running);
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
    assert!(killed.elapsed() < Duration::from_secs(2 + 5), "{:?}", killed.elapsed());
    world.proxy.assert_no_orphan();
    engine.start_again();
    assert!(!lab.has(&world.name()));
}

#[test]
fn an_engine_that_hangs_is_named_in_time_and_not_its_registry() {
    let engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = World::new(&lab);
    let short = |run: Run| impatient(run).env("TASKPULL_ENGINE_TIMEOUT", "1s");
    engine.signal("STOP");
    let ended = short(world.pull()).end();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
    assert!(ended.stdout.contains("it does not answer"), "{ended:?}");
    engine.signal("CONT");

    let gate = Gate::closed();
    world.proxy.fault(On::Layer, When::Every, Fault::HoldInTheMiddle(gate.clone()));
    let running = short(world.pull()).env("TASKPULL_ENGINE_RESTART_TIMEOUT", "2s").start();
    wait_for(&gate, 1);
    let stopped = Instant::now();
    engine.signal("STOP");
    let ended = Ended::of(running);
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
    // Idle, the question after it, the wait for its return, and one more question.
    assert!(stopped.elapsed() < Duration::from_secs(2 + 1 + 2 + 3 + 5), "{:?}", stopped.elapsed());
    engine.signal("CONT");
    world.assert_given_up(&gate);
}

#[test]
fn an_engine_that_wakes_up_goes_on() {
    let engine = Dockerd::start(&[]);
    let lab = Lab::with_docker_at(&engine.host());
    let world = World::new(&lab);
    let gate = Gate::closed();
    world.proxy.fault(On::Layer, When::First(1), Fault::HoldInTheMiddle(gate.clone()));
    let running = patient(impatient(world.pull())).env("TASKPULL_ENGINE_TIMEOUT", "1s").start();
    wait_for(&gate, 1);
    engine.signal("STOP");
    std::thread::sleep(Duration::from_secs(4));
    gate.open();
    engine.signal("CONT");
    let ended = Ended::of(running);
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["retries"][0]["error"]["class"], "engine-gone", "{ended:?}");
    assert_eq!(world.proxy.most_at_once(), 1, "never two pulls of one image");
}

#[test]
fn what_docker_says_of_layers_that_fail_again_and_again() {
    // With its usual five attempts of its own it takes a minute over it.
    let engine = Dockerd::start(&["--max-download-attempts", "1", "--max-concurrent-downloads", "32"]);
    let lab = Lab::with_docker_at(&engine.host());
    let table = [
        (On::Layer, 401, "registry refused"),
        (On::Layer, 403, "repository refused"),
        (On::Layer, 404, "layers absent"),
        (On::Layer, 429, "registry throttled"),
        (On::Layer, 500, "registry unavailable"),
        (On::Config, 401, "registry refused"),
        (On::Config, 500, "registry unavailable"),
    ];
    // In one run, because each keeps it busy for seconds.
    let worlds: Vec<_> = table.iter().map(|_| World::new(&lab)).collect();
    for (world, (on, status, _)) in worlds.iter().zip(&table) {
        world.proxy.fault(*on, When::Every, Fault::status(*status));
    }
    let secret = lab.secret("taskpull/registry-one");
    let names: Vec<_> = worlds.iter().map(World::name).collect();
    let containers: Vec<_> = names.iter().map(|name| ("app", name.as_str(), Some(secret.as_str()))).collect();
    let ended = attempts(lab.pull(&task(&containers)), 1).end();
    for (at, (on, status, failure)) in table.into_iter().enumerate() {
        assert_eq!(ended.failure(at), failure, "{on:?} {status}: {ended:?}");
    }
    worlds.iter().for_each(World::assert_nothing_goes_on);
}
