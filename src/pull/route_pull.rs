//! The pull of one image by one route, with a permit: the cached image where that is enough, the
//! pull, a second pull with a newer credential after a refusal, and the cached image after a failure.

use std::sync::Arc;

use tokio::time::{Instant, timeout};

use super::disk_guard::DiskGuard;
use super::policy::CachePolicy;
use super::pull_attempt::PullAttempt;
use super::pull_error::PullError;
use super::pull_failure::PullFailure;
use super::pull_mode::PullMode;
use super::pull_stage::StageRecord;
use super::pull_state::{PullObserver, PullState};
use super::pull_stats::PullStats;
use super::pulled_image::{PullResultKind, PulledImage};
use super::retry_loop::RetryLoop;
use super::route::Route;
use super::run_context::RunContext;
use super::spans;
use crate::credential::Credential;
use crate::engine::{Engine as _, EngineConnector, EngineError, LocalImage, PullRequest};
use crate::error::{Class, Failure};
use crate::plan::PlannedPull;
use crate::task::{ImageReference, ImageVersion};

/// The pull of one image by one route, with a permit.
pub(super) struct RoutePull<'a, 'r, C: EngineConnector> {
    pub run: &'a RunContext<'r, C>,
    /// The image as it was planned, whichever route is taken.
    pub planned: &'a PlannedPull,
    pub stats: &'a PullStats,
    pub observer: PullObserver<'a>,
    pub engine: &'a C::Engine,
    pub route: &'a Route<'a>,
    /// When the pull must be finished.
    pub deadline: Instant,
}

impl<C: EngineConnector> RoutePull<'_, '_, C> {
    /// Makes the image available. With `digest`, the image is on the engine under that digest, and
    /// is only verified.
    pub(super) async fn run(&self, digest: Option<&str>) -> Result<PulledImage, PullFailure> {
        let PlannedPull { image, platform, .. } = self.route.pull;
        let (mode, image) = match digest {
            Some(digest) => (PullMode::Verify, image.with_digest(digest)),
            None => (PullMode::Pull, image.clone()),
        };
        let upstream_image = self.route.has_fallback().then(|| self.planned.image.clone());
        let request = PullRequest { image, platform: platform.clone(), upstream_image };
        self.pull_or_use_cached(mode, &request).await
    }

    /// Uses a cached image where the pull behavior allows it; otherwise pulls.
    async fn pull_or_use_cached(&self, mode: PullMode, request: &PullRequest) -> Result<PulledImage, PullFailure> {
        let cache_policy = self.run.limits.cache_policy;
        if cache_policy.checks_cache_first()
            && let Some(local) = self.find_cached(request, cache_policy).await?
            && let Some(cached) = self.verify_cached(request, &local, cache_policy).await?
        {
            return Ok(cached);
        }
        let error = match self.pull_with_credential_refresh(mode, request).await {
            Ok(image) => return Ok(image),
            Err(error) => error,
        };
        if self.route.should_fall_back(&error.failure) || !cache_policy.allows_cached_after(&error.failure) {
            return Err(error);
        }
        // The registry's failure is what the user must see, even if the engine fails now.
        let Ok(Some(local)) = self.find_cached(request, cache_policy).await else { return Err(error) };
        let failure = error.failure;
        (self.observer)(&PullState::FallingBack(failure.clone()));
        let kind = PullResultKind::Cached { verified: false, pull_failure: Some(Box::new(failure)) };
        Ok(PulledImage::cached(&local, &request.image, kind))
    }

    /// Finds the cached image. It is looked up by its name in the task definition, whichever route
    /// it was pulled by.
    async fn find_cached(
        &self,
        request: &PullRequest,
        cache_policy: CachePolicy,
    ) -> Result<Option<LocalImage>, Failure> {
        let planned = self.planned;
        let is_tag = matches!(request.image.version(), ImageVersion::Tag(_));
        let mut local = self.local_image(if is_tag { &planned.image } else { &request.image }).await?;
        // Docker stores digests under the name that an image was pulled by, and none under names
        // that were added as tags.
        if let (Some(image), Some(rule)) = (&mut local, &planned.pull_through)
            && image.digests.is_empty()
            && let Some(pulled) = self.local_image(&rule.image).await?
            && pulled.id == image.id
        {
            image.digests = pulled.digests;
        }
        Ok(local.filter(|local| cache_policy.accepts(local, request.platform.as_ref())))
    }

