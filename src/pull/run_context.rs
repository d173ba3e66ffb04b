//! What the pulls of one run share.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::timeout;

use super::disk::EngineDisk;
use super::engine_platform::EnginePlatform;
use super::limiter::PullLimiter;
use super::limits::PullLimits;
use super::tag_resolutions::TagResolutions;
use crate::credential::CredentialProvider;
use crate::engine::{EngineConnector, EngineError};
use crate::plan::PlannedPull;

pub(super) struct RunContext<'a, C: EngineConnector> {
    /// One connection to the engine for all pulls; the first pull that polls it starts it.
    pub(super) engine: Shared<BoxFuture<'a, Result<Arc<C::Engine>, EngineError>>>,
    pub(super) address: String,
    pub(super) credentials: &'a dyn CredentialProvider,
    pub(super) tags: TagResolutions,
    pub(super) limiter: &'a PullLimiter,
    pub(super) disk: EngineDisk<'a>,
    pub(super) platform: EnginePlatform<'a>,
    pub(super) limits: &'a PullLimits,
}

impl<'a, C: EngineConnector> RunContext<'a, C> {
    pub(super) fn new(
        connector: &'a C,
        credentials: &'a dyn CredentialProvider,
        limiter: &'a PullLimiter,
        limits: &'a PullLimits,
        pulls: &[PlannedPull],
    ) -> Self {
        let address = connector.address();
        let no_response = EngineError::no_response(&address);
        let engine = async move {
            let connection = timeout(limits.deadlines.answer, connector.connect()).await;
            connection.unwrap_or(Err(no_response)).map(Arc::new)
        };
        let engine = engine.boxed().shared();
        let tags = TagResolutions::new(pulls);
        let disk = EngineDisk::new(limits.disk, limits.deadlines.answer, engine.clone(), &limiter.reservations);
        let platform = EnginePlatform::new(limits.deadlines.answer, engine.clone());
        Self { engine, address, credentials, tags, limiter, disk, platform, limits }
    }
}
