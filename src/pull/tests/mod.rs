//! The schedule under paused time.

mod copies;
mod rules;
mod world;

use std::num::NonZeroU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::credential::Provenance;
use crate::engine::EngineError;
use crate::error::{Class, Link};
use crate::plan::{HostLogin, HostLoginSource, Need, PlannedPull};
use crate::pull::{Deadlines, PullLimiter, PullLimits, PullOutcome, PullResultKind, run};
use crate::retry::Backoff;
use crate::task::{ImageReference, Platform};
use world::{
    DIGEST, Fake, Nobody, NoneNeeded, SECOND, Script, at_once, busy, class, digest, gone, how, layer, limits, moved,
    pull, pull_in, two_at_once,
};

#[tokio::test(start_paused = true)]
async fn a_pull_whose_layers_wait_for_another_pulls_is_not_stalled() {
    let mut big: Script = (1..10).map(|at| moved(5, "a", at)).collect();
    big.push(digest(0));
    let small =
        vec![layer(0, "b", "Pulling fs layer"), layer(0, "b", "Waiting"), layer(50, "b", "Pull complete"), digest(0)];
    let fake = Fake::default().on("big", big).on("small", small);
    let (outcomes, _) = pull(fake, &["big", "small"], &limits(), &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), class(&outcomes[1])), (None, None), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pull_that_has_its_turn_and_says_nothing_is_stalled_whatever_the_others_do() {
    let moving: Script = (1..21).map(|at| moved(1, "a", at)).chain([digest(0)]).collect();
    let still = || vec![layer(0, "b", "Pulling fs layer"), layer(50, "b", "Pull complete")];
    let fake = Fake::default().on("moving", moving).on("still", still()).on("still", still()).on("still", still());
    let (outcomes, _) = pull(fake, &["moving", "still"], &limits(), &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), class(&outcomes[1])), (None, Some(Class::Unavailable)), "{outcomes:?}");
    assert_eq!(outcomes[1].attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn the_total_deadline_keeps_the_last_error() {
    let short = PullLimits { deadlines: Deadlines { total: 3 * SECOND, ..limits().deadlines }, ..limits() };
    let fake = Fake::default().on("app", vec![busy(2)]).on("app", vec![digest(50)]);
    let (outcomes, _) = pull(fake, &["app"], &short, &CancellationToken::new()).await;
    let failure = outcomes[0].result.as_ref().unwrap_err();
    assert_eq!(failure.class, Class::TimedOut);
    assert!(failure.caused_by.iter().any(|cause| cause.as_str().contains("503")), "{failure:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hung_engine_is_waited_for_and_then_given_up() {
    let hung = Fake { inspect_takes: 60 * SECOND, ..Fake::default() };
    let fake = (0..10).fold(hung, |fake, _| fake.on("app", vec![digest(0)]));
    let begun = Instant::now();
    let (outcomes, _) = pull(fake, &["app"], &limits(), &CancellationToken::new()).await;
    assert_eq!(class(&outcomes[0]), Some(Class::EngineGone), "{outcomes:?}");
    let took = begun.elapsed();
    assert!((20 * SECOND..40 * SECOND).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_a_digest_is_no_success() {
    let fake = Fake::default().on("app", vec![layer(0, "a", "Pull complete")]);
    let (outcomes, _) = pull(fake, &["app"], &limits(), &CancellationToken::new()).await;
    assert_eq!(class(&outcomes[0]), Some(Class::Unsupported), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_begins_nothing_more() {
    let interrupt = CancellationToken::new();
    let (traffic, limits) = (PullLimiter::of_one_run(at_once(1, 1)), limits());
    // An attempt at the second one would be one that nobody has a script for.
    let fake = Fake::default().on("app", vec![digest(9)]);
    let work = pull_in(&traffic, fake, &["app", "other"], &limits, &interrupt);
    let ((outcomes, _), ()) = tokio::join!(work, async {
        sleep(4 * SECOND).await;
        interrupt.cancel();
    });
    assert!(outcomes.iter().all(|outcome| class(outcome) == Some(Class::Cancelled)), "{outcomes:?}");
    assert_eq!([outcomes[0].attempts, outcomes[1].attempts], [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_pull_that_does_not_begin_is_the_registrys_and_on_an_engine_that_hangs_the_engines() {
    let silent = || Fake::default().on("app", vec![digest(600)]);
    let limits =
        PullLimits { backoff: Backoff::exponential(SECOND, SECOND).with_attempts(NonZeroU32::MIN), ..limits() };
    let found = |outcome: &PullOutcome| outcome.result.as_ref().map_err(|failure| (failure.link, failure.class)).err();
    let (outcomes, _) = pull(silent(), &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!(found(&outcomes[0]), Some((Link::Registry, Class::Unavailable)), "{outcomes:?}");

    let deadlines = Deadlines { restart: SECOND, ..limits.deadlines };
    let hung = Fake { inspect_takes: 3_600 * SECOND, ..silent() };
    let (outcomes, fake) = pull(hung, &["app"], &PullLimits { deadlines, ..limits }, &CancellationToken::new()).await;
    assert_eq!(found(&outcomes[0]), Some((Link::Engine, Class::EngineGone)), "{outcomes:?}");
    assert!(outcomes[0].attempts > 1 && fake.scripts.lock().unwrap().values().all(Vec::is_empty), "asked to pull once");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_pull_tells_what_it_had_come_to() {
    let interrupt = CancellationToken::new();
    let fake = Fake::default().on("app", vec![layer(50, "a", "Downloading")]);
    let limits = limits();
    let work = pull(fake, &["app"], &limits, &interrupt);
    let later = async {
        sleep(4 * SECOND).await;
        interrupt.cancel();
    };
    let ((outcomes, fake), ()) = tokio::join!(work, later);
    assert_eq!(class(&outcomes[0]), Some(Class::Cancelled), "{outcomes:?}");
    assert_eq!((outcomes[0].attempts, outcomes[0].duration), (1, 3 * SECOND), "connecting took one of the four");
    assert_eq!(outcomes[0].origin, Some(Provenance::Anonymous));
    assert_eq!(fake.under_way.load(Ordering::Relaxed), 0, "its stream is dropped");
}

#[tokio::test(start_paused = true)]
async fn the_limit_holds_and_is_used_and_the_engine_is_reached_once() {
    let images = ["a", "b", "c", "d", "e"];
    let fake = images.iter().fold(Fake::default(), |fake, image| fake.on(image, vec![digest(5)]));
    let (outcomes, fake) = pull(fake, &images, &limits(), &CancellationToken::new()).await;
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()), "{outcomes:?}");
    assert_eq!(fake.most_at_once.load(Ordering::Relaxed), 2);
    assert_eq!(fake.connects.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn one_tag_is_one_image_in_a_run_though_it_moves_in_the_middle() {
    let image = ImageReference::parse("app").unwrap();
    let login = |scope: &str| HostLogin { source: HostLoginSource::DockerConfig, scope: scope.to_owned() };
    let needs = [Need::Anonymous, Need::HostLogin(login("a")), Need::HostLogin(login("b"))];
    let pulls = needs.map(|need| PlannedPull { image: image.clone(), need, platform: None, pull_through: None });
    let fake = Fake::default().on("app", vec![digest(5)]);
    let by_digest = vec![vec![digest(0)], vec![digest(0)]];
    fake.scripts.lock().unwrap().insert(format!("docker.io/library/app@{DIGEST}"), by_digest);
    let fake: &'static Fake = Box::leak(Box::new(fake));
    let outcomes =
        run(pulls.to_vec(), &NoneNeeded, &fake, &two_at_once(), &limits(), &Nobody, &CancellationToken::new()).await;
    let digests: Vec<_> = outcomes.iter().map(|outcome| outcome.result.as_ref().unwrap().digest.as_deref()).collect();
    assert_eq!(digests, [Some(DIGEST); 3]);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_comes_back_goes_on_and_that_takes_none_of_the_attempts() {
    let fake = (0..10).fold(Fake::default(), |fake, _| fake.on("app", vec![gone(0)])).on("app", vec![digest(0)]);
    let limits = PullLimits {
        backoff: Backoff::exponential(SECOND / 4, SECOND).with_attempts(NonZeroU32::new(2).unwrap()),
        ..limits()
    };
    let (outcomes, fake) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!(how(&outcomes[0]), PullResultKind::Fetched);
    assert_eq!((outcomes[0].attempts, outcomes[0].retries.len()), (11, 10));
    assert!(outcomes[0].retries.iter().all(|retry| retry.failure.class == Class::EngineGone));
    assert_eq!(fake.most_at_once.load(Ordering::Relaxed), 1, "never two pulls of one image");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_never_stops_telling_new_layers_is_not_listened_to() {
    let endless: Script = (0..20_000).map(|at| layer(0, &at.to_string(), "Pulling fs layer")).collect();
    let limits =
        PullLimits { backoff: Backoff::exponential(SECOND, SECOND).with_attempts(NonZeroU32::MIN), ..limits() };
    let fake = Fake::default().on("app", endless.into_iter().chain([digest(0)]).collect());
    let (outcomes, _) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
    let link = outcomes[0].result.as_ref().map_err(|failure| failure.link);
    assert_eq!(link.unwrap_err(), Link::Engine);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_says_the_same_again_and_again_is_stalled() {
    let again: Script = (0..100).map(|_| layer(1, "a", "Downloading")).collect();
    let limits =
        PullLimits { backoff: Backoff::exponential(SECOND, SECOND).with_attempts(NonZeroU32::MIN), ..limits() };
    let (outcomes, _) = pull(Fake::default().on("app", again), &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!(class(&outcomes[0]), Some(Class::Unavailable), "{outcomes:?}");
    assert_eq!(outcomes[0].duration, 11 * SECOND, "ten after the line that said something");
}

#[tokio::test(start_paused = true)]
async fn a_slow_registry_does_not_hold_back_another_one() {
    let slow: Vec<String> = (0..10).map(|at| format!("slow.example/{at}")).collect();
    let script = |fake: Fake, image: &str, takes| {
        fake.scripts.lock().unwrap().insert(format!("{image}:latest"), vec![vec![digest(takes)]]);
        fake
    };
    let fake = slow.iter().fold(Fake::default(), |fake, image| script(fake, image, 9));
    let fake = script(fake, "quick.example/app", 1);
    let traffic = PullLimiter::of_one_run(at_once(100, 2));
    let images: Vec<&str> = slow.iter().map(String::as_str).chain(["quick.example/app"]).collect();
    let (outcomes, _) = pull_in(&traffic, fake, &images, &limits(), &CancellationToken::new()).await;
    assert_eq!((outcomes[10].waited, outcomes[10].duration), (Duration::ZERO, SECOND), "{outcomes:?}");
    assert_eq!(outcomes[9].waited, 36 * SECOND, "and the last of the slow ones waits for its registry");
}

#[tokio::test(start_paused = true)]
async fn two_runs_share_their_turns_and_one_image_is_pulled_by_one_of_them_at_a_time() {
    let traffic = PullLimiter::of_many_runs(at_once(2, 2));
    let (limits, interrupt) = (limits(), CancellationToken::new());
    let fake = |images: &[&str]| images.iter().fold(Fake::default(), |fake, image| fake.on(image, vec![digest(9)]));
    let run = async |images: &[&str]| pull_in(&traffic, fake(images), images, &limits, &interrupt).await.0;
    let (one, other) = tokio::join!(run(&["a", "b"]), run(&["a", "c"]));
    let waited: Vec<_> = one.iter().chain(&other).map(|outcome| outcome.waited.as_secs()).collect();
    assert_eq!(waited, [0, 0, 9, 9], "{one:?} {other:?}");
}

#[tokio::test(start_paused = true)]
async fn another_platform_than_the_one_asked_for_is_no_success() {
    let image = ImageReference::parse("app").unwrap();
    let wanted = |text| PlannedPull {
        image: image.clone(),
        need: Need::Anonymous,
        platform: Platform::parse(text).ok(),
        pull_through: None,
    };
    for (platform, found) in [("linux/arm64", Some(Class::Unsupported)), ("linux/amd64", None)] {
        let fake: &'static Fake = Box::leak(Box::new(Fake::default().on("app", vec![digest(0)])));
        let outcomes = run(
            vec![wanted(platform)],
            &NoneNeeded,
            &fake,
            &two_at_once(),
            &limits(),
            &Nobody,
            &CancellationToken::new(),
        )
        .await;
        assert_eq!(class(&outcomes[0]), found, "{platform}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_says_how_long_is_left_alone_for_so_long() {
    let text = "toomanyrequests: retry-after: 7s, allowed: 44000/minute".to_owned();
    let throttled = || vec![(Duration::ZERO, Err(EngineError::Said { status: 500, code: None, text: text.clone() }))];
    let fake = Fake::default().on("app", throttled()).on("app", vec![digest(0)]);
    let (outcomes, _) = pull(fake, &["app"], &limits(), &CancellationToken::new()).await;
    assert_eq!(how(&outcomes[0]), PullResultKind::Fetched);
    assert_eq!((outcomes[0].retries[0].wait, outcomes[0].duration), (7 * SECOND, 7 * SECOND));
    let short = PullLimits { deadlines: Deadlines { total: 6 * SECOND, ..limits().deadlines }, ..limits() };
    let (outcomes, _) = pull(Fake::default().on("app", throttled()), &["app"], &short, &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), outcomes[0].duration), (Some(Class::Throttled), Duration::ZERO));
}
