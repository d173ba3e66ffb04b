//! Tests of images behind a pull-through cache rule.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fake_engine::{
    Anonymous, DIGEST, FakeEngine, NoObserver, SECOND, Script, backoff, busy, class, digest, downloaded, engine_gone,
    kind, layer, limits, planned_through_rule, two_permits,
};
use crate::engine::{EngineError, ProgressMessage};
use crate::error::Class;
use crate::pull::{Deadlines, PullLimits, PullOutcome, PullResultKind, run};

/// Pulls the image `app`, which a pull-through cache has as `rule`.
async fn pull_through(fake: FakeEngine, limits: &PullLimits) -> (PullOutcome, &'static FakeEngine) {
    let (mut outcomes, fake) = pull_all_through(fake, &["app"], limits).await;
    (outcomes.remove(0), fake)
}

/// Pulls these images, which a pull-through cache all has as `rule`.
async fn pull_all_through(
    fake: FakeEngine,
    images: &[&str],
    limits: &PullLimits,
) -> (Vec<PullOutcome>, &'static FakeEngine) {
    let fake: &'static FakeEngine = Box::leak(Box::new(fake));
    let pulls = images.iter().copied().map(planned_through_rule).collect();
    (run(pulls, &Anonymous, &fake, &two_permits(), limits, &NoObserver, &CancellationToken::new()).await, fake)
}

#[tokio::test(start_paused = true)]
async fn image_is_tagged_by_id_even_if_its_tag_moves_meanwhile() {
    let moved_to = DIGEST.replace("0123", "4567");
    let later = ProgressMessage { id: None, status: format!("Digest: {moved_to}"), ..ProgressMessage::default() };
    let slow = FakeEngine { inspect_takes: 2 * SECOND, ..FakeEngine::default() };
    // The image is inspected after two seconds and tagged after four; in between, another pull moves
    // the tag.
    let fake = slow.script("rule", vec![digest(0)]).script("rule", vec![(3 * SECOND, Ok(later))]);
    let (outcomes, fake) = pull_all_through(fake, &["app", "other"], &limits()).await;
    for (outcome, name) in outcomes.iter().zip(["app", "other"]) {
        let pulled = outcome.result.as_ref().unwrap().digest.clone();
        let tagged = fake.local.lock().unwrap()[&format!("docker.io/library/{name}:latest")].digests.clone();
        assert_eq!(pulled.as_slice(), tagged, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn pull_through_cache_continues_after_an_engine_restart() {
    let fake = (0..10)
        .fold(FakeEngine::default(), |fake, _| fake.script("rule", vec![engine_gone(1)]))
        .script("rule", vec![digest(0)]);
    let deadlines = Deadlines { begin: SECOND, restart: 90 * SECOND, ..limits().deadlines };
    let (outcome, fake) = pull_through(fake, &PullLimits { deadlines, ..limits() }).await;
    assert_eq!((kind(&outcome), &outcome.fallback), (PullResultKind::Fetched, &None));
    assert!(fake.local.lock().unwrap().contains_key("docker.io/library/app:latest"));
}

#[tokio::test(start_paused = true)]
async fn busy_engine_does_not_cause_a_fallback() {
    let busy = || {
        let text = "open /var/lib/docker/tmp/x: too many open files".to_owned();
        vec![(Duration::ZERO, Err(EngineError::ErrorMessage { status: 500, code: None, text }))]
    };
    let fake =
        (0..8).fold(FakeEngine::default(), |fake, _| fake.script("rule", busy())).script("rule", vec![digest(0)]);
    let limits = PullLimits { backoff: backoff(SECOND, 16), ..limits() };
    let (outcome, _) = pull_through(fake, &limits).await;
    assert_eq!((kind(&outcome), outcome.attempts, &outcome.fallback), (PullResultKind::Fetched, 9, &None));
}

#[tokio::test(start_paused = true)]
async fn long_retry_after_of_the_pull_through_cache_causes_a_fallback() {
    let text = "toomanyrequests: retry-after: 60s".to_owned();
    let limited = (Duration::ZERO, Err(EngineError::ErrorMessage { status: 500, code: None, text }));
    let fake =
        FakeEngine::default().script("rule", vec![limited]).script("app", vec![busy(0)]).script("app", vec![digest(0)]);
    let begun = Instant::now();
    let (outcome, _) = pull_through(fake, &limits()).await;
    assert_eq!((kind(&outcome), outcome.attempts), (PullResultKind::Fetched, 3));
    assert_eq!(outcome.fallback.map(|failure| failure.class), Some(Class::Throttled));
    assert!(begun.elapsed() < 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn both_routes_share_one_deadline() {
    let stalled = |after| vec![layer(0, "a", "Pulling fs layer"), layer(after, "a", "Pull complete")];
    let slow: Script = (1..30).map(|at| downloaded(9, "b", at)).collect();
    let fake = FakeEngine::default().script("rule", stalled(50)).script("app", slow);
    let (outcome, _) = pull_through(fake, &limits()).await;
    assert_eq!((class(&outcome), outcome.duration), (Some(Class::TimedOut), 100 * SECOND));
    assert_eq!(outcome.fallback.map(|failure| failure.class), Some(Class::Unavailable));
}
