//! The schedule under paused time, with an engine that does what it is told.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    Behavior, Caching, Concurrency, Connect, Deadlines, DiskLimits, Engine, EngineError, How, Limits, Line, LocalImage,
    OnRefusal, Outcome, Progress, State, Storage, Traffic, Unreachable, Wanted, run,
};
use crate::credential::{Credential, Credentials, Login, Origin};
use crate::error::{Class, Failure, Link};
use crate::plan::{InstanceLogin, InstanceSource, Need, PlannedPull};
use crate::retry::Backoff;
use crate::task::{ImageReference, Platform};

const SECOND: Duration = Duration::from_secs(1);
const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A line after a pause, or an error.
type Script = Vec<(Duration, Result<Line, EngineError>)>;

/// An engine that plays, for each attempt at an image, the next of its scripts.
#[derive(Default)]
struct Fake {
    scripts: Mutex<HashMap<String, Vec<Script>>>,
    /// The images it has.
    copies: Mutex<HashMap<String, LocalImage>>,
    /// Every image that it ever had, also under a tag that has moved.
    images: Mutex<Vec<LocalImage>>,
    connects: AtomicUsize,
    under_way: AtomicUsize,
    most_at_once: AtomicUsize,
    inspect_takes: Duration,
}

impl Fake {
    fn on(self, image: &str, script: Script) -> Self {
        self.scripts.lock().unwrap().entry(format!("docker.io/library/{image}:latest")).or_default().push(script);
        self
    }

    /// It has an image already, with this digest.
    fn having(self, image: &str, digest: &str) -> Self {
        let name = format!("docker.io/library/{image}:latest");
        self.copies.lock().unwrap().insert(name, copy(digest));
        self
    }
}

fn copy(digest: &str) -> LocalImage {
    let platform = Platform::parse("linux/amd64").ok();
    LocalImage { id: format!("id of {digest}"), digests: vec![digest.to_owned()], platform }
}

impl Connect for &'static Fake {
    type Engine = &'static Fake;

    fn address(&self) -> String {
        "unix:///fake.sock".to_owned()
    }

    async fn connect(&self) -> Result<&'static Fake, EngineError> {
        self.connects.fetch_add(1, Ordering::Relaxed);
        sleep(SECOND).await;
        Ok(*self)
    }
}

impl Engine for &'static Fake {
    fn pull<'a>(&'a self, wanted: &'a Wanted, _: &'a Login) -> BoxStream<'a, Result<Line, EngineError>> {
        let script = self.scripts.lock().unwrap().get_mut(&wanted.image.to_string()).map(|scripts| scripts.remove(0));
        let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(now, Ordering::Relaxed);
        let leave = Leave(self);
        let name = wanted.image.to_string();
        stream::iter(script.unwrap_or_else(|| panic!("an attempt at {name} that was expected")))
            .then(move |(pause, line)| {
                let _ = &leave;
                let name = wanted.image.to_string();
                async move {
                    sleep(pause).await;
                    if let Ok(digest) = &line
                        && let Some(digest) = digest.status.strip_prefix("Digest: ")
                    {
                        self.copies.lock().unwrap().insert(name, copy(digest));
                        self.images.lock().unwrap().push(copy(digest));
                    }
                    line
                }
            })
            .boxed()
    }

    /// It answers as a pull of the image by digest would.
    async fn verify<'a>(&'a self, wanted: &'a Wanted, login: &'a Login) -> Result<(), EngineError> {
        let mut lines = self.pull(wanted, login);
        while let Some(line) = lines.next().await {
            line?;
        }
        Ok(())
    }

    async fn local<'a>(&'a self, image: &'a ImageReference) -> Result<Option<LocalImage>, EngineError> {
        sleep(self.inspect_takes).await;
        Ok(self.copies.lock().unwrap().get(&image.to_string()).cloned())
    }

    /// By an image's name too, as engines do it.
    async fn tag<'a>(&'a self, image: &'a str, name: &'a ImageReference) -> Result<(), EngineError> {
        sleep(self.inspect_takes).await;
        let by_id = self.images.lock().unwrap().iter().find(|copy| copy.id == image).cloned();
        let copy = by_id.or_else(|| self.copies.lock().unwrap().get(image).cloned()).unwrap();
        self.copies.lock().unwrap().insert(name.to_string(), copy);
        Ok(())
    }

    async fn storage(&self) -> Result<Option<Storage>, EngineError> {
        Ok(None)
    }
}

