//! The registry that an image is in. This module alone decides which registries get an ECR token.
//!
//! A host is matched as a whole and without case, so `….amazonaws.com.example.io` is not a host of
//! AWS (D1). A port does not change the kind of the registry. A host of AWS that looks like an ECR
//! registry and cannot be one is an error: an anonymous pull of it would fail with a misleading
//! message about missing credentials.

mod ecr_host_error;
mod ecr_registry;
mod registry_kind;
#[cfg(test)]
mod tests;

pub use ecr_host_error::EcrHostError;
pub(super) use ecr_host_error::EcrReferenceError;
pub use ecr_registry::EcrRegistry;
pub use registry_kind::RegistryKind;
pub(super) use registry_kind::{ECR_PUBLIC_PARTITION, canonical_name};
