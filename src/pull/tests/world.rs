//! An engine that does what it is told, and runs with it under paused time.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream;
use futures_util::stream::{BoxStream, StreamExt as _};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::credential::{Credential, CredentialProvider, Login};
use crate::engine::{
    Engine, EngineConnector, EngineError, LocalImage, ProgressMessage, PullRequest, Storage, Unreachable,
};
use crate::error::{Class, Failure, Link, Printable};
use crate::plan::{Need, PlannedPull};
use crate::pull::{
    Caching, Concurrency, Deadlines, DiskLimits, ProgressObserver, PullLimiter, PullLimits, PullOutcome,
    PullResultKind, PullState, run,
};
use crate::retry::Backoff;
use crate::secret::Secret;
use crate::task::{ImageReference, Platform};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A line after a pause, or an error.
pub(super) type Script = Vec<(Duration, Result<ProgressMessage, EngineError>)>;

/// An engine that plays, for each attempt at an image, the next of its scripts.
#[derive(Default)]
pub(super) struct Fake {
    pub(super) scripts: Mutex<HashMap<String, Vec<Script>>>,
    /// The images it has.
    pub(super) copies: Mutex<HashMap<String, LocalImage>>,
    /// Every image that it ever had, also under a tag that has moved.
    pub(super) images: Mutex<Vec<LocalImage>>,
    pub(super) connects: AtomicUsize,
    pub(super) under_way: AtomicUsize,
    pub(super) most_at_once: AtomicUsize,
    pub(super) inspect_takes: Duration,
}

impl Fake {
    pub(super) fn on(self, image: &str, script: Script) -> Self {
        self.scripts.lock().unwrap().entry(format!("docker.io/library/{image}:latest")).or_default().push(script);
        self
    }

    /// It has an image already, with this digest.
    pub(super) fn having(self, image: &str, digest: &str) -> Self {
        let name = format!("docker.io/library/{image}:latest");
        self.copies.lock().unwrap().insert(name, copy(digest));
        self
    }
}

pub(super) fn copy(digest: &str) -> LocalImage {
    let platform = Platform::parse("linux/amd64").ok();
    LocalImage { id: format!("id of {digest}"), digests: vec![digest.to_owned()], platform }
}

impl EngineConnector for &'static Fake {
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
    fn pull<'a>(
        &'a self,
        wanted: &'a PullRequest,
        _: &'a Login,
    ) -> BoxStream<'a, Result<ProgressMessage, EngineError>> {
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
    async fn verify<'a>(&'a self, wanted: &'a PullRequest, login: &'a Login) -> Result<(), EngineError> {
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

pub(super) struct NoneNeeded;

impl CredentialProvider for NoneNeeded {
    fn credential<'a>(&'a self, _: &'a PlannedPull) -> BoxFuture<'a, Result<Credential, Arc<Failure>>> {
        async { Ok(Credential::anonymous()) }.boxed()
    }

    fn quarantine_reason(&self, _: &PlannedPull, _: &Credential) -> Option<Arc<Failure>> {
        None
    }

    fn refresh_after_refusal<'a>(
        &'a self,
        _: &'a PlannedPull,
        _: &'a Credential,
        _: Instant,
    ) -> BoxFuture<'a, Result<Option<Credential>, Arc<Failure>>> {
        async { Ok(None) }.boxed()
    }
}

/// Has a login, and nobody knows whether there is another one.
pub(super) struct Doubted;

impl CredentialProvider for Doubted {
    fn credential<'a>(&'a self, _: &'a PlannedPull) -> BoxFuture<'a, Result<Credential, Arc<Failure>>> {
        let secret = || Secret::new("x".to_owned());
        let mut credential = Credential::anonymous();
        credential.login = Login::Password { username: secret(), password: secret() };
        async { Ok(credential) }.boxed()
    }

    fn quarantine_reason(&self, _: &PlannedPull, _: &Credential) -> Option<Arc<Failure>> {
        None
    }

    fn refresh_after_refusal<'a>(
        &'a self,
        _: &'a PlannedPull,
        _: &'a Credential,
        _: Instant,
    ) -> BoxFuture<'a, Result<Option<Credential>, Arc<Failure>>> {
        let text = Printable::new("AWS does not answer");
        let (link, class) = (Link::Secret, Class::Unavailable);
        let outage = Failure { link, class, resource: text.clone(), message: text, caused_by: Vec::new(), hint: None };
        async { Err(Arc::new(outage)) }.boxed()
    }
}