struct Leave(&'static Fake);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

struct NoneNeeded;

impl Credentials for NoneNeeded {
    fn credential<'a>(&'a self, _: &'a PlannedPull) -> BoxFuture<'a, Result<Credential, Arc<Failure>>> {
        async { Ok(Credential::anonymous()) }.boxed()
    }

    fn after_refusal<'a>(
        &'a self,
        _: &'a PlannedPull,
        _: &'a Credential,
        _: Instant,
    ) -> BoxFuture<'a, Result<Option<Credential>, Arc<Failure>>> {
        async { Ok(None) }.boxed()
    }
}

struct Nobody;

impl Progress for Nobody {
    fn update(&self, _: usize, _: &State) {}
}

fn layer(after: u32, id: &str, status: &str) -> (Duration, Result<Line, EngineError>) {
    (after * SECOND, Ok(Line { id: Some(id.to_owned()), status: status.to_owned(), bytes: None }))
}

/// So many bytes of a layer are down.
fn moved(after: u32, id: &str, bytes: u64) -> (Duration, Result<Line, EngineError>) {
    let line = Line { id: Some(id.to_owned()), status: "Downloading".to_owned(), bytes: Some((bytes, 100)) };
    (after * SECOND, Ok(line))
}

fn digest(after: u32) -> (Duration, Result<Line, EngineError>) {
    (after * SECOND, Ok(Line { id: None, status: format!("Digest: {DIGEST}"), bytes: None }))
}

fn busy(after: u32) -> (Duration, Result<Line, EngineError>) {
    let text = "received unexpected HTTP status: 503 Service Unavailable".to_owned();
    (after * SECOND, Err(EngineError::Said { status: 500, code: None, text }))
}

fn limits() -> Limits {
    Limits {
        disk: DiskLimits::default(),
        caching: Caching::default(),
        deadlines: Deadlines {
            answer: 5 * SECOND,
            begin: 10 * SECOND,
            idle: 10 * SECOND,
            restart: 20 * SECOND,
            total: 100 * SECOND,
        },
        backoff: Backoff::new(SECOND, 5 * SECOND, 3).unwrap(),
        fail_fast: false,
    }
}

/// So many at once, of one registry so many.
fn at_once(all: usize, per_registry: usize) -> Concurrency {
    let [all, per_registry] = [all, per_registry].map(|number| NonZeroUsize::new(number).unwrap());
    Concurrency { all, per_registry }
}

fn two_at_once() -> Traffic {
    Traffic::of_one_run(at_once(2, 2))
}

async fn pull(
    fake: Fake,
    images: &[&str],
    limits: &Limits,
    interrupt: &CancellationToken,
) -> (Vec<Outcome>, &'static Fake) {
    pull_in(&two_at_once(), fake, images, limits, interrupt).await
}

async fn pull_in(
    traffic: &Traffic,
    fake: Fake,
    images: &[&str],
    limits: &Limits,
    interrupt: &CancellationToken,
) -> (Vec<Outcome>, &'static Fake) {
    let fake: &'static Fake = Box::leak(Box::new(fake));
    let pulls = images.iter().map(|image| {
        let image = ImageReference::parse(image).unwrap();
        PlannedPull { image, need: Need::Anonymous, platform: None, through: None }
    });
    (run(pulls.collect(), &NoneNeeded, &fake, traffic, limits, &Nobody, interrupt).await, fake)
}

