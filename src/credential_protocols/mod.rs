//! Front doors: the words in which other programs that pull ask for a login, and are answered,
//! also those of the agent's own socket.
//!
//! Pure: bytes in, a question out; a login in, bytes out. Who answers is not known here, and
//! nothing is read, printed or asked. A failure stays a failure in every protocol: none of
//! them is let go on to pull anonymously.

pub mod docker;
pub mod kubelet;
mod secret_response;

pub use secret_response::{AgentLogin, SecretResponse, for_agent, password};
