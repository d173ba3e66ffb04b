//! The protocols in which other programs request a login: Docker's credential helper, the kubelet's
//! credential provider, and the login route of the agent's API.
//!
//! Pure: bytes in, a request out; a login in, bytes out. This module does not know who provides the
//! login, and does no input or output. A failure stays a failure in every protocol, so that no
//! program goes on to pull anonymously.

pub mod docker;
pub mod kubelet;
mod secret_response;

pub use secret_response::{AgentLogin, SecretResponse, for_agent, password};
