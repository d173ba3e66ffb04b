//! Direct requests to a registry, without the engine: they read the layers of an image, and check
//! whether the registry accepts a login.
//!
//! The Engine API does not report the sizes of an image that is not local, and checks a login only
//! by a pull. The results here are an estimate or a check. The pull itself is the engine's, with
//! the engine's own certificates, proxy and names, so a registry that cannot be reached from here
//! does not fail a pull.
//!
//! The length of a response is limited, and an error repeats only its status, because a registry
//! can repeat what it received. Redirects are not followed, so a login reaches only the registry
//! and the token service that it names. The caller limits the time for a manifest.

mod auth_handshake;
mod authorization;
mod challenge;
mod endpoint;
mod http_client;
mod login_error;
mod login_target;
mod manifest;
mod registry_client;
#[cfg(test)]
mod tests;
mod token_service;

pub use auth_handshake::{LoginAcceptance, try_login};
#[cfg(fuzzing)]
pub(crate) use challenge::Challenge;
pub use http_client::RegistryError;
pub use login_error::LoginError;
pub use login_target::{LoginTarget, LoginTargetError};
pub use manifest::{Layer, Manifest};
pub use registry_client::RegistryClient;
