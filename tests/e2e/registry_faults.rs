//! A real engine before a real registry that fails in every way: what is said, how long it
//! takes, that the image is whole or absent, and that nothing goes on after the end.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::fault::Calls;
use crate::support::fault_proxy::FaultProxy;
use crate::support::gate::Gate;
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::RunOutput;
use crate::support::world::lab::{
    FaultWorld, Lab, LabEngine, REGISTRY, on_both_engines, with_attempts, with_short_deadlines,
};

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
    let world = FaultWorld::new(lab);
    for (status, failure, tried) in [
        (401, "registry refused", 1),
        (403, "repository refused", 1),
        (404, "manifest absent", 1),
        (500, "registry unavailable", 2),
        (503, "registry unavailable", 2),
    ] {
        world.proxy.clear_faults();
        world.proxy.inject_fault(RequestKind::Manifest, Calls::Every, RegistryFault::status(status));
        let began = Instant::now();
        let ended = with_attempts(world.pull(), 2).output();
        world.assert_failed(&ended, failure, tried);
        assert!(began.elapsed() < SHORT, "{status}: {:?}", began.elapsed());
    }
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
}

fn a_registry_that_throttles_is_given_the_time_it_asks_for(lab: &Lab) {
    let world = FaultWorld::new(lab);
    let later = |seconds| {
        RegistryFault::Response(429, Some(("retry-after", seconds)), r#"{"errors": [{"code": "TOOMANYREQUESTS"}]}"#)
    };
    // Docker asks twice, HEAD and GET, and is on its way with the second answer.
    world.proxy.inject_fault(RequestKind::Manifest, Calls::First(2), later("1"));
    let ended = world.pull().output();
    world.assert_pulled(&ended);
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
    lab.remove_image(&world.image_name());

    world.proxy.inject_fault(RequestKind::Manifest, Calls::Every, later("0"));
    let ended = with_attempts(world.pull(), 2).output();
    world.assert_failed(&ended, "registry throttled", 2);

    world.proxy.clear_faults();
    world.proxy.inject_fault(RequestKind::Manifest, Calls::Every, RegistryFault::status(429));
    let ended = with_short_deadlines(with_attempts(world.pull(), 2)).output();
    match lab.engine {
        LabEngine::Docker => world.assert_failed(&ended, "registry throttled", 2),
        // It waits, two seconds at first, and says nothing.
        LabEngine::Podman => world.assert_failed(&ended, "registry unavailable", 2),
    }
}

fn a_registry_that_is_well_again_is_pulled_from_after_one_short_wait(lab: &Lab) {
    let world = FaultWorld::new(lab);
    for on in [RequestKind::Manifest, RequestKind::Layer, RequestKind::Config] {
        world.proxy.inject_fault(on, Calls::Every, RegistryFault::status(503));
    }
    let running = world.pull().start();
    sleep(Duration::from_secs(3));
    world.proxy.clear_faults();
    let ended = RunOutput::wait_for(running);
    world.assert_pulled(&ended);
    // Whenever it was well again: the next attempt is never further away.
    let waits = ended.container(0)["retries"].as_array().unwrap().clone();
    assert!(!waits.is_empty() && waits.iter().all(|retry| retry["waitMs"].as_u64().unwrap() <= 1_500), "{ended:?}");
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
}

fn a_manifest_that_does_not_come_ends_at_the_begin_deadline(lab: &Lab) {
    for on in [RequestKind::Ping, RequestKind::Manifest] {
        let world = FaultWorld::new(lab);
        let gate = Gate::closed();
        world.proxy.inject_fault(on, Calls::Every, RegistryFault::Hold(gate.clone()));
        let began = Instant::now();
        let ended = with_short_deadlines(with_attempts(world.pull(), 2)).output();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "registry unavailable"), "{on:?}: {ended:?}");
        assert!(ended.stdout.contains("the registry did not answer within 1s 500ms"), "{ended:?}");
        assert!(began.elapsed() < SHORT, "{:?}", began.elapsed());
        world.assert_abandoned(&gate);
    }
}

fn a_layer_that_stands_still_ends_at_the_idle_deadline_and_is_tried_again(lab: &Lab) {
    let world = FaultWorld::new(lab);
    let gate = Gate::closed();
    // All three layers, or the engine would have some of them to bring meanwhile.
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(3), RegistryFault::HoldMidBody(gate.clone()));
    // Enough for an engine that is busy to unpack what the second attempt brings.
    let ended = world.pull().env("TASKPULL_IDLE_TIMEOUT", "3s").output();
    gate.open();
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["retries"][0]["because"]["link"], "layers", "{ended:?}");
    if lab.engine == LabEngine::Podman {
        // Docker closes what it has given up when the next byte comes, and none does.
        assert_eq!(world.proxy.max_concurrent_requests(), 1, "two pulls of one image at once");
    }
}

