//! What the lines of a pull told of its end: whether it came to one, and with which image.
//!
//! A connection that closes early can look like an end, so an end must be told. Docker tells
//! `Digest: sha256:…`. Podman has no such line: its last one repeats `Download complete`,
//! with the first twelve digits of the image's id where a layer's would stand
//! (`pkg/api/handlers/compat/images.go`). Layers end in the same words: what tells the two
//! apart is the local image, whose id it must be. The configuration has the image's id too,
//! so a stream cut right after it passes if the image is there already: then it is that image.

use std::collections::HashSet;

use crate::engine::{LocalImage, ProgressMessage};
use crate::task::{ImageReference, ImageVersion};

/// What has been told so far.
#[derive(Debug, Default)]
pub(crate) struct StreamSummary {
    digest: Option<String>,
    is_up_to_date: bool,
    /// Whether it told of any layer.
    has_layers: bool,
    /// What was fetched, by id; Podman's configuration is among it, and is always fetched.
    fetched: HashSet<String>,
    /// Whom the last line is about, if it is one that Podman may end with.
    last: Option<String>,
}

/// What it comes to, with the local image beside it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StreamOutcome {
    /// The stream came to its end and the image is the local one.
    Pulled { digest: String, fetched: bool },
    /// It came to its end and the local image is another one.
    Another { digest: String, fetched: bool },
    /// It did not come to its end.
    Cut,
}

impl StreamSummary {
    /// Takes one line in.
    pub(crate) fn take(&mut self, line: &ProgressMessage) {
        self.last = None;
        if let Some(digest) = line.status.strip_prefix("Digest: ") {
            self.digest = Some(digest.to_owned());
        } else if line.status.starts_with("Status: Image is up to date") {
            self.is_up_to_date = true;
        } else if let Some(id) = &line.id {
            match &*line.status {
                "Pulling fs layer" => {
                    self.has_layers = true;
                    self.fetched.insert(id.clone());
                }
                "Already exists" => self.has_layers = true,
                "Download complete" => self.last = Some(id.clone()),
                _ => {}
            }
        }
    }

    /// Whether the stream may have come to its end; what is local decides the rest.
    pub(crate) fn may_be_whole(&self) -> bool {
        self.digest.is_some() || self.last.is_some()
    }

    /// Whether the registry may never have been asked. Docker takes a manifest that is named by
    /// its digest from what it has, whoever wants it and whatever repository it came from, and is
    /// done if it has the image too. Where it has not, it fetches the configuration with the
    /// pull's own login, and then tells of layers. Podman, which tells no digest, always asks.
    pub(crate) fn may_be_from_here(&self, image: &ImageReference) -> bool {
        matches!(image.version(), ImageVersion::Digest(_)) && self.digest.is_some() && !self.has_layers
    }

    /// Holds what was told to what is local.
    pub(crate) fn verdict(self, image: &ImageReference, local: &LocalImage) -> StreamOutcome {
        let wanted = match image.version() {
            ImageVersion::Digest(digest) => Some(digest),
            ImageVersion::Tag(_) => None,
        };
        let Some(digest) = self.digest else { return self.verdict_of_podman(wanted, local) };
        let fetched = !self.is_up_to_date;
        if wanted.is_none_or(|wanted| digest == *wanted) && local.digests.contains(&digest) {
            return StreamOutcome::Pulled { digest, fetched };
        }
        StreamOutcome::Another { digest, fetched }
    }

    fn verdict_of_podman(mut self, wanted: Option<&String>, local: &LocalImage) -> StreamOutcome {
        // Twelve digits, or it names no image: anything begins with nothing.
        let names = |id: &String| id.len() >= 12 && local.id.trim_start_matches("sha256:").starts_with(id.as_str());
        let Some(id) = self.last.take().filter(names) else { return StreamOutcome::Cut };
        self.fetched.remove(&id);
        let fetched = !self.fetched.is_empty();
        match (wanted, local.digests.first()) {
            (Some(wanted), _) if local.digests.contains(wanted) => {
                StreamOutcome::Pulled { digest: wanted.clone(), fetched }
            }
            (None, Some(digest)) => StreamOutcome::Pulled { digest: digest.clone(), fetched },
            (_, digest) => StreamOutcome::Another { digest: digest.cloned().unwrap_or_default(), fetched },
        }
    }
}
