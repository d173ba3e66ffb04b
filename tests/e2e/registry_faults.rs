//! A real engine before a real registry that fails in every way: what is said, how long it
//! takes, that the image is whole or absent, and that nothing goes on after the end.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::lab::{Engine, Lab, on_both_engines};
use crate::own_image::REGISTRY;
use crate::support::fault::When;
use crate::support::fault_proxy::{Fault, FaultProxy, On};
use crate::support::gate::Gate;
use crate::support::run::Ended;
use crate::world::{World, attempts, impatient};

on_both_engines!(
    each_answer_of_a_registry_to_the_manifest_is_told,
    a_registry_that_throttles_is_given_the_time_it_asks_for,
    a_registry_that_is_well_again_is_pulled_from_after_one_short_wait,
    a_manifest_that_does_not_come_ends_at_the_begin_deadline,
    a_layer_that_stands_still_ends_at_the_idle_deadline_and_is_tried_again,
    a_layer_that_never_moves_again_fails_and_leaves_nothing,
    a_layer_without_an_answer_is_asked_for_again,
    a_slow_layer_is_waited_for_until_the_total_deadline,
    a_layer_cut_in_the_middle_is_brought_whole,
    what_arrives_damaged_is_tried_again_and_told,
    an_outage_at_the_layers_is_no_failure,
    a_token_service_serves_and_its_faults_are_told,
);

const SHORT: Duration = Duration::from_secs(10);

fn each_answer_of_a_registry_to_the_manifest_is_told(lab: &Lab) {
    let world = World::new(lab);
    for (status, failure, tried) in [
        (401, "registry refused", 1),
        (403, "repository refused", 1),
        (404, "manifest absent", 1),
        (500, "registry unavailable", 2),
        (503, "registry unavailable", 2),
    ] {
        world.proxy.heal();
        world.proxy.fault(On::Manifest, When::Every, Fault::status(status));
        let began = Instant::now();
        let ended = attempts(world.pull(), 2).end();
        world.assert_failed(&ended, failure, tried);
        assert!(began.elapsed() < SHORT, "{status}: {:?}", began.elapsed());
    }
    assert_eq!(world.proxy.most_at_once(), 1);
}

fn a_registry_that_throttles_is_given_the_time_it_asks_for(lab: &Lab) {
    let world = World::new(lab);
    let later =
        |seconds| Fault::Answer(429, Some(("retry-after", seconds)), r#"{"errors": [{"code": "TOOMANYREQUESTS"}]}"#);
    // Docker asks twice, HEAD and GET, and is on its way with the second answer.
    world.proxy.fault(On::Manifest, When::First(2), later("1"));
    let ended = world.pull().end();
    world.assert_pulled(&ended);
    assert_eq!(world.proxy.most_at_once(), 1);
    lab.forget(&world.name());

    world.proxy.fault(On::Manifest, When::Every, later("0"));
    let ended = attempts(world.pull(), 2).end();
    world.assert_failed(&ended, "registry throttled", 2);

    world.proxy.heal();
    world.proxy.fault(On::Manifest, When::Every, Fault::status(429));
    let ended = impatient(attempts(world.pull(), 2)).end();
    match lab.engine {
        Engine::Docker => world.assert_failed(&ended, "registry throttled", 2),
        // It waits, two seconds at first, and says nothing.
        Engine::Podman => world.assert_failed(&ended, "registry unavailable", 2),
    }
}

fn a_registry_that_is_well_again_is_pulled_from_after_one_short_wait(lab: &Lab) {
    let world = World::new(lab);
    for on in [On::Manifest, On::Layer, On::Config] {
        world.proxy.fault(on, When::Every, Fault::status(503));
    }
    let running = world.pull().start();
    sleep(Duration::from_secs(3));
    world.proxy.heal();
    let ended = Ended::of(running);
    world.assert_pulled(&ended);
    // Whenever it was well again: the next attempt is never further away.
    let waits = ended.container(0)["retries"].as_array().unwrap().clone();
    assert!(!waits.is_empty() && waits.iter().all(|retry| retry["waitMs"].as_u64().unwrap() <= 1_500), "{ended:?}");
    assert_eq!(world.proxy.most_at_once(), 1);
}

fn a_manifest_that_does_not_come_ends_at_the_begin_deadline(lab: &Lab) {
    for on in [On::Ping, On::Manifest] {
        let world = World::new(lab);
        let gate = Gate::closed();
        world.proxy.fault(on, When::Every, Fault::Hold(gate.clone()));
        let began = Instant::now();
        let ended = impatient(attempts(world.pull(), 2)).end();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "registry unavailable"), "{on:?}: {ended:?}");
        assert!(ended.stdout.contains("the registry did not answer within 1s 500ms"), "{ended:?}");
        assert!(began.elapsed() < SHORT, "{:?}", began.elapsed());
        world.assert_given_up(&gate);
    }
}

fn a_layer_that_stands_still_ends_at_the_idle_deadline_and_is_tried_again(lab: &Lab) {
    let world = World::new(lab);
    let gate = Gate::closed();
    // All three layers, or the engine would have some of them to bring meanwhile.
    world.proxy.fault(On::Layer, When::First(3), Fault::HoldInTheMiddle(gate.clone()));
    // Enough for an engine that is busy to unpack what the second attempt brings.
    let ended = world.pull().env("TASKPULL_IDLE_TIMEOUT", "3s").end();
    gate.open();
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["retries"][0]["error"]["link"], "layers", "{ended:?}");
    if lab.engine == Engine::Podman {
        // Docker closes what it has given up when the next byte comes, and none does.
        assert_eq!(world.proxy.most_at_once(), 1, "two pulls of one image at once");
    }
}