fn a_layer_that_never_moves_again_fails_and_leaves_nothing(lab: &Lab) {
    let (waiting, moving) = ("the registry did not answer within 1s 500ms", "nothing moved for 1s 500ms");
    for (held, of_podman) in
        [(RegistryFault::Hold as fn(Gate) -> RegistryFault, waiting), (RegistryFault::HoldMidBody, moving)]
    {
        let world = FaultWorld::new(lab);
        let gate = Gate::closed();
        world.proxy.inject_fault(RequestKind::Layer, Calls::Every, held(gate.clone()));
        let began = Instant::now();
        let ended = with_short_deadlines(with_attempts(world.pull(), 2)).output();
        // Podman's first word is about the first byte of a layer, Docker's about the manifest.
        let said = if lab.engine == LabEngine::Podman { of_podman } else { moving };
        let link = if said == moving { "layers" } else { "registry" };
        assert_eq!((ended.code, ended.failure(0)), (3, format!("{link} unavailable")), "{ended:?}");
        assert!(ended.stdout.contains(said), "{ended:?}");
        assert!(began.elapsed() < SHORT, "{:?}", began.elapsed());
        world.assert_abandoned(&gate);
    }
}

fn a_layer_without_an_answer_is_asked_for_again(lab: &Lab) {
    let world = FaultWorld::new(lab);
    let gate = Gate::closed();
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(3), RegistryFault::Hold(gate.clone()));
    let ended = with_short_deadlines(with_attempts(world.pull(), 2)).output();
    if lab.engine == LabEngine::Podman {
        world.assert_pulled(&ended);
    } else {
        // Docker 20.10 cannot cancel such a request, and does not ask a second time beside it.
        assert_eq!((ended.code, &*ended.failure(0)), (3, "layers unavailable"), "{ended:?}");
        assert_eq!(world.proxy.request_count(RequestKind::Layer), 3, "{:?}", world.proxy.requests());
        world.assert_abandoned(&gate);
        let ended = world.pull().output();
        world.assert_pulled(&ended);
    }
    assert_eq!(world.proxy.max_concurrent_requests(), 1, "two pulls of one image at once");
}

fn a_slow_layer_is_waited_for_until_the_total_deadline(lab: &Lab) {
    let world = FaultWorld::new(lab);
    // Podman tells once a second how far it is.
    let patience = "2500ms";
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::Drip(16, Duration::from_millis(250)));
    let ended = world.pull().env("TASKPULL_IDLE_TIMEOUT", patience).output();
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["attempts"], 1, "{ended:?}");
    lab.remove_image(&world.image_name());

    let world = FaultWorld::new(lab);
    world.proxy.inject_fault(RequestKind::Layer, Calls::Every, RegistryFault::Drip(1_000, Duration::from_millis(100)));
    let run = world.pull().env("TASKPULL_IDLE_TIMEOUT", patience);
    let began = Instant::now();
    let ended = run.env("TASKPULL_TOTAL_TIMEOUT", "2s").output();
    assert!(began.elapsed() < Duration::from_secs(2 + 3), "{:?}", began.elapsed());
    world.assert_failed(&ended, "layers timed-out", 1);
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
}

fn a_layer_cut_in_the_middle_is_brought_whole(lab: &Lab) {
    let world = FaultWorld::new(lab);
    world.proxy.inject_fault(RequestKind::Layer, Calls::Nth(2), RegistryFault::Cut);
    world.proxy.inject_fault(RequestKind::Manifest, Calls::First(1), RegistryFault::Cut);
    let ended = world.pull().output();
    world.assert_pulled(&ended);
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
}

fn what_arrives_damaged_is_tried_again_and_told(lab: &Lab) {
    for (on, failure) in [
        (RequestKind::Manifest, "manifest unavailable"),
        (RequestKind::Config, "manifest unavailable"),
        (RequestKind::Layer, "layers unavailable"),
    ] {
        let world = FaultWorld::new(lab);
        world.proxy.inject_fault(on, Calls::Every, RegistryFault::Garbage);
        let ended = with_attempts(world.pull(), 2).output();
        world.assert_failed(&ended, failure, 2);
        world.proxy.clear_faults();
        let ended = world.pull().output();
        world.assert_pulled(&ended);
        assert_eq!(world.proxy.max_concurrent_requests(), 1);
    }
}

fn an_outage_at_the_layers_is_no_failure(lab: &Lab) {
    let world = FaultWorld::new(lab);
    // Docker tries again itself after five seconds, and counts them down.
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::status(503));
    let ended = world.pull().env("TASKPULL_IDLE_TIMEOUT", "3s").output();
    world.assert_pulled(&ended);
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
}

fn a_token_service_serves_and_its_faults_are_told(lab: &Lab) {
    let world = FaultWorld::with_proxy(lab, FaultProxy::with_tokens(REGISTRY));
    for (status, failure, tried) in
        [(401, "registry refused", 1), (500, "registry unavailable", 2), (503, "registry unavailable", 2)]
    {
        world.proxy.clear_faults();
        world.proxy.inject_fault(RequestKind::Token, Calls::Every, RegistryFault::status(status));
        let ended = with_attempts(world.pull(), 2).output();
        world.assert_failed(&ended, failure, tried);
    }
    world.proxy.clear_faults();
    let ended = world.pull().output();
    world.assert_pulled(&ended);
    assert!(world.proxy.request_count(RequestKind::Token) > 0, "{:?}", world.proxy.requests());
}
