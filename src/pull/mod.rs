//! Pulls: an authorized plan carried out on an engine, each image with its own credential.
//!
//! [`run`] owns every pull it starts: there is no detached task, dropping it drops them
//! all, and the engine stops an abandoned pull when its connection closes.

mod auth_header;
pub mod docker;
mod engine_error;
mod fault;
mod one;
mod ping;
mod progress;
mod schedule;

use std::future::Future;
use std::time::Duration;

use futures_util::stream::BoxStream;

pub use docker::{DockerAddress, DockerEngine};
pub use engine_error::{EngineError, Unreachable};
pub use fault::PullError;
pub use one::{Deadlines, Pulled};
pub use progress::{Layers, Progress, State};
pub use schedule::{Limits, Outcome, none, run};

pub use crate::credential::Origin;

use crate::credential::Login;
use crate::task::ImageReference;

/// The engine that holds the images. The real one is [`DockerEngine`].
pub trait Engine: Send + Sync {
    /// Pulls one image; what the engine says comes as a stream, errors included. Dropping
    /// the stream ends the pull.
    fn pull<'a>(&'a self, image: &'a ImageReference, login: &'a Login) -> BoxStream<'a, Result<Line, EngineError>>;

    /// The digests under which the local image is known (`RepoDigests`); empty when there
    /// is no such image or it has none.
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

/// An engine being reached: shared by all pulls, asked once.
pub trait Connect {
    /// The engine.
    type Engine: Engine;

    /// Reaches the engine and agrees on an API version.
    ///
    /// # Errors
    /// [`EngineError`], when there is no engine, or none that may be used.
    fn connect(&self) -> impl Future<Output = Result<Self::Engine, EngineError>> + Send;
}

/// How long the engine may take to answer a small question.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);
