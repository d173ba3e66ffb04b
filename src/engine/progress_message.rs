//! One message of the engine about a running pull.

/// One line of the pull stream that is not an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgressMessage {
    /// The layer or the tag that the message is about.
    pub id: Option<String>,
    /// The engine's text: `Downloading`, `Pull complete`, `Digest: sha256:…`, …
    pub status: String,
    /// Bytes transferred and bytes in total, if the message contains them.
    pub bytes: Option<(u64, u64)>,
    /// Seconds since the step began, if the message contains them: containerd's store reports how long
    /// it has been unpacking a layer, and not how much of it.
    pub seconds: Option<u64>,
}
