//! A real engine in front of a real registry with faults. The tests check the reported failure,
//! the time it takes, that the image is complete or absent, and that no request continues after
//! the run.

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
    each_manifest_error_status_has_its_own_failure,
    retry_after_header_of_a_throttling_registry_is_honored,
    recovered_registry_is_pulled_from_after_one_short_wait,
    unanswered_manifest_request_fails_at_the_begin_timeout,
    stalled_layer_is_retried_after_the_idle_timeout,
    permanently_stalled_layer_fails_without_leftovers,
    unanswered_layer_request_is_retried,
    slow_layer_is_awaited_until_the_total_timeout,
    truncated_layer_is_pulled_completely,
    damaged_content_is_retried_and_reported,
    temporary_layer_outage_does_not_fail_the_pull,
    token_service_failures_are_reported,
);

const SHORT: Duration = Duration::from_secs(10);

fn each_manifest_error_status_has_its_own_failure(lab: &Lab) {
    let world = FaultWorld::new(lab);
    for (status, failure, expected_attempts) in [
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
        world.assert_failed(&ended, failure, expected_attempts);
        assert!(began.elapsed() < SHORT, "{status}: {:?}", began.elapsed());
    }
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
}

fn retry_after_header_of_a_throttling_registry_is_honored(lab: &Lab) {
    let world = FaultWorld::new(lab);
    let throttled = |seconds| {
        RegistryFault::Response(429, Some(("retry-after", seconds)), r#"{"errors": [{"code": "TOOMANYREQUESTS"}]}"#)
    };
    // Docker sends HEAD and GET, and its own retry gets the image after both were throttled.
    world.proxy.inject_fault(RequestKind::Manifest, Calls::First(2), throttled("1"));
    let ended = world.pull().output();
    world.assert_pulled(&ended);
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
    lab.remove_image(&world.image_name());

    world.proxy.inject_fault(RequestKind::Manifest, Calls::Every, throttled("0"));
    let ended = with_attempts(world.pull(), 2).output();
    world.assert_failed(&ended, "registry throttled", 2);

    world.proxy.clear_faults();
    world.proxy.inject_fault(RequestKind::Manifest, Calls::Every, RegistryFault::status(429));
    let ended = with_short_deadlines(with_attempts(world.pull(), 2)).output();
    match lab.engine {
        LabEngine::Docker => world.assert_failed(&ended, "registry throttled", 2),
        // Podman waits for two seconds before its own retry, and reports nothing.
        LabEngine::Podman => world.assert_failed(&ended, "registry unavailable", 2),
    }
}

fn recovered_registry_is_pulled_from_after_one_short_wait(lab: &Lab) {
    let world = FaultWorld::new(lab);
    for on in [RequestKind::Manifest, RequestKind::Layer, RequestKind::Config] {
        world.proxy.inject_fault(on, Calls::Every, RegistryFault::status(503));
    }
    let running = world.pull().start();
    sleep(Duration::from_secs(3));
    world.proxy.clear_faults();
    let ended = RunOutput::wait_for(running);
    world.assert_pulled(&ended);
    // The next attempt must start soon after the registry recovers, at any time.
    let waits = ended.container(0)["retries"].as_array().unwrap().clone();
    assert!(!waits.is_empty() && waits.iter().all(|retry| retry["waitMs"].as_u64().unwrap() <= 1_500), "{ended:?}");
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
}

fn unanswered_manifest_request_fails_at_the_begin_timeout(lab: &Lab) {
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

fn stalled_layer_is_retried_after_the_idle_timeout(lab: &Lab) {
    let world = FaultWorld::new(lab);
    let gate = Gate::closed();
    // All three layers stall, because any other layer would count as progress.
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(3), RegistryFault::HoldMidBody(gate.clone()));
    // The timeout is long enough for a busy engine to unpack the layers of the second attempt.
    let ended = world.pull().env("TASKPULL_IDLE_TIMEOUT", "3s").output();
    gate.open();
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["retries"][0]["error"]["link"], "layers", "{ended:?}");
    if lab.engine == LabEngine::Podman {
        // Docker closes an abandoned request only when the next byte arrives, so it is not checked.
        assert_eq!(world.proxy.max_concurrent_requests(), 1, "two pulls of one image overlapped");
    }
}

