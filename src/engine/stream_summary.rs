//! What the messages of a pull prove about its end: whether it completed, and with which image.
//!
//! A connection that closes early can look like the end of the stream, so the stream must state its
//! result. Docker sends `Digest: sha256:…`. Podman does not: its last message repeats
//! `Download complete`, with the first twelve digits of the image's id in place of a layer's id
//! (`pkg/api/handlers/compat/images.go`). Layers end with the same text; the two differ only in
//! that the id must be that of the local image. The configuration also has the image's id, so a
//! stream that is cut off right after it counts as complete if the image is already local: the
//! result is then that image.

use std::collections::HashSet;

use crate::engine::local_image::LocalImage;
use crate::engine::progress_message::ProgressMessage;
use crate::task::{ImageReference, ImageVersion};

/// The facts of a pull stream so far.
#[derive(Debug, Default)]
pub(crate) struct StreamSummary {
    digest: Option<String>,
    is_up_to_date: bool,
    has_layers: bool,
    /// Ids of what was downloaded; Podman's always contain the configuration.
    downloaded: HashSet<String>,
    /// The id in the last message, if Podman could end a stream with that message.
    last_complete_id: Option<String>,
}

/// The result of a pull stream, compared with the local image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StreamOutcome {
    /// The pull completed, and its image is the local one.
    Pulled { digest: String, fetched: bool },
    /// The pull completed, and the local image is a different one.
    OtherImage { digest: String, fetched: bool },
    /// The stream ended without a result.
    Incomplete,
}

impl StreamSummary {
    /// Adds one message of the stream.
    pub(crate) fn add(&mut self, message: &ProgressMessage) {
        self.last_complete_id = None;
        if let Some(digest) = message.status.strip_prefix("Digest: ") {
            self.digest = Some(digest.to_owned());
        } else if message.status.starts_with("Status: Image is up to date") {
            self.is_up_to_date = true;
        } else if let Some(id) = &message.id {
            match &*message.status {
                "Pulling fs layer" => {
                    self.has_layers = true;
                    self.downloaded.insert(id.clone());
                }
                "Already exists" => self.has_layers = true,
                "Download complete" => self.last_complete_id = Some(id.clone()),
                _ => {}
            }
        }
    }

    /// Whether the pull may have completed; comparing it with the local image decides.
    pub(crate) fn may_be_complete(&self) -> bool {
        self.digest.is_some() || self.last_complete_id.is_some()
    }

    /// Whether the engine may have completed the pull without asking the registry.
    ///
    /// Docker takes a manifest that is named by its digest from its own store, whichever repository
    /// it came from and without checking the login, and is done if it has the image too. If it has
    /// not, it downloads the configuration with the login of this pull, and then reports layers.
    /// Podman, which reports no digest, always asks the registry.
    pub(crate) fn may_be_unverified(&self, image: &ImageReference) -> bool {
        matches!(image.version(), ImageVersion::Digest(_)) && self.digest.is_some() && !self.has_layers
    }

    /// Compares the stream with the local image.
    pub(crate) fn outcome(self, image: &ImageReference, local: &LocalImage) -> StreamOutcome {
        let requested = match image.version() {
            ImageVersion::Digest(digest) => Some(digest),
            ImageVersion::Tag(_) => None,
        };
        let Some(digest) = self.digest else { return self.podman_outcome(requested, local) };
        let fetched = !self.is_up_to_date;
        if requested.is_none_or(|requested| digest == *requested) && local.digests.contains(&digest) {
            return StreamOutcome::Pulled { digest, fetched };
        }
        StreamOutcome::OtherImage { digest, fetched }
    }

    fn podman_outcome(mut self, requested: Option<&String>, local: &LocalImage) -> StreamOutcome {
        // At least 12 digits: the empty string would match every id.
        let is_local = |id: &String| id.len() >= 12 && local.id.trim_start_matches("sha256:").starts_with(id.as_str());
        let Some(id) = self.last_complete_id.take().filter(is_local) else { return StreamOutcome::Incomplete };
        self.downloaded.remove(&id);
        let fetched = !self.downloaded.is_empty();
        match (requested, local.digests.first()) {
            (Some(requested), _) if local.digests.contains(requested) => {
                StreamOutcome::Pulled { digest: requested.clone(), fetched }
            }
            (None, Some(digest)) => StreamOutcome::Pulled { digest: digest.clone(), fetched },
            (_, digest) => StreamOutcome::OtherImage { digest: digest.cloned().unwrap_or_default(), fetched },
        }
    }
}
