//! The disk that stores an engine's images.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::timeout;

use super::disk_full::DiskFull;
use super::free_space::{FreeSpace, measure_in_time};
use super::limits::DiskLimits;
use super::reservation::{DiskReservation, DiskReservations, need};
use super::shortage::Shortage;
use crate::config::DiskCheck;
use crate::credential::Login;
use crate::engine::{Engine, EngineError, PullRequest, Storage};
use crate::registry::{Layer, RegistryClient};

/// The disk that stores an engine's images, for the pulls of one run.
pub(in crate::pull) struct EngineDisk<'a> {
    limits: DiskLimits,
    answer_timeout: Duration,
    /// Requested once per run and shared by all pulls. The future continues where the last caller
    /// left it, because the answer may take longer than a small pull.
    storage: Shared<BoxFuture<'a, Option<Arc<Storage>>>>,
    registry: RegistryClient,
    reservations: &'a DiskReservations,
}

/// The result of a disk check for one image.
#[derive(Debug, Default)]
pub(in crate::pull) struct DiskCheckResult<'a> {
    /// `None` if the image fits or its need is unknown.
    pub(in crate::pull) shortage: Option<Shortage>,
    need: Option<u64>,
    /// Reserves the space until the pull ends.
    _reservation: Option<DiskReservation<'a>>,
}

struct MeasuredStorage {
    storage: Arc<Storage>,
    space: FreeSpace,
}

impl<'a> EngineDisk<'a> {
    /// `answer_timeout` limits each request to the engine, a registry or the filesystem.
    pub(in crate::pull) fn new<E: Engine + 'a>(
        limits: DiskLimits,
        answer_timeout: Duration,
        engine: impl Future<Output = Result<Arc<E>, EngineError>> + Send + 'a,
        reservations: &'a DiskReservations,
    ) -> Self {
        let storage = async move {
            let engine = engine.await.ok()?;
            match timeout(answer_timeout, engine.storage()).await {
                Ok(Ok(storage)) => storage.map(Arc::new),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "engine did not report where it stores images; disk not checked");
                    None
                }
                Err(_) => {
                    tracing::debug!("engine did not report in time where it stores images; disk not checked");
                    None
                }
            }
        };
        let (storage, registry) = (storage.boxed().shared(), RegistryClient::default());
        Self { limits, answer_timeout, storage, registry, reservations }
    }

    /// What a shortage leads to.
    pub(in crate::pull) fn check_mode(&self) -> DiskCheck {
        if self.limits.skip_check_above == 0 { DiskCheck::Off } else { self.limits.check }
    }

    /// Checks whether there is space for an image, and reserves it.
    pub(in crate::pull) async fn check<E: Engine>(
        &self,
        engine: &E,
        request: &PullRequest,
        login: &Login,
    ) -> DiskCheckResult<'_> {
        let Some(MeasuredStorage { storage, space }) = self.measure().await else { return DiskCheckResult::default() };
        if space.free >= self.limits.skip_check_above && space.inodes != Some(0) {
            return DiskCheckResult::default();
        }
        let Some(layers) = self.missing_layers(engine, &storage, request, login).await else {
            return DiskCheckResult::default();
        };
        let allow_shortage = self.check_mode() != DiskCheck::Refuse;
        let admission = self.reservations.admit(&layers, space, allow_shortage);
        let estimate = admission.estimate;
        let shortage = || Shortage { root: storage.root.clone(), space, estimate };
        DiskCheckResult {
            shortage: (!estimate.fits(space)).then(shortage),
            need: Some(estimate.own),
            _reservation: admission.reservation,
        }
    }

    /// Describes the disk after it became full during a pull. `None` if it cannot be measured.
    pub(in crate::pull) async fn describe_full<E: Engine>(
        &self,
        engine: &E,
        request: &PullRequest,
        login: &Login,
        checked: &DiskCheckResult<'_>,
    ) -> Option<DiskFull> {
        let MeasuredStorage { storage, space } = self.measure().await?;
        let need = match checked.need {
            None if self.check_mode() != DiskCheck::Off => {
                let layers = self.missing_layers(engine, &storage, request, login).await;
                layers.map(|layers| need([&*layers].into_iter()))
            }
            known => known,
        };
        Some(DiskFull { root: storage.root.clone(), space, need })
    }

    async fn measure(&self) -> Option<MeasuredStorage> {
        let storage = self.storage.clone().await?;
        let space = measure_in_time(&storage, self.answer_timeout).await?;
        Some(MeasuredStorage { storage, space })
    }

    /// Asks the registry for the layers of an image. `None` if the engine has the image, or if the
    /// registry does not list them.
    async fn missing_layers<E: Engine>(
        &self,
        engine: &E,
        storage: &Storage,
        request: &PullRequest,
        login: &Login,
    ) -> Option<Vec<Layer>> {
        let PullRequest { image, platform, .. } = request;
        let platform = platform.as_ref().or(storage.platform.as_ref());
        let manifest = match timeout(self.answer_timeout, self.registry.manifest(image, platform, login)).await {
            Ok(Ok(manifest)) => manifest,
            Ok(Err(error)) => {
                tracing::debug!(%image, %error, "size of the image is unknown; disk space not checked");
                return None;
            }
            Err(_) => {
                tracing::debug!(%image, "registry did not answer in time; disk space not checked");
                return None;
            }
        };
        let local = timeout(self.answer_timeout, engine.inspect(image)).await;
        let is_local = match (manifest.digest, local) {
            (Some(digest), Ok(Ok(Some(local)))) => local.digests.contains(&digest),
            _ => false,
        };
        (!is_local).then_some(manifest.layers)
    }
}