fn permanently_stalled_layer_fails_without_leftovers(lab: &Lab) {
    let (no_answer, no_progress) = ("the registry did not answer within 1s 500ms", "no progress for 1s 500ms");
    for (hold_fault, podman_message) in
        [(RegistryFault::Hold as fn(Gate) -> RegistryFault, no_answer), (RegistryFault::HoldMidBody, no_progress)]
    {
        let world = FaultWorld::new(lab);
        let gate = Gate::closed();
        world.proxy.inject_fault(RequestKind::Layer, Calls::Every, hold_fault(gate.clone()));
        let began = Instant::now();
        let ended = with_short_deadlines(with_attempts(world.pull(), 2)).output();
        // Podman first reports the first byte of a layer, Docker the manifest.
        let message = if lab.engine == LabEngine::Podman { podman_message } else { no_progress };
        let link = if message == no_progress { "layers" } else { "registry" };
        assert_eq!((ended.code, ended.failure(0)), (3, format!("{link} unavailable")), "{ended:?}");
        assert!(ended.stdout.contains(message), "{ended:?}");
        assert!(began.elapsed() < SHORT, "{:?}", began.elapsed());
        world.assert_abandoned(&gate);
    }
}

fn unanswered_layer_request_is_retried(lab: &Lab) {
    let world = FaultWorld::new(lab);
    let gate = Gate::closed();
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(3), RegistryFault::Hold(gate.clone()));
    let ended = with_short_deadlines(with_attempts(world.pull(), 2)).output();
    if lab.engine == LabEngine::Podman {
        world.assert_pulled(&ended);
    } else {
        // Docker 20.10 cannot cancel such a request, and sends no second one at the same time.
        assert_eq!((ended.code, &*ended.failure(0)), (3, "layers unavailable"), "{ended:?}");
        // The engine may send its last layer request after the program has given up.
        let deadline = Instant::now() + SHORT;
        while world.proxy.request_count(RequestKind::Layer) < 3 && Instant::now() < deadline {
            sleep(Duration::from_millis(20));
        }
        assert_eq!(world.proxy.request_count(RequestKind::Layer), 3, "{:?}", world.proxy.requests());
        world.assert_abandoned(&gate);
        let ended = world.pull().output();
        world.assert_pulled(&ended);
    }
    assert_eq!(world.proxy.max_concurrent_requests(), 1, "two pulls of one image overlapped");
}

fn slow_layer_is_awaited_until_the_total_timeout(lab: &Lab) {
    let world = FaultWorld::new(lab);
    // Podman reports its progress once a second.
    let idle_timeout = "2500ms";
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::Drip(16, Duration::from_millis(250)));
    let ended = world.pull().env("TASKPULL_IDLE_TIMEOUT", idle_timeout).output();
    world.assert_pulled(&ended);
    assert_eq!(ended.container(0)["attempts"], 1, "{ended:?}");
    lab.remove_image(&world.image_name());

    let world = FaultWorld::new(lab);
    world.proxy.inject_fault(RequestKind::Layer, Calls::Every, RegistryFault::Drip(1_000, Duration::from_millis(100)));
    let run = world.pull().env("TASKPULL_IDLE_TIMEOUT", idle_timeout);
    let began = Instant::now();
    let ended = run.env("TASKPULL_TOTAL_TIMEOUT", "2s").output();
    assert!(began.elapsed() < Duration::from_secs(2 + 3), "{:?}", began.elapsed());
    world.assert_failed(&ended, "layers timed-out", 1);
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
}

fn truncated_layer_is_pulled_completely(lab: &Lab) {
    let world = FaultWorld::new(lab);
    world.proxy.inject_fault(RequestKind::Layer, Calls::Nth(2), RegistryFault::Cut);
    world.proxy.inject_fault(RequestKind::Manifest, Calls::First(1), RegistryFault::Cut);
    let ended = world.pull().output();
    world.assert_pulled(&ended);
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
}

fn damaged_content_is_retried_and_reported(lab: &Lab) {
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

fn temporary_layer_outage_does_not_fail_the_pull(lab: &Lab) {
    let world = FaultWorld::new(lab);
    // Docker retries after five seconds and reports the countdown.
    world.proxy.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::status(503));
    let ended = world.pull().env("TASKPULL_IDLE_TIMEOUT", "3s").output();
    world.assert_pulled(&ended);
    assert_eq!(world.proxy.max_concurrent_requests(), 1);
}

fn token_service_failures_are_reported(lab: &Lab) {
    let world = FaultWorld::with_proxy(lab, FaultProxy::with_tokens(REGISTRY));
    for (status, failure, expected_attempts) in
        [(401, "registry refused", 1), (500, "registry unavailable", 2), (503, "registry unavailable", 2)]
    {
        world.proxy.clear_faults();
        world.proxy.inject_fault(RequestKind::Token, Calls::Every, RegistryFault::status(status));
        let ended = with_attempts(world.pull(), 2).output();
        world.assert_failed(&ended, failure, expected_attempts);
    }
    world.proxy.clear_faults();
    let ended = world.pull().output();
    world.assert_pulled(&ended);
    assert!(world.proxy.request_count(RequestKind::Token) > 0, "{:?}", world.proxy.requests());
}
