//! A Docker Engine on a Unix socket, as far as pulls need one.
//!
//! Without a script a pull succeeds plausibly. Scripts apply to one image each. The engine records
//! what was pulled, with which credentials, and how each pull ended. Messages and status codes are
//! those of Docker Engine 20.10, or of Podman 4.3.

mod auth;
mod fake_engine;
mod podman;
mod pull;
mod recorded_pull;
mod state;

pub use self::auth::{AuthConfig, RegistryAuth};
pub use self::fake_engine::FakeEngine;
pub use self::pull::PullScript;
pub use self::recorded_pull::PullEnd;