    async fn local_image(&self, name: &ImageReference) -> Result<Option<LocalImage>, Failure> {
        let run = self.run;
        let answer = timeout(run.limits.deadlines.answer, self.engine.inspect(name)).await;
        answer.unwrap_or_else(|_| Err(EngineError::no_response(&run.address))).map_err(Failure::from)
    }

    /// Returns the cached image as the result, after the registry has accepted the credential for
    /// it where that is required. `None` if the registry no longer has the image.
    async fn verify_cached(
        &self,
        request: &PullRequest,
        local: &LocalImage,
        cache_policy: CachePolicy,
    ) -> Result<Option<PulledImage>, PullFailure> {
        let result = |verified| {
            let kind = PullResultKind::Cached { verified, pull_failure: None };
            Some(PulledImage::cached(local, &request.image, kind))
        };
        let Self { run, planned, .. } = self;
        // An image behind a pull-through cache rule always needs ECR credentials, even if the
        // container names none.
        if !cache_policy.requires_verification(&planned.first_route().need, run.tags.is_shared(planned)) {
            return Ok(result(false));
        }
        let Some(digest) = local.digest_for(&request.image) else { return Ok(None) };
        let by_digest = PullRequest { image: request.image.with_digest(digest), ..request.clone() };
        match self.pull_with_credential_refresh(PullMode::Verify, &by_digest).await {
            Ok(_) => Ok(result(true)),
            Err(error) if error.failure.class == Class::Absent => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pulls (or verifies) the image with the route's credential. If the registry refuses it, reads
    /// the secret again, bypassing the cache, and repeats the pull once if there is a newer version.
    async fn pull_with_credential_refresh(
        &self,
        mode: PullMode,
        request: &PullRequest,
    ) -> Result<PulledImage, PullFailure> {
        let Route { pull, credential, .. } = self.route;
        // Another pull may have had this credential refused while we waited for a permit.
        if let Some(outage) = self.run.credentials.quarantine_reason(pull, credential) {
            return Err(PullFailure::credential_quarantined(&pull.image, &outage));
        }
        let sent_at = Instant::now();
        let refusal = match self.pull_with_disk_check(mode, request, credential).await {
            Ok(image) => return Ok(image),
            Err(error) if !error.is_refusal() => return Err(error.into()),
            Err(refusal) => refusal,
        };
        match self.refresh_credential(sent_at).await {
            Ok(Some(newer)) => {
                self.stats.record_credential(&newer.provenance);
                Ok(self.pull_with_disk_check(mode, request, &newer).await?)
            }
            // The secret has no newer version: the refusal is final.
            Ok(None) => Err(refusal.into()),
            // AWS is unavailable: the secret may have a newer version, so the refusal is provisional.
            Err(outage) => Err(PullFailure::provisional(refusal.into(), &outage)),
        }
    }

    async fn refresh_credential(&self, sent_at: Instant) -> Result<Option<Credential>, Arc<Failure>> {
        let Route { pull, credential, .. } = self.route;
        let refresh = self.run.credentials.refresh_after_refusal(pull, credential, sent_at);
        spans::refresh_credential(pull, refresh).await
    }

    async fn pull_with_disk_check(
        &self,
        mode: PullMode,
        request: &PullRequest,
        credential: &Credential,
    ) -> Result<PulledImage, PullError> {
        let Self { run, stats, observer, .. } = *self;
        let stage = StageRecord::default();
        let attempt = PullAttempt {
            engine: self.engine,
            address: &run.address,
            mode,
            request,
            login: &credential.login,
            deadlines: run.limits.deadlines,
            last_activity: &run.limiter.last_activity,
            stage: &stage,
            observer,
        };
        let pull = RetryLoop {
            attempt,
            backoff: run.limits.backoff,
            stats,
            deadline: self.deadline,
            has_fallback: self.route.has_fallback(),
        };
        DiskGuard { disk: &run.disk, pull }.run().await.map_err(|error| error.with_correction(credential))
    }
}
