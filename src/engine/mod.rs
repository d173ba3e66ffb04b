//! The Docker Engine API: the only module that knows bollard.

mod address;
mod address_error;
pub(crate) mod auth_header;
mod connection;
mod context;
mod docker;
mod engine_choice;
mod engine_error;
mod get;
mod info;
mod lines;
mod model;
mod ping;
mod podman;
pub(crate) mod redaction;
mod tls;
pub(crate) mod told;

pub use address::DockerAddress;
pub use address_error::AddressError;
pub use docker::DockerEngine;
pub use engine_choice::{Chosen, EngineChoice, Place, TlsUse};
pub use engine_error::{EngineError, Unreachable};
pub use model::{Connect, Engine, Line, LocalImage, Storage, Wanted};
