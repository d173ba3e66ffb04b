//! The state machine of one image: its credential, its permit, the pull, and the fallback from the
//! pull-through cache to the upstream registry.

use std::future::pending;
use std::sync::Arc;

use futures_util::future::try_join;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::policy::fallback;
use super::pull_failure::PullFailure;
use super::pull_state::{PullObserver, PullState};
use super::pull_stats::PullStats;
use super::pulled_image::PulledImage;
use super::route::{Route, RouteKind};
use super::route_pull::RoutePull;
use super::run_context::RunContext;
use super::spans;
use crate::engine::EngineConnector;
use crate::error::Failure;
use crate::plan::PlannedPull;
use crate::traces;

/// The pull of one image of a run.
pub(super) struct ImagePull<'a, 'r, C: EngineConnector> {
    pub run: &'a RunContext<'r, C>,
    pub pull: &'a PlannedPull,
    pub stats: &'a PullStats,
    /// Cancelled when no further pull may start.
    pub stop: &'a CancellationToken,
    pub observer: PullObserver<'a>,
}

impl<'a, C: EngineConnector> ImagePull<'a, '_, C> {
    /// Makes the image available on the engine.
    pub(super) async fn run(&self) -> Result<PulledImage, Failure> {
        (self.observer)(&PullState::Authorizing);
        // The engine connection and the credential do not depend on each other.
        let engine = async { self.run.engine.clone().await.map_err(Failure::from) };
        let (engine, mut route) = try_join(engine, self.first_route()).await?;
        (self.observer)(&PullState::Waiting);
        self.stats.record_queued();
        // If another pull of this run resolved the tag, the image is on the engine. It remains to
        // verify that this pull's credential may pull it.
        let tag = self.run.tags.resolve(self.pull).await;
        let result = loop {
            match self.run_with_permit(&engine, &route, tag.digest()).await {
                Err(error) if route.should_fall_back(&error.failure) => {
                    route = Box::pin(self.upstream_route(error.failure)).await?;
                }
                Err(error) if route.has_fallback() => {
                    break Err(fallback::add_rule_hint(error.into_failure(), route.pull, &self.pull.image));
                }
                result => break result.map_err(PullFailure::into_failure),
            }
        };
        if let Ok(image) = &result {
            tag.publish(image.digest.as_deref());
            self.check_architecture(&*engine, image).await;
        }
        result
    }

    /// Warns of an image that the engine's host cannot run.
    async fn check_architecture(&self, engine: &C::Engine, PulledImage { platform, .. }: &PulledImage) {
        let (planned, found) = (self.pull, platform.as_ref());
        let check = self.run.platform.check(engine, &planned.image, planned.platform.as_ref(), found);
        if let Some(warning) = check.await {
            self.stats.add_warning(&warning);
            (self.observer)(&PullState::Warned(warning));
        }
    }

    /// The pull-through cache, if there is a rule for the image and a token for it; otherwise the
    /// upstream registry.
    async fn first_route(&self) -> Result<Route<'a>, Failure> {
        let Some(rule) = &self.pull.pull_through else { return self.route(RouteKind::Upstream, self.pull).await };
        match self.route(RouteKind::PullThroughCache, rule).await {
            Err(failure) if fallback::should_fall_back(failure.link, failure.class) => {
                // Boxed: only pulls that fall back need this future, and it would enlarge every one
                // of thousands.
                Box::pin(self.upstream_route(failure)).await
            }
            route => route,
        }
    }

    /// Falls back to the upstream registry, after this failure of the pull-through cache.
    async fn upstream_route(&self, failure: Failure) -> Result<Route<'a>, Failure> {
        tracing::info!(
            image = %self.pull.image, error = %failure.message,
            "pull-through cache unavailable; falling back to the upstream registry"
        );
        (self.observer)(&PullState::AskingUpstream(failure.clone()));
        self.stats.record_fallback(failure);
        self.route(RouteKind::Upstream, self.pull).await
    }

    async fn route(&self, kind: RouteKind, pull: &'a PlannedPull) -> Result<Route<'a>, Failure> {
        let credential = spans::fetch_credential(pull, self.run.credentials.credential(pull)).await;
        Ok(Route { kind, pull, credential: credential.map_err(Arc::unwrap_or_clone)? })
    }

    /// Waits for a permit of the route's registry, then pulls. `digest` is what another pull of the
    /// run resolved the tag to.
    async fn run_with_permit(
        &self,
        engine: &C::Engine,
        route: &Route<'_>,
        digest: Option<&str>,
    ) -> Result<PulledImage, PullFailure> {
        let PlannedPull { image, platform, .. } = route.pull;
        let _permit = self.run.limiter.acquire(image, platform.as_ref()).instrument(traces::permit_span()).await;
        if self.stop.is_cancelled() {
            // The run is being cancelled: the scheduler drops this future now.
            return pending().await;
        }
        let deadline = self.stats.record_start() + self.run.limits.deadlines.total;
        self.stats.record_credential(&route.credential.provenance);
        let Self { run, pull: planned, stats, observer, .. } = *self;
        let pull = RoutePull { run, planned, stats, observer, engine, route, deadline };
        // Boxed: thousands of pulls may wait for a permit, and few have one.
        Box::pin(pull.run(digest)).await
    }
}
