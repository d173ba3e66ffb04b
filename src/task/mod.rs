//! Task definitions: what ECS's JSON says, checked, with nothing else known.
//!
//! Pure: bytes in, values out. A [`TaskDefinition`] that exists has at least one
//! container; a container's own faults (an empty image, a malformed ARN) are kept beside
//! the good containers, so that one does not cost the others their images.

mod arn;
mod credentials_parameter;
mod definition;
mod essence;
mod image_reference;
mod json;
mod key_arn;
mod lint;
mod pin;
mod platform;
mod region;
mod registry_host;

pub use arn::{ArnError, RoleArn, SecretArn};
pub use credentials_parameter::CredentialsParameter;
pub use definition::{ContainerDefinition, ContainerError, ContainerName, DefinitionError, TaskDefinition};
pub use essence::essence;
pub use image_reference::{ImageReference, ImageReferenceError, Version};
pub use key_arn::KeyArn;
pub use lint::Warning;
pub use pin::pinned;
pub use platform::{Platform, PlatformError};
pub use region::Region;
pub use registry_host::RegistryHost;
