//! The definitions of a run that went well, with the digests that it found.

use super::Input;
use crate::error::Printable;
use crate::report::{ContainerReport, Report, TaskReport};
use crate::task;

/// Why nothing is pinned: all of it is, or none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Not every image is there.
    #[error("not every image is there")]
    Failures,
    /// An image that never was in a registry, for one.
    #[error("{source_name}: container {container}: image {image} has no digest of a registry")]
    NoDigest {
        /// Where the definition was read.
        source_name: String,
        /// The container.
        container: String,
        /// Its image.
        image: String,
    },
    /// The text cannot be written anew.
    #[error("{source_name}: it is not UTF-8 throughout")]
    Text {
        /// Where the definition was read.
        source_name: String,
    },
}

/// The definitions' texts in the order of the inputs, each image as `name@digest` and every
/// other byte as it was.
///
/// # Errors
/// [`PinError`] when a container has no digest, whatever the reason.
pub fn pin_definitions<'a>(inputs: &'a [Input], report: &'a Report) -> Result<Vec<Vec<u8>>, PinError> {
    if report.failures().next().is_some() {
        return Err(PinError::Failures);
    }
    let pin = |(input, task): (&'a Input, &'a TaskReport)| {
        let no_digest = |container: &ContainerReport| PinError::NoDigest {
            source_name: task.source.to_string(),
            container: container.name.clone(),
            image: container.image.to_string(),
        };
        let digest = |container: &'a ContainerReport| {
            container.digest.as_ref().map(Printable::as_str).ok_or_else(|| no_digest(container))
        };
        let digests: Vec<_> = task.containers.iter().map(digest).collect::<Result<_, _>>()?;
        let text = input.text.as_deref().map_err(|_| PinError::Failures)?;
        task::pin_images(text, &digests).ok_or_else(|| PinError::Text { source_name: task.source.to_string() })
    };
    inputs.iter().zip(&report.tasks).map(pin).collect()
}
