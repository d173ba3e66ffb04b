//! Pulls: an authorized plan carried out on an engine, each image with its own credential.
//!
//! Every wait is bounded here, whatever the engine does. [`run`] owns every pull it starts:
//! there is no detached task, dropping it drops them all, and the engine stops an abandoned
//! pull when its connection closes.

mod address;
mod address_error;
mod attempt;
mod auth_header;
mod behavior;
mod connection;
mod context;
mod course;
mod disk;
mod docker;
mod engine_choice;
mod engine_error;
pub mod engine_words;
mod get;
mod guarded;
mod info;
mod lines;
mod missed;
mod movement;
mod one;
mod outcome;
mod ping;
mod podman;
mod progress;
mod pull_error;
mod redaction;
mod retry_after;
mod schedule;
mod tags;
#[cfg(test)]
mod tests;
mod through;
mod tls;
mod told;
mod traced;
mod traffic;

use std::future::Future;
use std::path::PathBuf;

use futures_util::stream::BoxStream;
use tokio::time::timeout;

pub use address::DockerAddress;
pub use address_error::AddressError;
pub use behavior::{Behavior, Caching, OnRefusal};
pub use disk::{DiskCheck, DiskLimits, Filled, Shortage};
pub use docker::DockerEngine;
pub use engine_choice::{Chosen, EngineChoice, Place, TlsUse};
pub use engine_error::{EngineError, Unreachable};
pub use one::Deadlines;
pub use outcome::{How, Outcome, Pulled, Retry};
pub use progress::{Layers, Progress, State};
pub use pull_error::PullError;
pub use schedule::{Limits, not_begun, run};
pub use traffic::{Concurrency, Traffic};

pub use crate::credential::{AwsRequest, Origin, SecretNames};

use crate::credential::Login;
use crate::task::{ImageReference, ImageVersion, Platform};

/// The engine that holds the images. The real one is [`DockerEngine`].
pub trait Engine: Send + Sync {
    /// Pulls one image; what the engine says comes as a stream, errors included. Dropping
    /// the stream ends the pull.
    fn pull<'a>(&'a self, wanted: &'a Wanted, login: &'a Login) -> BoxStream<'a, Result<Line, EngineError>>;

    /// Asks the registry whether it gives this very image, named by digest, to whoever has the
    /// login; nothing is fetched and no tag moves. The caller bounds the wait.
    fn verify<'a>(
        &'a self,
        wanted: &'a Wanted,
        login: &'a Login,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'a;

    /// The local image of this name, if there is one. The caller bounds the wait.
    fn local<'a>(
        &'a self,
        image: &'a ImageReference,
    ) -> impl Future<Output = Result<Option<LocalImage>, EngineError>> + Send + 'a;

    /// Gives an image that is here another name beside its own: a tag, which moves if it is
    /// another image's. The image is told by its id, because its own tag may have moved since
    /// it was looked at. The caller bounds the wait.
    fn tag<'a>(
        &'a self,
        id: &'a str,
        name: &'a ImageReference,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'a;

    /// Where the engine keeps its images, if that is on this host. The caller bounds the wait,
    /// and asks no more often than it must.
    fn storage(&self) -> impl Future<Output = Result<Option<Storage>, EngineError>> + Send + '_;
}

/// Where an engine on this host keeps its images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The folder.
    pub root: PathBuf,
    /// What is in it if it is the engine's, seen from here: its storage driver's folder.
    pub sign: PathBuf,
    /// What the engine pulls where nobody says a platform.
    pub platform: Option<Platform>,
}

/// An image to pull, and which build of it where that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The image.
    pub image: ImageReference,
    /// The build.
    pub platform: Option<Platform>,
    /// The image that it stands in for, which it is behind a pull-through rule: whoever wants
    /// that one looks for it under this name.
    pub stands_for: Option<ImageReference>,
}

/// An image on the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalImage {
    /// Its id, `sha256:…`.
    pub id: String,
    /// The digests under which its repository has it (`RepoDigests`); none for an image that
    /// was built or loaded here. Where a pull tells none, the first is that of the tag.
    pub digests: Vec<String>,
    /// What it was built for.
    pub platform: Option<Platform>,
}

impl LocalImage {
    /// The digest that stands for this image in its repository.
    fn digest_of<'a>(&'a self, image: &'a ImageReference) -> Option<&'a str> {
        match image.version() {
            ImageVersion::Digest(digest) => Some(digest),
            ImageVersion::Tag(_) => self.digests.first().map(String::as_str),
        }
    }

    /// Whether it is a build for this platform. One that does not say what it is for may be.
    fn is_for(&self, wanted: Option<&Platform>) -> bool {
        match (wanted, &self.platform) {
            (Some(wanted), Some(found)) => wanted.is_satisfied_by(found),
            _ => true,
        }
    }
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

/// Asks once whether there is an engine that may be used, and for no longer than the deadline
/// of an answer.
///
/// # Errors
/// [`EngineError`], when there is none.
pub async fn reach<C: Connect>(connect: &C, deadlines: &Deadlines) -> Result<(), EngineError> {
    let reached = timeout(deadlines.answer, connect.connect()).await;
    reached.unwrap_or_else(|_| Err(EngineError::silent(&connect.address()))).map(drop)
}
