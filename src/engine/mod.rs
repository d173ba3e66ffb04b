//! The Docker Engine API: the only module that knows bollard.

mod address;
mod address_error;
pub(crate) mod auth_header;
mod connection;
mod context;
mod docker;
mod engine_error;
mod http_get;
mod info;
mod model;
mod ping;
mod podman;
mod pull_stream;
pub(crate) mod redaction;
mod selection;
pub(crate) mod stream_summary;
mod tls;

pub use address::DockerAddress;
pub use address_error::AddressError;
pub use docker::DockerEngine;
pub use engine_error::{EngineError, Unreachable};
pub use model::{Engine, EngineConnector, LocalImage, ProgressMessage, PullRequest, Storage};
pub use selection::{EngineEndpoint, EngineSelector, ResolvedEngine, TlsUse};
