//! Pulls: an authorized plan carried out on an engine, each image with its own credential.
//!
//! Every wait is bounded here, whatever the engine does. [`run`] owns every pull it starts: there is no detached task, dropping it drops them
//! all, and the engine stops an abandoned pull when its connection closes.

mod address;
mod address_error;
mod auth_header;
mod context;
pub mod docker;
mod engine_choice;
mod engine_error;
mod engine_words;
mod movement;
mod one;
mod ping;
mod progress;
mod pull_error;
mod redaction;
mod schedule;
#[cfg(test)]
mod tests;
mod tls;

use std::future::Future;

use futures_util::stream::BoxStream;

pub use address::DockerAddress;
pub use address_error::AddressError;
pub use docker::DockerEngine;
pub use engine_choice::{Chosen, EngineChoice, Place, TlsUse};
pub use engine_error::{EngineError, Unreachable};
pub use one::{Deadlines, Pulled};
pub use progress::{Layers, Progress, State};
pub use pull_error::PullError;
pub use schedule::{Limits, Outcome, not_begun, run};

pub use crate::credential::Origin;

use crate::credential::Login;
use crate::task::ImageReference;

/// The engine that holds the images. The real one is [`DockerEngine`].
pub trait Engine: Send + Sync {
    /// Pulls one image; what the engine says comes as a stream, errors included. Dropping
    /// the stream ends the pull.
    fn pull<'a>(&'a self, image: &'a ImageReference, login: &'a Login) -> BoxStream<'a, Result<Line, EngineError>>;

    /// The digests under which the local image is known (`RepoDigests`); empty when there
    /// is no such image or it has none. The caller bounds the wait.
    fn digests<'a>(
        &'a self,
        image: &'a ImageReference,
    ) -> impl Future<Output = Result<Vec<String>, EngineError>> + Send + 'a;
}

/// One line of what the engine says while it pulls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The layer it is about, or the tag.
    pub id: Option<String>,
    /// `Downloading`, `Pull complete`, `Digest: sha256:…`, …
    pub status: String,
    /// Bytes so far and in all, where the line says so.
    pub bytes: Option<(u64, u64)>,
}

/// A place where an engine may be. The real one is [`DockerAddress`].
pub trait Connect: Sync {
    /// The engine.
    type Engine: Engine;

    /// Its address, as people write it.
    fn address(&self) -> String;

    /// Reaches the engine and agrees on an API version. The caller bounds the wait.
    ///
    /// # Errors
    /// [`EngineError`], when there is no engine, or none that may be used.
    fn connect(&self) -> impl Future<Output = Result<Self::Engine, EngineError>> + Send;
}
