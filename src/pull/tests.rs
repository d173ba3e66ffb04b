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

use super::{Connect, Deadlines, Engine, EngineError, Limits, Line, Outcome, Progress, State, run};
use crate::credential::{Credential, Credentials, Login, Origin};
use crate::error::{Class, Failure};
use crate::plan::{Need, PlannedPull};
use crate::retry::Backoff;
use crate::task::ImageReference;

const SECOND: Duration = Duration::from_secs(1);
const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A line after a pause, or an error.
type Script = Vec<(Duration, Result<Line, EngineError>)>;

/// An engine that plays, for each attempt at an image, the next of its scripts.
#[derive(Default)]
struct Fake {
    scripts: Mutex<HashMap<String, Vec<Script>>>,
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
    fn pull<'a>(&'a self, image: &'a ImageReference, _: &'a Login) -> BoxStream<'a, Result<Line, EngineError>> {
        let script = self.scripts.lock().unwrap().get_mut(&image.to_string()).map(|scripts| scripts.remove(0));
        let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(now, Ordering::Relaxed);
        let leave = Leave(self);
        stream::iter(script.expect("an attempt that was expected"))
            .then(move |(pause, line)| {
                let _ = &leave;
                async move {
                    sleep(pause).await;
                    line
                }
            })
            .boxed()
    }

    async fn digests<'a>(&'a self, _: &'a ImageReference) -> Result<Vec<String>, EngineError> {
        sleep(self.inspect_takes).await;
        Ok(vec![DIGEST.to_owned()])
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

fn digest(after: u32) -> (Duration, Result<Line, EngineError>) {
    (after * SECOND, Ok(Line { id: None, status: format!("Digest: {DIGEST}"), bytes: None }))
}

fn busy(after: u32) -> (Duration, Result<Line, EngineError>) {
    let text = "received unexpected HTTP status: 503 Service Unavailable".to_owned();
    (after * SECOND, Err(EngineError::Said { status: 500, code: None, text }))
}

fn limits() -> Limits {
    Limits {
        concurrency: NonZeroUsize::new(2).unwrap(),
        deadlines: Deadlines { answer: 5 * SECOND, idle: 10 * SECOND, total: 100 * SECOND },
        backoff: Backoff::new(SECOND, 5 * SECOND, 3).unwrap(),
        fail_fast: false,
    }
}

async fn pull(
    fake: Fake,
    images: &[&str],
    limits: &Limits,
    interrupt: &CancellationToken,
) -> (Vec<Outcome>, &'static Fake) {
    let fake: &'static Fake = Box::leak(Box::new(fake));
    let pulls = images.iter().map(|image| {
        let image = ImageReference::parse(image).unwrap();
        PlannedPull { image, need: Need::Anonymous }
    });
    (run(pulls.collect(), &NoneNeeded, &fake, limits, &Nobody, interrupt).await, fake)
}

fn class(outcome: &Outcome) -> Option<Class> {
    outcome.result.as_ref().err().map(|failure| failure.class)
}

#[tokio::test(start_paused = true)]
async fn a_pull_whose_layers_wait_for_another_pulls_is_not_stalled() {
    let mut big: Script = (0..9).map(|_| layer(5, "a", "Downloading")).collect();
    big.push(digest(0));
    let small =
        vec![layer(0, "b", "Pulling fs layer"), layer(0, "b", "Waiting"), layer(50, "b", "Pull complete"), digest(0)];
    let fake = Fake::default().on("big", big).on("small", small);
    let (outcomes, _) = pull(fake, &["big", "small"], &limits(), &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), class(&outcomes[1])), (None, None), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pull_that_has_its_turn_and_says_nothing_is_stalled_whatever_the_others_do() {
    let moving: Script = (0..20).map(|_| layer(1, "a", "Downloading")).chain([digest(0)]).collect();
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
async fn a_slow_inspect_is_the_engines_fault_and_nothing_is_pulled_again() {
    let fake = Fake { inspect_takes: 60 * SECOND, ..Fake::default() }.on("app", vec![digest(0)]);
    let (outcomes, _) = pull(fake, &["app"], &limits(), &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), outcomes[0].attempts), (Some(Class::EngineGone), 1), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_a_digest_is_no_success() {
    let fake = Fake::default().on("app", vec![layer(0, "a", "Pull complete")]);
    let (outcomes, _) = pull(fake, &["app"], &limits(), &CancellationToken::new()).await;
    assert_eq!(class(&outcomes[0]), Some(Class::Unsupported), "{outcomes:?}");
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