fn class(outcome: &Outcome) -> Option<Class> {
    outcome.result.as_ref().err().map(|failure| failure.class)
}

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
    let short = Limits { deadlines: Deadlines { total: 3 * SECOND, ..limits().deadlines }, ..limits() };
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
    let (traffic, limits) = (Traffic::of_one_run(at_once(1, 1)), limits());
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
    let limits = Limits { backoff: Backoff::new(SECOND, SECOND, 1).unwrap(), ..limits() };
    let found = |outcome: &Outcome| outcome.result.as_ref().map_err(|failure| (failure.link, failure.class)).err();
    let (outcomes, _) = pull(silent(), &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!(found(&outcomes[0]), Some((Link::Registry, Class::Unavailable)), "{outcomes:?}");

    let deadlines = Deadlines { restart: SECOND, ..limits.deadlines };
    let hung = Fake { inspect_takes: 3_600 * SECOND, ..silent() };
    let (outcomes, fake) = pull(hung, &["app"], &Limits { deadlines, ..limits }, &CancellationToken::new()).await;
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
    assert_eq!(outcomes[0].origin, Some(Origin::Anonymous));
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

/// An engine that has gone.
fn gone(after: u32) -> (Duration, Result<Line, EngineError>) {
    (after * SECOND, Err(EngineError::Unreachable { host: "fake".to_owned(), why: Unreachable::NobodyListens }))
}

fn refused() -> Script {
    let text = "unauthorized: authentication required".to_owned();
    vec![(SECOND, Err(EngineError::Said { status: 500, code: None, text }))]
}

/// The one image of a run with this behavior.
async fn with(caching: Caching, fake: Fake) -> Outcome {
    let limits = Limits { caching, backoff: Backoff::new(SECOND, SECOND, 1).unwrap(), ..limits() };
    pull(fake, &["app"], &limits, &CancellationToken::new()).await.0.remove(0)
}

fn behaving(behavior: Behavior) -> Caching {
    Caching { behavior, ..Caching::default() }
}

fn how(outcome: &Outcome) -> How {
    outcome.result.as_ref().unwrap_or_else(|failure| panic!("{failure:?}")).how.clone()
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_down_is_no_reason_to_do_without_an_image_that_is_there() {
    let down = || Fake::default().on("app", vec![busy(0)]).having("app", DIGEST);
    let outcome = with(behaving(Behavior::Default), down()).await;
    let How::Cached { verified: false, instead_of: Some(failure) } = how(&outcome) else { panic!("{outcome:?}") };
    assert_eq!(failure.class, Class::Unavailable);
    assert_eq!(outcome.result.unwrap().digest.as_deref(), Some(DIGEST));
    assert_eq!(class(&with(behaving(Behavior::Always), down()).await), Some(Class::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_whatever_is_there() {
    let refusing = || Fake::default().on("app", refused()).having("app", DIGEST);
    assert_eq!(class(&with(behaving(Behavior::Default), refusing()).await), Some(Class::Refused));
    let lenient = Caching { on_refusal: OnRefusal::UseCached, ..Caching::default() };
    assert!(matches!(how(&with(lenient, refusing()).await), How::Cached { instead_of: Some(_), .. }));
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_serves_first_costs_no_pull() {
    for behavior in [Behavior::Once, Behavior::PreferCached] {
        let outcome = with(behaving(behavior), Fake::default().having("app", DIGEST)).await;
        assert_eq!(how(&outcome), How::Cached { verified: false, instead_of: None });
        assert_eq!(outcome.attempts, 0);
        let outcome = with(behaving(behavior), Fake::default().on("app", vec![digest(0)])).await;
        assert_eq!(how(&outcome), How::Fetched, "where there is none it is pulled");
    }
}

/// A verification asks for the very image, by its digest.
fn verifying(fake: Fake, script: Script) -> Fake {
    let name = format!("docker.io/library/app@{DIGEST}");
    fake.scripts.lock().unwrap().insert(name, vec![script]);
    fake.having("app", DIGEST)
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_must_be_verified_serves_when_the_registry_accepts_the_credential() {
    let strict = Caching { verify_access: Some(true), ..behaving(Behavior::PreferCached) };
    let outcome = with(strict, verifying(Fake::default(), vec![digest(0)])).await;
    assert_eq!(how(&outcome), How::Cached { verified: true, instead_of: None });
    assert_eq!(class(&with(strict, verifying(Fake::default(), refused())).await), Some(Class::Refused));
    let down = with(strict, verifying(Fake::default(), vec![busy(0)])).await;
    assert_eq!(class(&down), Some(Class::Unavailable), "nobody has accepted it");
    let absent = EngineError::Said { status: 404, code: None, text: "manifest unknown: manifest unknown".to_owned() };
    let moved = verifying(Fake::default(), vec![(SECOND, Err(absent))]).on("app", vec![digest(0)]);
    assert_eq!(how(&with(strict, moved).await), How::Fetched, "what the registry no longer has is pulled anew");
}

#[tokio::test(start_paused = true)]
async fn a_verification_and_the_pull_after_it_have_one_deadline() {
    let absent = EngineError::Said { status: 404, code: None, text: "manifest unknown: manifest unknown".to_owned() };
    let fake = verifying(Fake::default(), vec![(60 * SECOND, Err(absent))]).on("app", vec![digest(60)]);
    let caching = Caching { verify_access: Some(true), ..behaving(Behavior::PreferCached) };
    let deadlines = Deadlines { begin: 90 * SECOND, ..limits().deadlines };
    let limits = Limits { caching, deadlines, ..limits() };
    let (outcomes, _) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), outcomes[0].duration), (Some(Class::TimedOut), 100 * SECOND), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn one_tag_is_one_image_in_a_run_though_it_moves_in_the_middle() {
    let image = ImageReference::parse("app").unwrap();
    let login = |scope: &str| InstanceLogin { source: InstanceSource::DockerConfig, scope: scope.to_owned() };
    let needs = [Need::Anonymous, Need::Instance(login("a")), Need::Instance(login("b"))];
    let pulls = needs.map(|need| PlannedPull { image: image.clone(), need, platform: None, through: None });
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
    let limits = Limits { backoff: Backoff::new(SECOND / 4, SECOND, 2).unwrap(), ..limits() };
    let (outcomes, fake) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!(how(&outcomes[0]), How::Fetched);
    assert_eq!((outcomes[0].attempts, outcomes[0].retries.len()), (11, 10));
    assert!(outcomes[0].retries.iter().all(|retry| retry.failure.class == Class::EngineGone));
    assert_eq!(fake.most_at_once.load(Ordering::Relaxed), 1, "never two pulls of one image");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_never_stops_telling_new_layers_is_not_listened_to() {
    let endless: Script = (0..20_000).map(|at| layer(0, &at.to_string(), "Pulling fs layer")).collect();
    let limits = Limits { backoff: Backoff::new(SECOND, SECOND, 1).unwrap(), ..limits() };
    let fake = Fake::default().on("app", endless.into_iter().chain([digest(0)]).collect());
    let (outcomes, _) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
    let link = outcomes[0].result.as_ref().map_err(|failure| failure.link);
    assert_eq!(link.unwrap_err(), Link::Engine);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_says_the_same_again_and_again_is_stalled() {
    let again: Script = (0..100).map(|_| layer(1, "a", "Downloading")).collect();
    let limits = Limits { backoff: Backoff::new(SECOND, SECOND, 1).unwrap(), ..limits() };
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
    let traffic = Traffic::of_one_run(at_once(100, 2));
    let images: Vec<&str> = slow.iter().map(String::as_str).chain(["quick.example/app"]).collect();
    let (outcomes, _) = pull_in(&traffic, fake, &images, &limits(), &CancellationToken::new()).await;
    assert_eq!((outcomes[10].waited, outcomes[10].duration), (Duration::ZERO, SECOND), "{outcomes:?}");
    assert_eq!(outcomes[9].waited, 36 * SECOND, "and the last of the slow ones waits for its registry");
}

#[tokio::test(start_paused = true)]
async fn two_runs_share_their_turns_and_one_image_is_pulled_by_one_of_them_at_a_time() {
    let traffic = Traffic::of_many_runs(at_once(2, 2));
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
        through: None,
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
    assert_eq!(how(&outcomes[0]), How::Fetched);
    assert_eq!((outcomes[0].retries[0].wait, outcomes[0].duration), (7 * SECOND, 7 * SECOND));
    let short = Limits { deadlines: Deadlines { total: 6 * SECOND, ..limits().deadlines }, ..limits() };
    let (outcomes, _) = pull(Fake::default().on("app", throttled()), &["app"], &short, &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), outcomes[0].duration), (Some(Class::Throttled), Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn all_pulls_of_one_tag_fall_back_together() {
    let image = ImageReference::parse("app").unwrap();
    let login = InstanceLogin { source: InstanceSource::DockerConfig, scope: "a".to_owned() };
    let pulls = [Need::Anonymous, Need::Instance(login)].map(|need| PlannedPull {
        image: image.clone(),
        need,
        platform: None,
        through: None,
    });
    let fake = verifying(Fake::default(), vec![busy(0)]).on("app", vec![busy(0)]);
    fake.copies.lock().unwrap().insert(format!("docker.io/library/app@{DIGEST}"), copy(DIGEST));
    let fake: &'static Fake = Box::leak(Box::new(fake));
    let limits = Limits { backoff: Backoff::new(SECOND, SECOND, 1).unwrap(), ..limits() };
    let outcomes =
        run(pulls.to_vec(), &NoneNeeded, &fake, &two_at_once(), &limits, &Nobody, &CancellationToken::new()).await;
    for outcome in outcomes {
        assert!(matches!(how(&outcome), How::Cached { instead_of: Some(_), .. }), "{outcome:?}");
    }
}

/// The image `app`, which is also behind a rule, as `rule`.
async fn through(fake: Fake, limits: &Limits) -> (Outcome, &'static Fake) {
    let (mut outcomes, fake) = all_through(fake, &["app"], limits).await;
    (outcomes.remove(0), fake)
}

/// These images, all of which a rule has as `rule`.
async fn all_through(fake: Fake, images: &[&str], limits: &Limits) -> (Vec<Outcome>, &'static Fake) {
    let fake: &'static Fake = Box::leak(Box::new(fake));
    let of = |image, through| {
        let image = ImageReference::parse(image).unwrap();
        PlannedPull { image, need: Need::Anonymous, platform: None, through }
    };
    let pulls = images.iter().map(|image| of(image, Some(Box::new(of("rule", None))))).collect();
    (run(pulls, &NoneNeeded, &fake, &two_at_once(), limits, &Nobody, &CancellationToken::new()).await, fake)
}

#[tokio::test(start_paused = true)]
async fn an_image_whose_tag_moves_while_it_is_named_is_still_the_one_that_was_looked_at() {
    let moved_to = DIGEST.replace("0123", "4567");
    let later = Line { id: None, status: format!("Digest: {moved_to}"), bytes: None };
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
    let (outcome, fake) = through(fake, &Limits { deadlines, ..limits() }).await;
    assert_eq!((how(&outcome), &outcome.fell_back), (How::Fetched, &None));
    assert!(fake.copies.lock().unwrap().contains_key("docker.io/library/app:latest"));
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_room_for_a_pull_is_no_reason_to_leave_the_rule() {
    let busy = || {
        let text = "open /var/lib/docker/tmp/x: too many open files".to_owned();
        vec![(Duration::ZERO, Err(EngineError::Said { status: 500, code: None, text }))]
    };
    let fake = (0..8).fold(Fake::default(), |fake, _| fake.on("rule", busy())).on("rule", vec![digest(0)]);
    let limits = Limits { backoff: Backoff::new(SECOND, SECOND, 16).unwrap(), ..limits() };
    let (outcome, _) = through(fake, &limits).await;
    assert_eq!((how(&outcome), outcome.attempts, &outcome.fell_back), (How::Fetched, 9, &None));
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_wants_to_be_left_alone_for_long_is_left_for_the_upstream() {
    let text = "toomanyrequests: retry-after: 60s".to_owned();
    let limited = (Duration::ZERO, Err(EngineError::Said { status: 500, code: None, text }));
    let fake = Fake::default().on("rule", vec![limited]).on("app", vec![busy(0)]).on("app", vec![digest(0)]);
    let begun = Instant::now();
    let (outcome, _) = through(fake, &limits()).await;
    assert_eq!((how(&outcome), outcome.attempts), (How::Fetched, 3));
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
