//! Traces in a build without the feature `otel`: there are none, and configuring them is an error.

use crate::config::TracesSettings;

/// The traces of this process, of which this build has none.
#[derive(Debug, Default)]
pub struct Traces(());

/// Traces are configured, and this build cannot make them.
#[derive(Debug, thiserror::Error)]
#[error("this build lacks the feature `otel`")]
pub struct TracesError(());

impl Traces {
    /// Returns no traces.
    ///
    /// # Errors
    /// [`TracesError`] if the settings configure traces.
    pub fn open(settings: &TracesSettings) -> Result<Self, TracesError> {
        settings.export_url().map_or(Ok(Self(())), |_| Err(TracesError(())))
    }

    /// Does nothing.
    ///
    /// # Errors
    /// Never returns one.
    pub fn start(&self) -> std::io::Result<()> {
        Ok(())
    }
}
