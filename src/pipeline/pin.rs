//! Replaces tags by digests in the definitions of a successful run.

use super::input::Input;
use crate::error::Printable;
use crate::report::{ContainerReport, Report, TaskReport};
use crate::task;

/// Why nothing was pinned. Either all definitions are pinned, or none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// An image could not be pulled.
    #[error("not every image was pulled")]
    Failures,
    /// An image has no digest, for example because it was built on this host.
    #[error("{source_name}: container {container}: image {image} has no registry digest")]
    NoDigest {
        /// The path or `-` that the definition was read from.
        source_name: String,
        /// Name of the container.
        container: String,
        /// The reference of the image.
        image: String,
    },
    /// The definition's text is not UTF-8.
    #[error("{source_name}: not UTF-8")]
    NotUtf8 {
        /// The path or `-` that the definition was read from.
        source_name: String,
    },
}

/// The texts of the definitions in the order of the inputs, with each image as `name@digest` and every
/// other byte unchanged.
///
/// # Errors
/// [`PinError`], if a container has no digest for any reason.
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
        task::pin_images(text, &digests).ok_or_else(|| PinError::NotUtf8 { source_name: task.source.to_string() })
    };
    inputs.iter().zip(&report.tasks).map(pin).collect()
}
