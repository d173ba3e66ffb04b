//! The logins that the host itself has (B1), for images whose container names no credentials.
//!
//! They come from `ECS_ENGINE_AUTH_DATA`, and from a Docker `config.json` with its credential
//! helpers. The plan contains only the name of the login that covers an image
//! ([`HostLogins::find_login`]). The login is read, and a helper runs, when a pull needs it.
//!
//! Must not: turn a failure into an anonymous pull, or show a value or a key of the documents.

mod config_error;
mod credential_helper;
mod docker_config;
#[expect(clippy::module_inception, reason = "the file has the name of its type")]
mod host_logins;
mod settings;
#[cfg(test)]
mod tests;

pub use config_error::HostLoginConfigError;
#[cfg(fuzzing)]
pub(crate) use docker_config::parse_engine_auth_data;
pub(super) use host_logins::HostLoginProvider;
pub use host_logins::HostLogins;
pub use settings::HostLoginSettings;
