//! The words for the states of a pull, on a terminal and in plain lines.

use crate::error::Failure;
use crate::pull::{PullResultKind, PulledImage};

/// The word for the result of a successful pull.
pub(super) fn result(image: &PulledImage) -> &'static str {
    match image.kind {
        PullResultKind::Fetched => "pulled",
        PullResultKind::UpToDate => "up to date",
        PullResultKind::Cached { .. } => "cached",
    }
}

/// A failure on the line of its image: link, class and the message without the name of the image.
pub(super) fn cause(failure: &Failure) -> String {
    let message = failure.message.as_str();
    let prefix = format!("image {}: ", failure.resource);
    let message = message.strip_prefix(&prefix).unwrap_or(message);
    format!("{} {}: {message}", failure.link, failure.class)
}
