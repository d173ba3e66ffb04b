//! Task definitions: the JSON of Amazon ECS, parsed and checked.
//!
//! The module is pure: bytes in, values out. It reads no files and makes no requests. A
//! [`TaskDefinition`] has at least one container. An error of one container (an empty image, a
//! malformed ARN) stays with that container, so that the other images can still be pulled.

mod arn;
mod arn_or_name;
mod container;
mod credentials_parameter;
mod definition_error;
mod definition_warning;
mod edit_distance;
mod execution_role;
mod foreign;
mod image_error;
mod image_grammar;
mod image_parts;
mod image_reference;
mod json;
mod key_warnings;
mod lint;
mod minimal_definition;
mod pin;
mod platform;
mod region;
mod region_spelling;
mod registry_host;
mod role_parameter;
mod slip;
mod task_definition;
#[cfg(test)]
mod tests;

pub use arn::{ArnError, KeyArn, RoleArn, SecretArn, check_cluster, is_account_id};
pub use arn_or_name::ArnOrName;
pub use container::{ContainerDefinition, ContainerError, ContainerErrorKind, ContainerName};
pub use credentials_parameter::CredentialsParameter;
pub use definition_error::DefinitionError;
pub use definition_warning::DefinitionWarning;
pub use edit_distance::edit_distance;
pub use execution_role::ExecutionRoleError;
pub use foreign::{describe_command, image_command, shell_word};
pub use image_error::ImageReferenceError;
pub use image_reference::{ImageReference, ImageVersion};
pub use json::StrayKey;
pub use minimal_definition::minimal_definition;
pub use pin::pin_images;
pub use platform::{Platform, PlatformError};
pub use region::{MeantRegion, Region, RegionError};
pub use registry_host::RegistryHost;
pub use role_parameter::RoleParameter;
pub use slip::{Field, Slip};
pub use task_definition::TaskDefinition;
