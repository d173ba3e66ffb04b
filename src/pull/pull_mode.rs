//! Whether an image is fetched, or only checked against its registry.

/// What a pull does with its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PullMode {
    /// The engine pulls the image.
    Pull,
    /// The image, named by digest, is on the engine; the registry is asked whether this login may
    /// pull it.
    Verify,
}

impl PullMode {
    /// The name in traces.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Verify => "verify",
        }
    }
}
