//! Whether the engine's host runs the machine code of an image.
//!
//! An engine pulls an image that has only one build whatever architecture that is for, and its
//! container ends at once. The engine is asked for its platform only if the image does not fit what is
//! assumed about it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::timeout;

use crate::engine::{Engine, EngineError};
use crate::error::{Warning, WarningId};
use crate::task::{ImageReference, Platform};

/// The platform of the engine, for the pulls of one run.
pub(super) struct EnginePlatform<'a> {
    /// Requested at most once per run.
    stated: Shared<BoxFuture<'a, Option<Platform>>>,
}

impl<'a> EnginePlatform<'a> {
    /// `answer_timeout` limits the request to the engine.
    pub(super) fn new<E: Engine + 'a>(
        answer_timeout: Duration,
        engine: impl Future<Output = Result<Arc<E>, EngineError>> + Send + 'a,
    ) -> Self {
        let stated = async move {
            let engine = engine.await.ok()?;
            let answer = timeout(answer_timeout, engine.platform()).await;
            if let Ok(Ok(platform)) = answer {
                return platform;
            }
            tracing::debug!("engine did not report its platform; architecture of images not checked");
            None
        };
        Self { stated: stated.boxed().shared() }
    }

    /// The warning about an image that does not run on the engine's host. None if the task or the
    /// operator asked for an architecture: then the pull has compared it.
    pub(super) async fn check<E: Engine>(
        &self,
        engine: &E,
        image: &ImageReference,
        requested: Option<&Platform>,
        found: Option<&Platform>,
    ) -> Option<Warning> {
        let found = found.filter(|_| requested.and_then(Platform::architecture).is_none())?;
        if engine.assumed_platform().is_some_and(|assumed| assumed.can_run(found)) {
            return None;
        }
        let host = self.stated.clone().await?;
        (!host.can_run(found)).then(|| Warning::new(WarningId::WrongArchitecture, &message(image, found, &host)))
    }
}

fn message(image: &ImageReference, found: &Platform, host: &Platform) -> String {
    let architecture = found.architecture().unwrap_or_default();
    format!(
        "image {image} is {found}, the host is {host}: the container will die of `exec format error`, unless the \
         host emulates {architecture}; push the image for {host} too, or run the task on a host for {found}"
    )
}
