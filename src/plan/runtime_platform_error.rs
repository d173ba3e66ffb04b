//! The error of a `runtimePlatform` that ECS does not know.

use crate::error::{Class, Explain, Link};
use crate::task::PlatformError;

/// The `runtimePlatform` of a task is not one that ECS knows.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct RuntimePlatformError(pub PlatformError);

impl Explain for RuntimePlatformError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        "runtimePlatform".to_owned()
    }

    fn hint(&self) -> Option<String> {
        Some("use the spelling of ECS, or set the platform with --platform".to_owned())
    }
}
