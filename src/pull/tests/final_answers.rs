//! Tests of how often each kind of answer is asked for, and of what a deadline says.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::fake_engine::{FakeEngine, SECOND, Script, class, digest, layer, limits, pull};
use crate::engine::EngineError;
use crate::error::{Class, Failure, Link};
use crate::pull::{Deadlines, PullLimits, PullOutcome};

fn error(status: u16, text: &str) -> Script {
    vec![(Duration::ZERO, Err(EngineError::ErrorMessage { status, code: None, text: text.to_owned() }))]
}

/// Pulls an image whose attempts all fail with this text.
async fn pull_failing(text: &str) -> PullOutcome {
    let fake = (0..3).fold(FakeEngine::default(), |fake, _| fake.script("app", error(500, text)));
    pull(fake, &["app"], &limits(), &CancellationToken::new()).await.0.remove(0)
}

fn failure(outcome: &PullOutcome) -> &Failure {
    outcome.result.as_ref().unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_final_answer_is_asked_for_once() {
    for text in [
        "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
        "toomanyrequests: too many failed login attempts for username or IP address",
        "unknown: current image with 4 vulnerabilities cannot be pulled due to configured policy in 'Prevent'.",
        "unknown: The image is not signed in Notary.",
        "denied: Artifact download request rejected: app was not downloaded due to the download blocking policy configured in Xray for a.",
        "unknown: Tag latest was deleted or has expired. To pull, revive via time machine",
        "Head \"https://r.azurecr.io/v2/a/manifests/1\": denied: client with IP '192.0.2.1' is not allowed access.",
        "unknown: teapot",
        "received unexpected HTTP status: 400 Bad Request",
        "failed to register layer: max depth exceeded",
        "write /var/lib/docker/tmp/GetImageBlob1: input/output error",
        "layers from manifest don't match image configuration",
        "Get \"https://registry-1.docker.io/v2/\": Proxy Authentication Required",
        "Get \"https://registry-1.docker.io/v2/\": remote error: tls: bad certificate",
        "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<html>no</html>\"",
    ] {
        assert_eq!(pull_failing(text).await.attempts, 1, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_passing_failure_gets_the_usual_attempts() {
    for text in [
        "toomanyrequests: Rate exceeded",
        "toomanyrequests: retry-after: 1ms, allowed: 44000/minute",
        "http2: server sent GOAWAY and closed the connection; LastStreamID=1999, ErrCode=NO_ERROR, debug=\"\"",
        "stream error: stream ID 7; INTERNAL_ERROR; received from peer",
        "stream error: stream ID 7; REFUSED_STREAM; received from peer",
        "http2: client connection lost",
        "read tcp 10.0.0.5:51234->10.0.0.9:443: use of closed network connection",
        "Get \"https://registry-1.docker.io/v2/\": EOF",
        "Get \"https://registry-1.docker.io/v2/\": dial tcp [2600:1f18::1]:443: connect: cannot assign requested address",
        "error from registry: unknown\nunknown",
        "received unexpected HTTP status: 503 Service Unavailable",
    ] {
        let outcome = pull_failing(text).await;
        assert_eq!((outcome.attempts, failure(&outcome).link), (3, Link::Registry), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_words_of_the_engine_are_tried_twice() {
    let outcome = pull_failing("the flux capacitor is empty").await;
    assert_eq!((outcome.attempts, class(&outcome)), (2, Some(Class::Unknown)));
    assert_eq!(failure(&outcome).link, Link::Engine);
}

#[tokio::test(start_paused = true)]
async fn unknown_words_of_the_registry_are_repeated() {
    let outcome = pull_failing("Head \"https://registry-1.docker.io/v2/a/manifests/1\": unknown: invalid scope").await;
    let failure = failure(&outcome);
    assert_eq!((failure.link, failure.class), (Link::Registry, Class::Unknown));
    assert!(failure.message.as_str().ends_with("said: invalid scope"), "{}", failure.message);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_names_what_the_last_attempt_died_of() {
    let deadlines = Deadlines { total: 12 * SECOND, ..limits().deadlines };
    let limits = PullLimits { deadlines, ..limits() };
    let silent = || vec![(20 * SECOND, digest(0).1)];
    let fake = FakeEngine::default()
        .script(
            "app",
            error(500, "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host"),
        )
        .script("app", silent())
        .script("app", silent());
    let limits = PullLimits { deadlines: Deadlines { begin: 60 * SECOND, ..deadlines }, ..limits };
    let (outcomes, _) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
    let failure = failure(&outcomes[0]);
    assert_eq!((failure.link, failure.class), (Link::Registry, Class::TimedOut));
    assert!(failure.message.as_str().contains("cannot be resolved; not finished within 12s"), "{}", failure.message);
    assert!(failure.hint.as_ref().unwrap().as_str().contains("name resolution"));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_tells_a_silent_registry_from_a_slow_layer() {
    let deadlines = Deadlines { total: 12 * SECOND, begin: 60 * SECOND, idle: 60 * SECOND, ..limits().deadlines };
    let limits = PullLimits { deadlines, ..limits() };
    for (script, link) in [
        (vec![(90 * SECOND, digest(0).1)], Link::Registry),
        (vec![layer(1, "a", "Pulling fs layer"), layer(90, "a", "Pull complete")], Link::Layers),
    ] {
        let fake = FakeEngine::default().script("app", script);
        let (outcomes, _) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
        assert_eq!((failure(&outcomes[0]).link, class(&outcomes[0])), (link, Some(Class::TimedOut)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_zstd_decoder_is_distinguished_from_a_broken_image() {
    let text = "failed to register layer: Error processing tar file(exit status 1): archive/tar: invalid tar header";
    for (is_old, link) in [(true, Link::Engine), (false, Link::Manifest)] {
        let fake = FakeEngine { is_old, ..FakeEngine::default() }.script("app", error(200, text));
        let (outcomes, _) = pull(fake, &["app"], &limits(), &CancellationToken::new()).await;
        let failure = failure(&outcomes[0]);
        assert_eq!((failure.link, failure.class), (link, Class::Unsupported));
        assert_eq!(failure.message.as_str().contains("zstd"), is_old);
        assert_eq!(outcomes[0].attempts, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_platform_names_those_that_are_there() {
    let fake = FakeEngine { platforms: vec!["linux/arm64".to_owned()].into(), ..FakeEngine::default() };
    let fake = fake.script("app", error(200, "no matching manifest for linux/amd64 in the manifest list entries"));
    let (outcomes, _) = pull(fake, &["app"], &limits(), &CancellationToken::new()).await;
    let failure = failure(&outcomes[0]);
    assert_eq!((failure.link, failure.class), (Link::Platform, Class::Unsupported));
    assert!(failure.message.as_str().contains("only for linux/arm64"), "{}", failure.message);
    assert!(failure.hint.as_ref().unwrap().as_str().contains("cpuArchitecture ARM64"));
}
