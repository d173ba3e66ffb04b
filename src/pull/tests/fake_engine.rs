//! A fake engine that plays scripts, and runs with it under paused time.

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
    Engine, EngineConnector, EngineError, LocalImage, ProgressMessage, PullRequest, Storage, UnreachableReason,
};
use crate::error::{Class, Failure, Link, Printable};
use crate::plan::{Need, PlannedPull};
use crate::pull::{
    CachePolicy, Concurrency, Deadlines, DiskLimits, ProgressObserver, PullLimiter, PullLimits, PullOutcome,
    PullResultKind, PullState, run,
};
use crate::retry::Backoff;
use crate::secret::Secret;
use crate::task::{ImageReference, Platform};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The messages of a pull stream, each after a pause; an error ends the stream.
pub(super) type Script = Vec<(Duration, Result<ProgressMessage, EngineError>)>;

/// A fake engine. Each attempt at an image plays the next script of that image.
#[derive(Default)]
pub(super) struct FakeEngine {
    pub(super) scripts: Mutex<HashMap<String, Vec<Script>>>,
    /// Local images by name.
    pub(super) local: Mutex<HashMap<String, LocalImage>>,
    /// Every image that was ever pulled, also under a tag that has moved since.
    pub(super) pulled: Mutex<Vec<LocalImage>>,
    /// The platforms for which the registry has every image.
    pub(super) platforms: Mutex<Vec<String>>,
    /// Whether the engine cannot read zstd.
    pub(super) is_old: bool,
    pub(super) connections: AtomicUsize,
    pub(super) open_streams: AtomicUsize,
    pub(super) most_open_streams: AtomicUsize,
    pub(super) inspect_takes: Duration,
}

impl FakeEngine {
    /// Adds a script for the next attempt at this image.
    pub(super) fn script(self, image: &str, script: Script) -> Self {
        self.scripts.lock().unwrap().entry(format!("docker.io/library/{image}:latest")).or_default().push(script);
        self
    }

    /// Adds a local image with this digest.
    pub(super) fn with_local(self, image: &str, digest: &str) -> Self {
        let name = format!("docker.io/library/{image}:latest");
        self.local.lock().unwrap().insert(name, local_image(digest));
        self
    }
}

pub(super) fn local_image(digest: &str) -> LocalImage {
    let platform = Platform::parse("linux/amd64").ok();
    LocalImage { id: format!("id of {digest}"), digests: vec![digest.to_owned()], platform }
}

impl EngineConnector for &'static FakeEngine {
    type Engine = &'static FakeEngine;

    fn address(&self) -> String {
        "unix:///fake.sock".to_owned()
    }

    async fn connect(&self) -> Result<&'static FakeEngine, EngineError> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        sleep(SECOND).await;
        Ok(*self)
    }
}

impl Engine for &'static FakeEngine {
    fn pull<'a>(
        &'a self,
        request: &'a PullRequest,
        _: &'a Login,
    ) -> BoxStream<'a, Result<ProgressMessage, EngineError>> {
        let script = self.scripts.lock().unwrap().get_mut(&request.image.to_string()).map(|scripts| scripts.remove(0));
        let now = self.open_streams.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_open_streams.fetch_max(now, Ordering::Relaxed);
        let open_stream = OpenStream(self);
        let name = request.image.to_string();
        stream::iter(script.unwrap_or_else(|| panic!("unexpected attempt at {name}")))
            .then(move |(pause, message)| {
                let _ = &open_stream;
                let name = request.image.to_string();
                async move {
                    sleep(pause).await;
                    if let Ok(digest) = &message
                        && let Some(digest) = digest.status.strip_prefix("Digest: ")
                    {
                        self.local.lock().unwrap().insert(name, local_image(digest));
                        self.pulled.lock().unwrap().push(local_image(digest));
                    }
                    message
                }
            })
            .boxed()
    }

    /// Plays the next script of the image named by digest.
    async fn verify<'a>(&'a self, request: &'a PullRequest, login: &'a Login) -> Result<(), EngineError> {
        let mut messages = self.pull(request, login);
        while let Some(message) = messages.next().await {
            message?;
        }
        Ok(())
    }

    async fn platforms<'a>(&'a self, _: &'a ImageReference, _: &'a Login) -> Result<Vec<String>, EngineError> {
        Ok(self.platforms.lock().unwrap().clone())
    }

    fn reads_zstd(&self) -> bool {
        !self.is_old
    }

    async fn inspect<'a>(&'a self, image: &'a ImageReference) -> Result<Option<LocalImage>, EngineError> {
        sleep(self.inspect_takes).await;
        Ok(self.local.lock().unwrap().get(&image.to_string()).cloned())
    }

    /// Engines accept an image's id or name here.
    async fn tag<'a>(&'a self, image: &'a str, name: &'a ImageReference) -> Result<(), EngineError> {
        sleep(self.inspect_takes).await;
        let by_id = self.pulled.lock().unwrap().iter().find(|pulled| pulled.id == image).cloned();
        let tagged = by_id.or_else(|| self.local.lock().unwrap().get(image).cloned()).unwrap();
        self.local.lock().unwrap().insert(name.to_string(), tagged);
        Ok(())
    }

    async fn storage(&self) -> Result<Option<Storage>, EngineError> {
        Ok(None)
    }
}

