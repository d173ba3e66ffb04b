//! A pull with an eye on the disk: refused where there is no room if the operator wants it so,
//! and otherwise watched from beside, so that a pull that goes well waits for nothing.

use std::pin::pin;

use tokio::sync::Notify;

use super::disk::DiskCheckResult;
use super::image_pull::ImagePull;
use super::outcome::PulledImage;
use super::progress::PullState;
use super::pull_error::PullError;
use super::retry_loop::PullMode;
use crate::config::DiskCheck;
use crate::credential::Login;
use crate::engine::{EngineConnector, PullRequest};
use crate::error::{Class, Explain as _, Printable};

/// An image is weighed beside its pull once this many bytes of it are to be transferred: the
/// question takes an engine 10 to 150 ms, which a smaller image would notice.
const LARGE: u64 = 64 << 20;

impl<C: EngineConnector> ImagePull<'_, '_, C> {
    /// What is to be done, with this login, and what the disk has to do with it.
    pub(super) async fn pull_with_disk_check(
        &self,
        engine: &C::Engine,
        task: PullMode,
        wanted: &PullRequest,
        login: &Login,
    ) -> Result<PulledImage, PullError> {
        let disk = &self.run.disk;
        let mut looked = DiskCheckResult::default();
        let result = match (task, disk.check()) {
            (PullMode::Verify, _) | (_, DiskCheck::Off) => {
                self.one(engine, task, wanted, login, self.watch).run().await
            }
            (PullMode::Pull, DiskCheck::Warn) => self.beside(engine, wanted, login, &mut looked).await,
            (PullMode::Pull, DiskCheck::Refuse) => {
                looked = disk.look(engine, wanted, login).await;
                if let Some(shortage) = looked.shortage.take() {
                    return Err(PullError::NoRoom { image: wanted.image.clone(), shortage: Box::new(shortage) });
                }
                self.one(engine, task, wanted, login, self.watch).run().await
            }
        };
        match result {
            Err(error) if error.class() == Class::DiskFull => {
                Err(self.explained(error, engine, wanted, login, &looked).await)
            }
            result => result,
        }
    }

    /// The pull, and once it is known to be a large one the question whether there is room. By
    /// then the registry has accepted the login, and an image that is up to date has said so.
    async fn beside<'d>(
        &'d self,
        engine: &C::Engine,
        wanted: &PullRequest,
        login: &Login,
        looked: &mut DiskCheckResult<'d>,
    ) -> Result<PulledImage, PullError> {
        let is_large = Notify::new();
        let watch = |state: &PullState| {
            if matches!(state, PullState::Pulling(layers) if layers.bytes_total >= LARGE) {
                is_large.notify_one();
            }
            (self.watch)(state);
        };
        let pull = self.one(engine, PullMode::Pull, wanted, login, &watch);
        let mut pull = pin!(pull.run());
        let look = async {
            is_large.notified().await;
            self.run.disk.look(engine, wanted, login).await
        };
        tokio::select! {
            biased;
            result = &mut pull => return result,
            found = look => *looked = found,
        }
        if let Some(shortage) = &looked.shortage {
            let warning = Printable::new(&format!("image {}: {shortage}", wanted.image));
            self.account.warns(&warning);
            (self.watch)(&PullState::Warned(warning));
        }
        pull.await
    }

    /// An engine that found no space left, with what can be said of the disk.
    async fn explained(
        &self,
        error: PullError,
        engine: &C::Engine,
        wanted: &PullRequest,
        login: &Login,
        looked: &DiskCheckResult<'_>,
    ) -> PullError {
        let filled = self.run.disk.filled(engine, wanted, login, looked).await;
        match (error, filled) {
            (PullError::Engine { image, cause, .. }, Some(filled)) => {
                PullError::DiskFull { image, filled: Box::new(filled), cause }
            }
            (error, _) => error,
        }
    }
}
