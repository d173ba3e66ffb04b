//! Checks that the engine can be reached.

use tokio::time::timeout;

use super::limits::Deadlines;
use crate::engine::{EngineConnector, EngineError};

/// Connects to the engine once, within [`Deadlines::answer`].
///
/// # Errors
/// [`EngineError`], if there is no engine, or none that taskpull can use.
pub async fn reach<C: EngineConnector>(connector: &C, deadlines: &Deadlines) -> Result<(), EngineError> {
    let connection = timeout(deadlines.answer, connector.connect()).await;
    connection.unwrap_or_else(|_| Err(EngineError::no_response(&connector.address()))).map(drop)
}
