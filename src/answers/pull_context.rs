//! What is known about a pull when the engine reports an error.

use crate::answers::pull_phase::PullPhase;
use crate::answers::sent_login::SentLogin;

/// What is known about a pull when the engine reports an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullContext {
    /// The login that the registry was sent.
    pub login: SentLogin,
    /// How far the pull had come.
    pub phase: PullPhase,
    /// Whether the engine can read layers that are compressed with zstd.
    pub reads_zstd: bool,
}

impl PullContext {
    /// A pull of which only the login is known.
    #[must_use]
    pub fn with_login(login: SentLogin) -> Self {
        Self { login, phase: PullPhase::Manifest, reads_zstd: true }
    }
}
