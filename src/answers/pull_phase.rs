//! How far a pull had come when it failed.

/// How far a pull had come when it failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPhase {
    /// No layer was reported yet: the registry was asked for access and for the manifest.
    #[default]
    Manifest,
    /// The engine had reported layers, so it had read the manifest.
    Layers,
}
