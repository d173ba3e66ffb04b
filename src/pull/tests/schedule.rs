//! Tests of waits, deadlines, permits and retries.

use std::num::NonZeroU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::fake_engine::{
    Anonymous, DIGEST, FakeEngine, NoObserver, SECOND, Script, backoff, busy, class, concurrency, digest, downloaded,
    engine_gone, kind, layer, limits, pull, pull_with_limiter, two_permits,
};
use crate::credential::Provenance;
use crate::engine::EngineError;
use crate::error::{Class, Link};
use crate::plan::{HostLogin, HostLoginSource, Need, PlannedPull};
use crate::pull::{Deadlines, PullLimiter, PullLimits, PullOutcome, PullResultKind, run};
use crate::retry::Backoff;
use crate::task::{ImageReference, Platform};

#[tokio::test(start_paused = true)]
async fn pull_whose_layers_wait_for_another_pull_is_not_stalled() {
    let mut big: Script = (1..10).map(|at| downloaded(5, "a", at)).collect();
    big.push(digest(0));
    let small =
        vec![layer(0, "b", "Pulling fs layer"), layer(0, "b", "Waiting"), layer(50, "b", "Pull complete"), digest(0)];
    let fake = FakeEngine::default().script("big", big).script("small", small);
    let (outcomes, _) = pull(fake, &["big", "small"], &limits(), &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), class(&outcomes[1])), (None, None), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn silent_pull_is_stalled_even_if_others_make_progress() {
    let active: Script = (1..21).map(|at| downloaded(1, "a", at)).chain([digest(0)]).collect();
    let silent = || vec![layer(0, "b", "Pulling fs layer"), layer(50, "b", "Pull complete")];
    let fake = FakeEngine::default()
        .script("active", active)
        .script("silent", silent())
        .script("silent", silent())
        .script("silent", silent());
    let (outcomes, _) = pull(fake, &["active", "silent"], &limits(), &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), class(&outcomes[1])), (None, Some(Class::Unavailable)), "{outcomes:?}");
    assert_eq!(outcomes[1].attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn total_deadline_reports_the_last_error() {
    let short = PullLimits { deadlines: Deadlines { total: 3 * SECOND, ..limits().deadlines }, ..limits() };
    let fake = FakeEngine::default().script("app", vec![busy(2)]).script("app", vec![digest(50)]);
    let (outcomes, _) = pull(fake, &["app"], &short, &CancellationToken::new()).await;
    let failure = outcomes[0].result.as_ref().unwrap_err();
    assert_eq!(failure.class, Class::TimedOut);
    assert!(failure.caused_by.iter().any(|cause| cause.as_str().contains("503")), "{failure:?}");
}

#[tokio::test(start_paused = true)]
async fn hanging_engine_is_reported_as_gone_after_the_restart_limit() {
    let hung = FakeEngine { inspect_takes: 60 * SECOND, ..FakeEngine::default() };
    let fake = (0..10).fold(hung, |fake, _| fake.script("app", vec![digest(0)]));
    let started = Instant::now();
    let (outcomes, _) = pull(fake, &["app"], &limits(), &CancellationToken::new()).await;
    assert_eq!(class(&outcomes[0]), Some(Class::EngineGone), "{outcomes:?}");
    let took = started.elapsed();
    assert!((20 * SECOND..40 * SECOND).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn stream_without_a_digest_is_a_failure() {
    let fake = FakeEngine::default().script("app", vec![layer(0, "a", "Pull complete")]);
    let (outcomes, _) = pull(fake, &["app"], &limits(), &CancellationToken::new()).await;
    assert_eq!(class(&outcomes[0]), Some(Class::Unsupported), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn interrupt_starts_no_further_pull() {
    let interrupt = CancellationToken::new();
    let (limiter, limits) = (PullLimiter::for_one_run(concurrency(1, 1)), limits());
    // The fake engine panics at an attempt at the second image, which has no script.
    let fake = FakeEngine::default().script("app", vec![digest(9)]);
    let work = pull_with_limiter(&limiter, fake, &["app", "other"], &limits, &interrupt);
    let ((outcomes, _), ()) = tokio::join!(work, async {
        sleep(4 * SECOND).await;
        interrupt.cancel();
    });
    assert!(outcomes.iter().all(|outcome| class(outcome) == Some(Class::Cancelled)), "{outcomes:?}");
    assert_eq!([outcomes[0].attempts, outcomes[1].attempts], [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn missing_first_message_is_blamed_on_the_registry_or_a_hanging_engine() {
    let silent = || FakeEngine::default().script("app", vec![digest(600)]);
    let limits = PullLimits { backoff: backoff(SECOND, 1), ..limits() };
    let failure =
        |outcome: &PullOutcome| outcome.result.as_ref().map_err(|failure| (failure.link, failure.class)).err();
    let (outcomes, _) = pull(silent(), &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!(failure(&outcomes[0]), Some((Link::Registry, Class::Unavailable)), "{outcomes:?}");

    let deadlines = Deadlines { restart: SECOND, ..limits.deadlines };
    let hung = FakeEngine { inspect_takes: 3_600 * SECOND, ..silent() };
    let (outcomes, fake) = pull(hung, &["app"], &PullLimits { deadlines, ..limits }, &CancellationToken::new()).await;
    assert_eq!(failure(&outcomes[0]), Some((Link::Engine, Class::EngineGone)), "{outcomes:?}");
    assert!(
        outcomes[0].attempts > 1 && fake.scripts.lock().unwrap().values().all(Vec::is_empty),
        "the engine was asked to pull once"
    );
}

#[tokio::test(start_paused = true)]
async fn interrupted_pull_reports_its_statistics() {
    let interrupt = CancellationToken::new();
    let fake = FakeEngine::default().script("app", vec![layer(50, "a", "Downloading")]);
    let limits = limits();
    let work = pull(fake, &["app"], &limits, &interrupt);
    let later = async {
        sleep(4 * SECOND).await;
        interrupt.cancel();
    };
    let ((outcomes, fake), ()) = tokio::join!(work, later);
    assert_eq!(class(&outcomes[0]), Some(Class::Cancelled), "{outcomes:?}");
    assert_eq!((outcomes[0].attempts, outcomes[0].duration), (1, 3 * SECOND), "connecting took one of the four");
    assert_eq!(outcomes[0].provenance, Some(Provenance::Anonymous));
    assert_eq!(fake.open_streams.load(Ordering::Relaxed), 0, "its stream was dropped");
}

#[tokio::test(start_paused = true)]
async fn concurrency_limit_is_reached_and_one_connection_is_made() {
    let images = ["a", "b", "c", "d", "e"];
    let fake = images.iter().fold(FakeEngine::default(), |fake, image| fake.script(image, vec![digest(5)]));
    let (outcomes, fake) = pull(fake, &images, &limits(), &CancellationToken::new()).await;
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()), "{outcomes:?}");
    assert_eq!(fake.most_open_streams.load(Ordering::Relaxed), 2);
    assert_eq!(fake.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn tag_resolves_to_one_digest_per_run_even_if_it_moves() {
    let image = ImageReference::parse("app").unwrap();
    let login = |scope: &str| HostLogin { source: HostLoginSource::DockerConfig, scope: scope.to_owned() };
    let needs = [Need::Anonymous, Need::HostLogin(login("a")), Need::HostLogin(login("b"))];
    let pulls = needs.map(|need| PlannedPull { image: image.clone(), need, platform: None, pull_through: None });
    let fake = FakeEngine::default().script("app", vec![digest(5)]);
    let by_digest = vec![vec![digest(0)], vec![digest(0)]];
    fake.scripts.lock().unwrap().insert(format!("docker.io/library/app@{DIGEST}"), by_digest);
    let fake: &'static FakeEngine = Box::leak(Box::new(fake));
    let outcomes =
        run(pulls.to_vec(), &Anonymous, &fake, &two_permits(), &limits(), &NoObserver, &CancellationToken::new()).await;
    let digests: Vec<_> = outcomes.iter().map(|outcome| outcome.result.as_ref().unwrap().digest.as_deref()).collect();
    assert_eq!(digests, [Some(DIGEST); 3]);
}

#[tokio::test(start_paused = true)]
async fn engine_restart_does_not_use_up_attempts() {
    let fake = (0..10)
        .fold(FakeEngine::default(), |fake, _| fake.script("app", vec![engine_gone(0)]))
        .script("app", vec![digest(0)]);
    let limits = PullLimits {
        backoff: Backoff::exponential(SECOND / 4, SECOND).with_attempts(NonZeroU32::new(2).unwrap()),
        ..limits()
    };
    let (outcomes, fake) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!(kind(&outcomes[0]), PullResultKind::Fetched);
    assert_eq!((outcomes[0].attempts, outcomes[0].retries.len()), (11, 10));
    assert!(outcomes[0].retries.iter().all(|retry| retry.failure.class == Class::EngineGone));
    assert_eq!(fake.most_open_streams.load(Ordering::Relaxed), 1, "never two concurrent pulls of one image");
}

#[tokio::test(start_paused = true)]
async fn endless_new_layers_end_the_pull() {
    let endless: Script = (0..20_000).map(|at| layer(0, &at.to_string(), "Pulling fs layer")).collect();
    let limits = PullLimits { backoff: backoff(SECOND, 1), ..limits() };
    let fake = FakeEngine::default().script("app", endless.into_iter().chain([digest(0)]).collect());
    let (outcomes, _) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
    let link = outcomes[0].result.as_ref().map_err(|failure| failure.link);
    assert_eq!(link.unwrap_err(), Link::Engine);
}

#[tokio::test(start_paused = true)]
async fn repeated_message_does_not_count_as_progress() {
    let repeated: Script = (0..100).map(|_| layer(1, "a", "Downloading")).collect();
    let limits = PullLimits { backoff: backoff(SECOND, 1), ..limits() };
    let (outcomes, _) =
        pull(FakeEngine::default().script("app", repeated), &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!(class(&outcomes[0]), Some(Class::Unavailable), "{outcomes:?}");
    assert_eq!(outcomes[0].duration, 11 * SECOND, "ten seconds after the first message");
}

#[tokio::test(start_paused = true)]
async fn slow_registry_does_not_delay_another_registry() {
    let slow: Vec<String> = (0..10).map(|at| format!("slow.example/{at}")).collect();
    let script = |fake: FakeEngine, image: &str, takes| {
        fake.scripts.lock().unwrap().insert(format!("{image}:latest"), vec![vec![digest(takes)]]);
        fake
    };
    let fake = slow.iter().fold(FakeEngine::default(), |fake, image| script(fake, image, 9));
    let fake = script(fake, "quick.example/app", 1);
    let limiter = PullLimiter::for_one_run(concurrency(100, 2));
    let images: Vec<&str> = slow.iter().map(String::as_str).chain(["quick.example/app"]).collect();
    let (outcomes, _) = pull_with_limiter(&limiter, fake, &images, &limits(), &CancellationToken::new()).await;
    assert_eq!((outcomes[10].waited, outcomes[10].duration), (Duration::ZERO, SECOND), "{outcomes:?}");
    assert_eq!(outcomes[9].waited, 36 * SECOND, "the last image of the slow registry waits for its permit");
}

#[tokio::test(start_paused = true)]
async fn concurrent_runs_share_permits_and_never_pull_one_image_twice_at_once() {
    let limiter = PullLimiter::for_many_runs(concurrency(2, 2));
    let (limits, interrupt) = (limits(), CancellationToken::new());
    let fake =
        |images: &[&str]| images.iter().fold(FakeEngine::default(), |fake, image| fake.script(image, vec![digest(9)]));
    let run = async |images: &[&str]| pull_with_limiter(&limiter, fake(images), images, &limits, &interrupt).await.0;
    let (one, other) = tokio::join!(run(&["a", "b"]), run(&["a", "c"]));
    let waited: Vec<_> = one.iter().chain(&other).map(|outcome| outcome.waited.as_secs()).collect();
    assert_eq!(waited, [0, 0, 9, 9], "{one:?} {other:?}");
}

#[tokio::test(start_paused = true)]
async fn image_of_another_platform_is_a_failure() {
    let image = ImageReference::parse("app").unwrap();
    let requested = |text| PlannedPull {
        image: image.clone(),
        need: Need::Anonymous,
        platform: Platform::parse(text).ok(),
        pull_through: None,
    };
    for (platform, found) in [("linux/arm64", Some(Class::Unsupported)), ("linux/amd64", None)] {
        let fake: &'static FakeEngine = Box::leak(Box::new(FakeEngine::default().script("app", vec![digest(0)])));
        let outcomes = run(
            vec![requested(platform)],
            &Anonymous,
            &fake,
            &two_permits(),
            &limits(),
            &NoObserver,
            &CancellationToken::new(),
        )
        .await;
        assert_eq!(class(&outcomes[0]), found, "{platform}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_of_the_registry_is_waited_for() {
    let text = "toomanyrequests: retry-after: 7s, allowed: 44000/minute".to_owned();
    let throttled =
        || vec![(Duration::ZERO, Err(EngineError::ErrorMessage { status: 500, code: None, text: text.clone() }))];
    let fake = FakeEngine::default().script("app", throttled()).script("app", vec![digest(0)]);
    let (outcomes, _) = pull(fake, &["app"], &limits(), &CancellationToken::new()).await;
    assert_eq!(kind(&outcomes[0]), PullResultKind::Fetched);
    assert_eq!((outcomes[0].retries[0].wait, outcomes[0].duration), (7 * SECOND, 7 * SECOND));
    let short = PullLimits { deadlines: Deadlines { total: 6 * SECOND, ..limits().deadlines }, ..limits() };
    let (outcomes, _) =
        pull(FakeEngine::default().script("app", throttled()), &["app"], &short, &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), outcomes[0].duration), (Some(Class::Throttled), Duration::ZERO));
}
