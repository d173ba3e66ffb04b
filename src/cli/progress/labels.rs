//! What a state is called, on a terminal and in plain lines.

use crate::error::Failure;
use crate::pipeline::{PullResultKind, PulledImage};

/// How a pull ended well.
pub(super) fn ending(pulled: &PulledImage) -> &'static str {
    match pulled.kind {
        PullResultKind::Fetched => "pulled",
        PullResultKind::UpToDate => "up to date",
        PullResultKind::Cached { .. } => "cached",
    }
}

/// A failure beside the image's name: where it broke, how, and the sentence without the name.
pub(super) fn why(failure: &Failure) -> String {
    let message = failure.message.as_str();
    let named = format!("image {}: ", failure.resource);
    let message = message.strip_prefix(&named).unwrap_or(message);
    format!("{} {}: {message}", failure.link, failure.class)
}