struct OpenStream(&'static FakeEngine);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.open_streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Provides anonymous credentials.
pub(super) struct Anonymous;

impl CredentialProvider for Anonymous {
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

/// Provides a password; after a refusal, AWS is unavailable.
pub(super) struct NotRefreshable;

impl CredentialProvider for NotRefreshable {
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
        let text = Printable::new("AWS is unavailable");
        let (link, class) = (Link::Secret, Class::Unavailable);
        let outage = Failure { link, class, resource: text.clone(), message: text, caused_by: Vec::new(), hint: None };
        async { Err(Arc::new(outage)) }.boxed()
    }
}

/// Ignores all progress.
pub(super) struct NoObserver;

impl ProgressObserver for NoObserver {
    fn update(&self, _: usize, _: &PullState) {}
}

pub(super) fn layer(after: u32, id: &str, status: &str) -> (Duration, Result<ProgressMessage, EngineError>) {
    (after * SECOND, Ok(ProgressMessage { id: Some(id.to_owned()), status: status.to_owned(), bytes: None }))
}

/// A progress message: this many of a layer's 100 bytes are downloaded.
pub(super) fn downloaded(after: u32, id: &str, bytes: u64) -> (Duration, Result<ProgressMessage, EngineError>) {
    let message =
        ProgressMessage { id: Some(id.to_owned()), status: "Downloading".to_owned(), bytes: Some((bytes, 100)) };
    (after * SECOND, Ok(message))
}

pub(super) fn digest(after: u32) -> (Duration, Result<ProgressMessage, EngineError>) {
    (after * SECOND, Ok(ProgressMessage { id: None, status: format!("Digest: {DIGEST}"), bytes: None }))
}

pub(super) fn busy(after: u32) -> (Duration, Result<ProgressMessage, EngineError>) {
    let text = "received unexpected HTTP status: 503 Service Unavailable".to_owned();
    (after * SECOND, Err(EngineError::ErrorMessage { status: 500, code: None, text }))
}

/// Waits of one second that double up to `max`.
pub(super) fn backoff(max: Duration, attempts: u32) -> Backoff {
    Backoff::exponential(SECOND, max).with_attempts(NonZeroU32::new(attempts).unwrap())
}

pub(super) fn limits() -> PullLimits {
    PullLimits {
        disk: DiskLimits::default(),
        cache_policy: CachePolicy::default(),
        deadlines: Deadlines {
            answer: 5 * SECOND,
            begin: 10 * SECOND,
            idle: 10 * SECOND,
            restart: 20 * SECOND,
            total: 100 * SECOND,
        },
        backoff: backoff(5 * SECOND, 3),
        fail_fast: false,
    }
}

/// Limits over all registries and for each registry.
pub(super) fn concurrency(all: usize, per_registry: usize) -> Concurrency {
    let [all, per_registry] = [all, per_registry].map(|number| NonZeroUsize::new(number).unwrap());
    Concurrency { all, per_registry }
}

pub(super) fn two_permits() -> PullLimiter {
    PullLimiter::for_one_run(concurrency(2, 2))
}

pub(super) fn planned(image: &str) -> PlannedPull {
    let image = ImageReference::parse(image).unwrap();
    PlannedPull { image, need: Need::Anonymous, platform: None, pull_through: None }
}

/// An image that a pull-through cache has as `rule`.
pub(super) fn planned_through_rule(image: &str) -> PlannedPull {
    PlannedPull { pull_through: Some(Box::new(planned("rule"))), ..planned(image) }
}

/// Pulls images without credentials, two at a time.
pub(super) async fn pull(
    fake: FakeEngine,
    images: &[&str],
    limits: &PullLimits,
    interrupt: &CancellationToken,
) -> (Vec<PullOutcome>, &'static FakeEngine) {
    pull_with_limiter(&two_permits(), fake, images, limits, interrupt).await
}

pub(super) async fn pull_with_limiter(
    limiter: &PullLimiter,
    fake: FakeEngine,
    images: &[&str],
    limits: &PullLimits,
    interrupt: &CancellationToken,
) -> (Vec<PullOutcome>, &'static FakeEngine) {
    let fake: &'static FakeEngine = Box::leak(Box::new(fake));
    let pulls = images.iter().copied().map(planned);
    (run(pulls.collect(), &Anonymous, &fake, limiter, limits, &NoObserver, interrupt).await, fake)
}

pub(super) fn class(outcome: &PullOutcome) -> Option<Class> {
    outcome.result.as_ref().err().map(|failure| failure.class)
}

/// The engine stops answering.
pub(super) fn engine_gone(after: u32) -> (Duration, Result<ProgressMessage, EngineError>) {
    (
        after * SECOND,
        Err(EngineError::Unreachable { host: "fake".to_owned(), reason: UnreachableReason::ConnectionRefused }),
    )
}

pub(super) fn refused() -> Script {
    let text = "unauthorized: authentication required".to_owned();
    vec![(SECOND, Err(EngineError::ErrorMessage { status: 500, code: None, text }))]
}

pub(super) fn kind(outcome: &PullOutcome) -> PullResultKind {
    outcome.result.as_ref().unwrap_or_else(|failure| panic!("{failure:?}")).kind.clone()
}
