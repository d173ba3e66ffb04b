//! The engine that stores the images: Docker Engine or Podman, through the Docker Engine API.
//!
//! This module owns everything between a pull request and the wire: the address of the engine
//! (`endpoint`), the connection, the API version, the login header and the pull stream. It is the
//! only module that knows bollard, and within it only `docker`.
//!
//! Invariants: no login leaves this module except in the header of a request, and every wait is
//! bounded by the caller. It does not decide what a message of the engine means (that is
//! [`crate::answers`]) and retries nothing (that is [`crate::pull`]).

mod api_version;
pub(crate) mod auth_header;
mod connection;
mod docker;
mod endpoint;
mod engine_error;
mod http_get;
mod info;
mod interface;
mod line_buffer;
mod local_image;
mod ping;
mod podman;
mod progress_message;
mod pull_request;
mod pull_stream;
mod storage;
mod stream_line;
pub(crate) mod stream_summary;
mod unreachable_reason;

pub use docker::DockerEngine;
pub use endpoint::{AddressError, DockerAddress, EngineEndpoint, EngineSelector, ResolvedEngine, TlsUse};
pub use engine_error::EngineError;
pub use interface::{Engine, EngineConnector};
#[cfg(fuzzing)]
pub(crate) use line_buffer::LineBuffer;
pub use local_image::LocalImage;
pub use progress_message::ProgressMessage;
pub use pull_request::PullRequest;
pub use storage::Storage;
#[cfg(fuzzing)]
pub(crate) use stream_line::parse_line;
pub use unreachable_reason::UnreachableReason;

#[cfg(test)]
mod tests;
