//! The message of a service, or of a component on the path to it.

/// The source of an AWS error.
pub type ServiceError = Box<dyn std::error::Error + Send + Sync>;