pub(super) struct Nobody;

impl ProgressObserver for Nobody {
    fn update(&self, _: usize, _: &PullState) {}
}

pub(super) fn layer(after: u32, id: &str, status: &str) -> (Duration, Result<ProgressMessage, EngineError>) {
    (after * SECOND, Ok(ProgressMessage { id: Some(id.to_owned()), status: status.to_owned(), bytes: None }))
}

/// So many bytes of a layer are down.
pub(super) fn moved(after: u32, id: &str, bytes: u64) -> (Duration, Result<ProgressMessage, EngineError>) {
    let line = ProgressMessage { id: Some(id.to_owned()), status: "Downloading".to_owned(), bytes: Some((bytes, 100)) };
    (after * SECOND, Ok(line))
}

pub(super) fn digest(after: u32) -> (Duration, Result<ProgressMessage, EngineError>) {
    (after * SECOND, Ok(ProgressMessage { id: None, status: format!("Digest: {DIGEST}"), bytes: None }))
}

pub(super) fn busy(after: u32) -> (Duration, Result<ProgressMessage, EngineError>) {
    let text = "received unexpected HTTP status: 503 Service Unavailable".to_owned();
    (after * SECOND, Err(EngineError::Said { status: 500, code: None, text }))
}

pub(super) fn limits() -> PullLimits {
    PullLimits {
        disk: DiskLimits::default(),
        caching: Caching::default(),
        deadlines: Deadlines {
            answer: 5 * SECOND,
            begin: 10 * SECOND,
            idle: 10 * SECOND,
            restart: 20 * SECOND,
            total: 100 * SECOND,
        },
        backoff: Backoff::exponential(SECOND, 5 * SECOND).with_attempts(NonZeroU32::new(3).unwrap()),
        fail_fast: false,
    }
}

/// So many at once, of one registry so many.
pub(super) fn at_once(all: usize, per_registry: usize) -> Concurrency {
    let [all, per_registry] = [all, per_registry].map(|number| NonZeroUsize::new(number).unwrap());
    Concurrency { all, per_registry }
}

pub(super) fn two_at_once() -> PullLimiter {
    PullLimiter::of_one_run(at_once(2, 2))
}

pub(super) fn planned(image: &str) -> PlannedPull {
    let image = ImageReference::parse(image).unwrap();
    PlannedPull { image, need: Need::Anonymous, platform: None, pull_through: None }
}

/// An image that is also behind a rule, as `rule`.
pub(super) fn behind_a_rule(image: &str) -> PlannedPull {
    PlannedPull { pull_through: Some(Box::new(planned("rule"))), ..planned(image) }
}

pub(super) async fn pull(
    fake: Fake,
    images: &[&str],
    limits: &PullLimits,
    interrupt: &CancellationToken,
) -> (Vec<PullOutcome>, &'static Fake) {
    pull_in(&two_at_once(), fake, images, limits, interrupt).await
}

pub(super) async fn pull_in(
    traffic: &PullLimiter,
    fake: Fake,
    images: &[&str],
    limits: &PullLimits,
    interrupt: &CancellationToken,
) -> (Vec<PullOutcome>, &'static Fake) {
    let fake: &'static Fake = Box::leak(Box::new(fake));
    let pulls = images.iter().copied().map(planned);
    (run(pulls.collect(), &NoneNeeded, &fake, traffic, limits, &Nobody, interrupt).await, fake)
}

pub(super) fn class(outcome: &PullOutcome) -> Option<Class> {
    outcome.result.as_ref().err().map(|failure| failure.class)
}

/// An engine that has gone.
pub(super) fn gone(after: u32) -> (Duration, Result<ProgressMessage, EngineError>) {
    (after * SECOND, Err(EngineError::Unreachable { host: "fake".to_owned(), why: Unreachable::NobodyListens }))
}

pub(super) fn refused() -> Script {
    let text = "unauthorized: authentication required".to_owned();
    vec![(SECOND, Err(EngineError::Said { status: 500, code: None, text }))]
}

pub(super) fn how(outcome: &PullOutcome) -> PullResultKind {
    outcome.result.as_ref().unwrap_or_else(|failure| panic!("{failure:?}")).how.clone()
}
