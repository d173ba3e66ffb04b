//! A pull with a disk check. The pull is refused in advance if the operator wants that, and otherwise checked
//! while it runs, so that a pull that goes well waits for nothing.

use std::pin::pin;

use tokio::sync::Notify;

use super::disk::{DiskCheckResult, EngineDisk};
use super::pull_attempt::PullAttempt;
use super::pull_error::PullError;
use super::pull_mode::PullMode;
use super::pull_state::PullState;
use super::pulled_image::PulledImage;
use super::retry_loop::RetryLoop;
use crate::config::DiskCheck;
use crate::engine::Engine;
use crate::error::{Class, Explain as _, Warning, WarningId};

/// The number of bytes to download from which on a running pull is checked: the check takes an
/// engine 10 to 150 ms, which would slow down the pull of a smaller image noticeably.
const LARGE: u64 = 64 << 20;

/// A pull with its attempts, and the disk check around it.
pub(super) struct DiskGuard<'a, 'r, E> {
    pub disk: &'a EngineDisk<'r>,
    pub pull: RetryLoop<'a, E>,
}

impl<E: Engine> DiskGuard<'_, '_, E> {
    /// Pulls or verifies the image.
    pub(super) async fn run(&self) -> Result<PulledImage, PullError> {
        let mut check = DiskCheckResult::default();
        let result = match (self.pull.attempt.mode, self.disk.check_mode()) {
            (PullMode::Verify, _) | (_, DiskCheck::Off) => self.pull.run().await,
            (PullMode::Pull, DiskCheck::Warn) => self.check_while_pulling(&mut check).await,
            (PullMode::Pull, DiskCheck::Refuse) => {
                check = self.check().await;
                if let Some(shortage) = check.shortage.take() {
                    let image = self.pull.attempt.request.image.clone();
                    return Err(PullError::NotEnoughSpace { image, shortage: Box::new(shortage) });
                }
                self.pull.run().await
            }
        };
        match result {
            Err(error) if error.class() == Class::DiskFull => Err(self.describe_full_disk(error, &check).await),
            result => result,
        }
    }

    /// Pulls, and checks the disk once the pull is known to be a large one. By then the registry has
    /// accepted the login, and an image that is up to date has finished.
    async fn check_while_pulling<'d>(&'d self, check: &mut DiskCheckResult<'d>) -> Result<PulledImage, PullError> {
        let attempt = &self.pull.attempt;
        let is_large = Notify::new();
        let observer = |state: &PullState| {
            if matches!(state, PullState::Pulling(layers) if layers.bytes_total >= LARGE) {
                is_large.notify_one();
            }
            (attempt.observer)(state);
        };
        let pull = RetryLoop { attempt: PullAttempt { observer: &observer, ..*attempt }, ..self.pull };
        let mut pull = pin!(pull.run());
        let check_when_large = async {
            is_large.notified().await;
            self.check().await
        };
        tokio::select! {
            biased;
            result = &mut pull => return result,
            result = check_when_large => *check = result,
        }
        if let Some(shortage) = &check.shortage {
            let message = format!("image {}: {shortage}", attempt.request.image);
            let warning = Warning::new(WarningId::LowDiskSpace, &message);
            self.pull.stats.add_warning(&warning);
            (attempt.observer)(&PullState::Warned(warning));
        }
        pull.await
    }

    async fn check(&self) -> DiskCheckResult<'_> {
        let PullAttempt { engine, request, login, .. } = self.pull.attempt;
        self.disk.check(engine, request, login).await
    }

    /// Adds the state of the disk to the engine's error, if the disk can be measured.
    async fn describe_full_disk(&self, error: PullError, check: &DiskCheckResult<'_>) -> PullError {
        let PullAttempt { engine, request, login, .. } = self.pull.attempt;
        let disk = self.disk.describe_full(engine, request, login, check).await;
        match (error, disk) {
            (PullError::Engine { image, cause, .. }, Some(disk)) => {
                PullError::DiskFull { image, disk: Box::new(disk), cause }
            }
            (error, _) => error,
        }
    }
}
