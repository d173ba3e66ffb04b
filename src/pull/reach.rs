//! Whether there is an engine at all.

use tokio::time::timeout;

use super::retry_loop::Deadlines;
use crate::engine::{EngineConnector, EngineError};

/// Asks once whether there is an engine that may be used, and for no longer than the deadline
/// of an answer.
///
/// # Errors
/// [`EngineError`], when there is none.
pub async fn reach<C: EngineConnector>(connect: &C, deadlines: &Deadlines) -> Result<(), EngineError> {
    let reached = timeout(deadlines.answer, connect.connect()).await;
    reached.unwrap_or_else(|_| Err(EngineError::silent(&connect.address()))).map(drop)
}
