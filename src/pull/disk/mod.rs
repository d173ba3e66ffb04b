//! The disk under the engine: whether an image has room there before it is pulled, and what
//! is to be said when it had none.
//!
//! A check and nothing else: nothing is ever deleted, and what cannot be seen from here (an
//! engine elsewhere, a registry that only the engine reaches) is no failure, it is not known.
//! A pull on a disk with skip_check_above room costs no question to any registry.

mod free_space;
mod reservation;
mod shortage;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::timeout;

pub(super) use reservation::{DiskReservation, DiskReservations};
pub use shortage::{DiskFull, Shortage};

use crate::config::DiskCheck;
use crate::credential::Login;
use crate::engine::{Engine, EngineError, PullRequest, Storage};
use crate::registry::{Layer, RegistryClient};
use free_space::{FreeSpace, measured};
use reservation::need;

/// When the disk is looked at, and what comes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskLimits {
    /// What a shortage comes to.
    pub check: DiskCheck,
    /// Free bytes with which no image is weighed.
    pub skip_check_above: u64,
}

/// The disk of one run.
pub(crate) struct Disk<'a> {
    limits: DiskLimits,
    patience: Duration,
    /// Asked for once, by whoever needs it first; who comes later goes on where that one has
    /// ended, because the question can take longer than a small pull.
    storage: Shared<BoxFuture<'a, Option<Arc<Storage>>>>,
    registry: RegistryClient,
    under_way: &'a DiskReservations,
}

/// What was found about the room for one image.
#[derive(Debug, Default)]
pub(crate) struct DiskCheckResult<'a> {
    /// There is none.
    pub shortage: Option<Shortage>,
    need: Option<u64>,
    /// For as long as the pull is under way.
    _held: Option<DiskReservation<'a>>,
}

impl<'a> Disk<'a> {
    /// `patience` is for each question.
    pub(crate) fn new<E: Engine + 'a>(
        limits: DiskLimits,
        patience: Duration,
        engine: impl Future<Output = Result<Arc<E>, EngineError>> + Send + 'a,
        under_way: &'a DiskReservations,
    ) -> Self {
        let storage = async move {
            let engine = engine.await.ok()?;
            match timeout(patience, engine.storage()).await {
                Ok(Ok(storage)) => storage.map(Arc::new),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the engine does not say where its images are");
                    None
                }
                Err(_) => {
                    tracing::debug!("the engine does not say in time where its images are");
                    None
                }
            }
        };
        Self { limits, patience, storage: storage.boxed().shared(), registry: RegistryClient::default(), under_way }
    }

    /// What is to come of a shortage.
    pub(crate) fn check(&self) -> DiskCheck {
        if self.limits.skip_check_above == 0 { DiskCheck::Off } else { self.limits.check }
    }

    /// Looks whether there is room for an image, and holds it.
    pub(crate) async fn look<E: Engine>(&self, engine: &E, wanted: &PullRequest, login: &Login) -> DiskCheckResult<'_> {
        let Some((storage, space)) = self.space().await else { return DiskCheckResult::default() };
        if space.free >= self.limits.skip_check_above && space.inodes != Some(0) {
            return DiskCheckResult::default();
        }
        let Some(layers) = self.layers_wanted(engine, &storage, wanted, login).await else {
            return DiskCheckResult::default();
        };
        let all_the_same = self.check() != DiskCheck::Refuse;
        let (weighed, held) = self.under_way.admit(&layers, space, all_the_same);
        let short = || Shortage { root: storage.root.clone(), space, weighed };
        DiskCheckResult { shortage: (!weighed.fits(space)).then(short), need: Some(weighed.own), _held: held }
    }

    /// The account of a pull that found the disk full, if the disk can be seen.
    pub(crate) async fn filled<E: Engine>(
        &self,
        engine: &E,
        wanted: &PullRequest,
        login: &Login,
        looked: &DiskCheckResult<'_>,
    ) -> Option<DiskFull> {
        let (storage, now) = self.space().await?;
        let need = match looked.need {
            None if self.check() != DiskCheck::Off => {
                let layers = self.layers_wanted(engine, &storage, wanted, login).await;
                layers.map(|layers| need([&*layers].into_iter()))
            }
            known => known,
        };
        Some(DiskFull { root: storage.root.clone(), now, need })
    }

    /// Where the engine keeps its images, and what is free there now.
    async fn space(&self) -> Option<(Arc<Storage>, FreeSpace)> {
        let storage = self.storage.clone().await?;
        let space = measured(&storage, self.patience).await?;
        Some((storage, space))
    }

    /// The layers of an image, by its registry, unless the engine has the image already.
    async fn layers_wanted<E: Engine>(
        &self,
        engine: &E,
        storage: &Storage,
        wanted: &PullRequest,
        login: &Login,
    ) -> Option<Vec<Layer>> {
        let PullRequest { image, platform, .. } = wanted;
        let platform = platform.as_ref().or(storage.platform.as_ref());
        let manifest = match timeout(self.patience, self.registry.manifest(image, platform, login)).await {
            Ok(Ok(manifest)) => manifest,
            Ok(Err(error)) => {
                tracing::debug!(%image, %error, "what the image needs is not known: its registry was asked");
                return None;
            }
            Err(_) => {
                tracing::debug!(%image, "what the image needs is not known: its registry does not answer");
                return None;
            }
        };
        let local = timeout(self.patience, engine.local(image)).await;
        let is_here = match (manifest.digest, local) {
            (Some(digest), Ok(Ok(Some(local)))) => local.digests.contains(&digest),
            _ => false,
        };
        (!is_here).then_some(manifest.layers)
    }
}
