//! The disk under the engine: whether an image has room there before it is pulled, and what
//! is to be said when it had none.
//!
//! A check and nothing else: nothing is ever deleted, and what cannot be seen from here (an
//! engine elsewhere, a registry that only the engine reaches) is no failure, it is not known.
//! A pull on a disk with skip_check_above room costs no question to any registry.

mod account;
mod room;
mod space;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::timeout;

pub use account::{Filled, Shortage};
pub(super) use room::{Held, UnderWay};

use super::{Engine, EngineError, Storage, Wanted};
pub use crate::config::DiskCheck;
use crate::credential::Login;
use crate::registry::{Layer, Registries};
use room::need;
use space::{Space, measured};

/// When the disk is looked at, and what comes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskLimits {
    /// What a shortage comes to.
    pub check: DiskCheck,
    /// Free bytes with which no image is weighed.
    pub skip_check_above: u64,
}

/// The disk of one run.
pub(super) struct Disk<'a> {
    limits: DiskLimits,
    patience: Duration,
    /// Asked for once, by whoever needs it first; who comes later goes on where that one has
    /// ended, because the question can take longer than a small pull.
    storage: Shared<BoxFuture<'a, Option<Arc<Storage>>>>,
    registries: Registries,
    under_way: &'a UnderWay,
}

/// What was found about the room for one image.
#[derive(Debug, Default)]
pub(super) struct Looked<'a> {
    /// There is none.
    pub shortage: Option<Shortage>,
    need: Option<u64>,
    /// For as long as the pull is under way.
    _held: Option<Held<'a>>,
}

impl<'a> Disk<'a> {
    /// `patience` is for each question.
    pub(super) fn new<E: Engine + 'a>(
        limits: DiskLimits,
        patience: Duration,
        engine: impl Future<Output = Result<Arc<E>, EngineError>> + Send + 'a,
        under_way: &'a UnderWay,
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
        Self { limits, patience, storage: storage.boxed().shared(), registries: Registries::default(), under_way }
    }

    /// What is to come of a shortage.
    pub(super) fn check(&self) -> DiskCheck {
        if self.limits.skip_check_above == 0 { DiskCheck::Off } else { self.limits.check }
    }

    /// Looks whether there is room for an image, and holds it.
    pub(super) async fn look<E: Engine>(&self, engine: &E, wanted: &Wanted, login: &Login) -> Looked<'_> {
        let Some((storage, space)) = self.space().await else { return Looked::default() };
        if space.free >= self.limits.skip_check_above && space.inodes != Some(0) {
            return Looked::default();
        }
        let Some(layers) = self.layers_wanted(engine, &storage, wanted, login).await else { return Looked::default() };
        let all_the_same = self.check() != DiskCheck::Refuse;
        let (weighed, held) = self.under_way.admit(&layers, space, all_the_same);
        let short = || Shortage { root: storage.root.clone(), space, weighed };
        Looked { shortage: (!weighed.fits(space)).then(short), need: Some(weighed.own), _held: held }
    }

    /// The account of a pull that found the disk full, if the disk can be seen.
    pub(super) async fn filled<E: Engine>(
        &self,
        engine: &E,
        wanted: &Wanted,
        login: &Login,
        looked: &Looked<'_>,
    ) -> Option<Filled> {
        let (storage, now) = self.space().await?;
        let need = match looked.need {
            None if self.check() != DiskCheck::Off => {
                let layers = self.layers_wanted(engine, &storage, wanted, login).await;
                layers.map(|layers| need([&*layers].into_iter()))
            }
            known => known,
        };
        Some(Filled { root: storage.root.clone(), now, need })
    }

    /// Where the engine keeps its images, and what is free there now.
    async fn space(&self) -> Option<(Arc<Storage>, Space)> {
        let storage = self.storage.clone().await?;
        let space = measured(&storage, self.patience).await?;
        Some((storage, space))
    }

    /// The layers of an image, by its registry, unless the engine has the image already.
    async fn layers_wanted<E: Engine>(
        &self,
        engine: &E,
        storage: &Storage,
        wanted: &Wanted,
        login: &Login,
    ) -> Option<Vec<Layer>> {
        let Wanted { image, platform, .. } = wanted;
        let platform = platform.as_ref().or(storage.platform.as_ref());
        let manifest = match timeout(self.patience, self.registries.manifest(image, platform, login)).await {
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
