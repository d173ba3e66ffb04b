//! Where the engine is, and how the connection to it is secured.
//!
//! This module follows the order and the file formats of Docker's CLI. Files are read here, before any
//! connection, so that a wrong path is reported as such; nothing here contacts the engine.

mod address;
mod address_error;
mod context;
mod selector;
mod tls;

pub use address::DockerAddress;
pub use address_error::AddressError;
pub use selector::{EngineEndpoint, EngineSelector, ResolvedEngine, TlsUse};
pub(crate) use tls::Tls;
#[cfg(test)]
pub(crate) use tls::Trust;
