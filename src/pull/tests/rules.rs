//! Images behind a pull-through rule.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::world::{
    DIGEST, Fake, Nobody, NoneNeeded, SECOND, Script, behind_a_rule, busy, class, digest, gone, how, layer, limits,
    moved, two_at_once,
};
use crate::engine::{EngineError, ProgressMessage};
use crate::error::Class;
use crate::pull::{Deadlines, PullLimits, PullOutcome, PullResultKind, run};
use crate::retry::Backoff;

/// The image `app`, which is also behind a rule, as `rule`.
async fn through(fake: Fake, limits: &PullLimits) -> (PullOutcome, &'static Fake) {
    let (mut outcomes, fake) = all_through(fake, &["app"], limits).await;
    (outcomes.remove(0), fake)
}

/// These images, all of which a rule has as `rule`.
async fn all_through(fake: Fake, images: &[&str], limits: &PullLimits) -> (Vec<PullOutcome>, &'static Fake) {
    let fake: &'static Fake = Box::leak(Box::new(fake));
    let pulls = images.iter().copied().map(behind_a_rule).collect();
    (run(pulls, &NoneNeeded, &fake, &two_at_once(), limits, &Nobody, &CancellationToken::new()).await, fake)
}

#[tokio::test(start_paused = true)]
async fn an_image_whose_tag_moves_while_it_is_named_is_still_the_one_that_was_looked_at() {
    let moved_to = DIGEST.replace("0123", "4567");
    let later = ProgressMessage { id: None, status: format!("Digest: {moved_to}"), bytes: None };
    let slow = Fake { inspect_takes: 2 * SECOND, ..Fake::default() };
    // Looked at after two seconds, named after four; in between another pull moves the tag.
    let fake = slow.on("rule", vec![digest(0)]).on("rule", vec![(3 * SECOND, Ok(later))]);
    let (outcomes, fake) = all_through(fake, &["app", "other"], &limits()).await;
    for (outcome, name) in outcomes.iter().zip(["app", "other"]) {
        let pulled = outcome.result.as_ref().unwrap().digest.clone();
        let named = fake.copies.lock().unwrap()[&format!("docker.io/library/{name}:latest")].digests.clone();
        assert_eq!(pulled.as_slice(), named, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_comes_back_goes_on_with_the_rule_and_gives_the_image_its_name() {
    let fake = (0..10).fold(Fake::default(), |fake, _| fake.on("rule", vec![gone(1)])).on("rule", vec![digest(0)]);
    let deadlines = Deadlines { begin: SECOND, restart: 90 * SECOND, ..limits().deadlines };
    let (outcome, fake) = through(fake, &PullLimits { deadlines, ..limits() }).await;
    assert_eq!((how(&outcome), &outcome.fell_back), (PullResultKind::Fetched, &None));
    assert!(fake.copies.lock().unwrap().contains_key("docker.io/library/app:latest"));
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_room_for_a_pull_is_no_reason_to_leave_the_rule() {
    let busy = || {
        let text = "open /var/lib/docker/tmp/x: too many open files".to_owned();
        vec![(Duration::ZERO, Err(EngineError::Said { status: 500, code: None, text }))]
    };
    let fake = (0..8).fold(Fake::default(), |fake, _| fake.on("rule", busy())).on("rule", vec![digest(0)]);
    let limits = PullLimits {
        backoff: Backoff::exponential(SECOND, SECOND).with_attempts(NonZeroU32::new(16).unwrap()),
        ..limits()
    };
    let (outcome, _) = through(fake, &limits).await;
    assert_eq!((how(&outcome), outcome.attempts, &outcome.fell_back), (PullResultKind::Fetched, 9, &None));
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_wants_to_be_left_alone_for_long_is_left_for_the_upstream() {
    let text = "toomanyrequests: retry-after: 60s".to_owned();
    let limited = (Duration::ZERO, Err(EngineError::Said { status: 500, code: None, text }));
    let fake = Fake::default().on("rule", vec![limited]).on("app", vec![busy(0)]).on("app", vec![digest(0)]);
    let begun = Instant::now();
    let (outcome, _) = through(fake, &limits()).await;
    assert_eq!((how(&outcome), outcome.attempts), (PullResultKind::Fetched, 3));
    assert_eq!(outcome.fell_back.map(|failure| failure.class), Some(Class::Throttled));
    assert!(begun.elapsed() < 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn both_ways_have_one_deadline() {
    let still = |after| vec![layer(0, "a", "Pulling fs layer"), layer(after, "a", "Pull complete")];
    let slow: Script = (1..30).map(|at| moved(9, "b", at)).collect();
    let fake = Fake::default().on("rule", still(50)).on("app", slow);
    let (outcome, _) = through(fake, &limits()).await;
    assert_eq!((class(&outcome), outcome.duration), (Some(Class::TimedOut), 100 * SECOND));
    assert_eq!(outcome.fell_back.map(|failure| failure.class), Some(Class::Unavailable));
}