fn a_layer_that_never_moves_again_fails_and_leaves_nothing(lab: &Lab) {
    let (waiting, moving) = ("the registry did not answer within 1s 500ms", "nothing moved for 1s 500ms");
    for (held, of_podman) in [(Fault::Hold as fn(Gate) -> Fault, waiting), (Fault::HoldInTheMiddle, moving)] {
        let world = World::new(lab);
        let gate = Gate::closed();
        world.proxy.fault(On::Layer, When::Every, held(gate.clone()));
        let began = Instant::now();
        let ended = impatient(attempts(world.pull(), 2)).end();
        // Podman's first word is about the first byte of a layer, Docker's about the manifest.
        let said = if lab.engine == Engine::Podman { of_podman } else { moving };
        let link = if said == moving { "layers" } else { "registry" };
        assert_eq!((ended.code, ended.failure(0)), (3, format!("{link} unavailable")), "{ended:?}");
        assert!(ended.stdout.contains(said), "{ended:?}");
        assert!(began.elapsed() < SHORT, "{:?}", began.elapsed());
        world.assert_given_up(&gate);
    }
}

fn a_layer_without_an_answer_is_asked_for_again(lab: &Lab) {
    let world = World::new(lab);
    let gate = Gate::closed();
    world.proxy.fault(On::Layer, When::First(3), Fault::Hold(gate.clone()));
    let ended = impatient(attempts(world.pull(), 2)).end();
    if lab.engine == Engine::Podman {
        world.assert_pulled(&ended);
    } else {
        // Docker 20.10 cannot cancel such a request, and does not ask a second time beside it.
        assert_eq!((ended.code, &*ended.failure(0)), (3, "layers unavailable"), "{ended:?}");
        assert_eq!(world.proxy.count(On::Layer), 3, "{:?}", world.proxy.requests());
        world.assert_given_up(&gate);
        let ended = world.pull().end();
        world.assert_pulled(&ended);
    }
    assert_eq!(world.proxy.most_at_once(), 1, "two pulls of one image at once");
}

fn a_slow_layer_is_waited_for_until_the_total_deadline(lab: &Lab) {
    let world = World::new(lab);
    // Podman tells once a second how far it is.
    let patience = "2500ms";
    world.proxy.fault(On::Layer, When::First(1), Fault::Drip(16, Duration::from_millis(250)));
    let ended = world.pull().env("TASKPULL_IDLE_TIMEOUT", patience).end();
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["attempts"], 1, "{ended:?}");
    lab.forget(&world.name());

    let world = World::new(lab);
    world.proxy.fault(On::Layer, When::Every, Fault::Drip(1_000, Duration::from_millis(100)));
    let run = world.pull().env("TASKPULL_IDLE_TIMEOUT", patience);
    let began = Instant::now();
    let ended = run.env("TASKPULL_TOTAL_TIMEOUT", "2s").end();
    assert!(began.elapsed() < Duration::from_secs(2 + 3), "{:?}", began.elapsed());
    world.assert_failed(&ended, "layers timed-out", 1);
    assert_eq!(world.proxy.most_at_once(), 1);
}

fn a_layer_cut_in_the_middle_is_brought_whole(lab: &Lab) {
    let world = World::new(lab);
    world.proxy.fault(On::Layer, When::Nth(2), Fault::Cut);
    world.proxy.fault(On::Manifest, When::First(1), Fault::Cut);
    let ended = world.pull().end();
    world.assert_pulled(&ended);
    assert_eq!(world.proxy.most_at_once(), 1);
}

fn what_arrives_damaged_is_tried_again_and_told(lab: &Lab) {
    for (on, failure) in [
        (On::Manifest, "manifest unavailable"),
        (On::Config, "manifest unavailable"),
        (On::Layer, "layers unavailable"),
    ] {
        let world = World::new(lab);
        world.proxy.fault(on, When::Every, Fault::Garbage);
        let ended = attempts(world.pull(), 2).end();
        world.assert_failed(&ended, failure, 2);
        world.proxy.heal();
        let ended = world.pull().end();
        world.assert_pulled(&ended);
        assert_eq!(world.proxy.most_at_once(), 1);
    }
}

fn an_outage_at_the_layers_is_no_failure(lab: &Lab) {
    let world = World::new(lab);
    // Docker tries again itself after five seconds, and counts them down.
    world.proxy.fault(On::Layer, When::First(1), Fault::status(503));
    let ended = world.pull().env("TASKPULL_IDLE_TIMEOUT", "3s").end();
    world.assert_pulled(&ended);
    assert_eq!(world.proxy.most_at_once(), 1);
}

fn a_token_service_serves_and_its_faults_are_told(lab: &Lab) {
    let world = World::behind(lab, FaultProxy::with_tokens(REGISTRY));
    for (status, failure, tried) in
        [(401, "registry refused", 1), (500, "registry unavailable", 2), (503, "registry unavailable", 2)]
    {
        world.proxy.heal();
        world.proxy.fault(On::Token, When::Every, Fault::status(status));
        let ended = attempts(world.pull(), 2).end();
        world.assert_failed(&ended, failure, tried);
    }
    world.proxy.heal();
    let ended = world.pull().end();
    world.assert_pulled(&ended);
    assert!(world.proxy.count(On::Token) > 0, "{:?}", world.proxy.requests());
}
