//! The two stages in which an agent stops.

use tokio_util::sync::CancellationToken;

/// The signals that stop an agent.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Cancelled when no new run may start; running jobs may continue.
    pub drain: CancellationToken,
    /// Cancelled when running jobs must end at once.
    pub abort: CancellationToken,
}
