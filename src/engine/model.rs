//! What the rest of the program needs of an engine: two traits and their data.

use std::future::Future;
use std::path::PathBuf;

use futures_util::stream::BoxStream;

use crate::credential::Login;
use crate::engine::EngineError;
use crate::task::{ImageReference, ImageVersion, Platform};

/// The engine that holds the images. The real one is [`DockerEngine`].
pub trait Engine: Send + Sync {
    /// Pulls one image; what the engine says comes as a stream, errors included. Dropping
    /// the stream ends the pull.
    fn pull<'a>(
        &'a self,
        wanted: &'a PullRequest,
        login: &'a Login,
    ) -> BoxStream<'a, Result<ProgressMessage, EngineError>>;

    /// Asks the registry whether it gives this very image, named by digest, to whoever has the
    /// login; nothing is fetched and no tag moves. The caller bounds the wait.
    fn verify<'a>(
        &'a self,
        wanted: &'a PullRequest,
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
pub struct PullRequest {
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
    pub(crate) fn digest_of<'a>(&'a self, image: &'a ImageReference) -> Option<&'a str> {
        match image.version() {
            ImageVersion::Digest(digest) => Some(digest),
            ImageVersion::Tag(_) => self.digests.first().map(String::as_str),
        }
    }

    /// Whether it is a build for this platform. One that does not say what it is for may be.
    pub(crate) fn is_for(&self, wanted: Option<&Platform>) -> bool {
        match (wanted, &self.platform) {
            (Some(wanted), Some(found)) => wanted.is_satisfied_by(found),
            _ => true,
        }
    }
}

/// One line of what the engine says while it pulls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgressMessage {
    /// The layer it is about, or the tag.
    pub id: Option<String>,
    /// `Downloading`, `Pull complete`, `Digest: sha256:…`, …
    pub status: String,
    /// Bytes so far and in all, where the line says so.
    pub bytes: Option<(u64, u64)>,
}

/// A place where an engine may be. The real one is [`DockerAddress`].
pub trait EngineConnector: Sync {
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
