//! Direct requests to a registry, without the engine: they read the layers of an image, and check
//! whether the registry accepts a login.
//!
//! The Engine API does not report the sizes of an image that is not local, and checks a login only
//! by a pull. The results here are an estimate or a check. The pull itself is the engine's, with
//! the engine's own certificates, proxy and names, so a registry that cannot be reached from here
//! does not fail a pull.
//!
//! The length of a response is limited. A login reaches only the registry and the token service that
//! it names: redirects to another server are not followed, and the words of an answer are repeated
//! without the login, because a registry can repeat what it received. [`crate::answers`] reads the
//! words, as it does for a pull. The caller limits the time for a manifest.

mod authorization;
mod challenge;
mod endpoint;
mod engine_words;
mod http_client;
mod http_response;
mod login_check;
mod login_error;
mod login_target;
mod manifest;
mod meaning;
mod redirect;
mod registry_client;
mod registry_error;
mod session;
#[cfg(test)]
mod tests;
mod tls;
mod token_service;
mod web_page;

#[cfg(fuzzing)]
pub(crate) use challenge::Challenges;
pub use login_check::{LoginAcceptance, try_login};
pub use login_error::LoginError;
pub use login_target::{LoginTarget, LoginTargetError};
pub use manifest::{Layer, Manifest};
pub use registry_client::RegistryClient;
pub use registry_error::RegistryError;
