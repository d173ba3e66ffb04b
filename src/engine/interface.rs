//! The two traits through which the rest of the program uses an engine.

use std::future::Future;

use futures_util::stream::BoxStream;

use crate::credential::Login;
use crate::engine::engine_error::EngineError;
use crate::engine::local_image::LocalImage;
use crate::engine::progress_message::ProgressMessage;
use crate::engine::pull_request::PullRequest;
use crate::engine::storage::Storage;
use crate::task::ImageReference;

/// A connected engine, which stores the images. [`DockerEngine`](crate::engine::DockerEngine)
/// implements it.
pub trait Engine: Send + Sync {
    /// Pulls one image and returns the engine's messages as a stream, errors included. Dropping
    /// the stream cancels the pull.
    fn pull<'a>(
        &'a self,
        request: &'a PullRequest,
        login: &'a Login,
    ) -> BoxStream<'a, Result<ProgressMessage, EngineError>>;

    /// Asks the registry whether the login may pull exactly this image, which the request names by
    /// digest. Nothing is transferred and no tag moves. The caller bounds the wait.
    fn verify<'a>(
        &'a self,
        request: &'a PullRequest,
        login: &'a Login,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'a;

    /// Returns the platforms for which the registry has the image, such as `linux/arm64`; none if
    /// the engine cannot ask for them. The caller bounds the wait.
    fn platforms<'a>(
        &'a self,
        image: &'a ImageReference,
        login: &'a Login,
    ) -> impl Future<Output = Result<Vec<String>, EngineError>> + Send + 'a;

    /// Whether the engine can read layers that are compressed with zstd. Docker can from 23.0 on.
    fn reads_zstd(&self) -> bool;

    /// Returns the image that the engine has under this name, if any. The caller bounds the wait.
    fn inspect<'a>(
        &'a self,
        image: &'a ImageReference,
    ) -> impl Future<Output = Result<Option<LocalImage>, EngineError>> + Send + 'a;

    /// Adds a name to a local image; a tag that belongs to another image moves. The image is named
    /// by its id, because its own tag may have moved since it was inspected. The caller bounds the
    /// wait.
    fn tag<'a>(
        &'a self,
        id: &'a str,
        name: &'a ImageReference,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'a;

    /// Returns where the engine stores its images, if that is on this host. The request can be
    /// slow (Podman), so callers cache the result; they also bound the wait.
    fn storage(&self) -> impl Future<Output = Result<Option<Storage>, EngineError>> + Send + '_;
}

/// An endpoint at which an engine may be reached.
/// [`DockerAddress`](crate::engine::DockerAddress) implements it.
pub trait EngineConnector: Sync {
    /// The type of the engine that [`Self::connect`] returns.
    type Engine: Engine;

    /// The endpoint's address in the form of `DOCKER_HOST`.
    fn address(&self) -> String;

    /// Connects to the engine and negotiates an API version. The caller bounds the wait.
    ///
    /// # Errors
    /// [`EngineError`], if no engine can be reached or it supports none of taskpull's API versions.
    fn connect(&self) -> impl Future<Output = Result<Self::Engine, EngineError>> + Send;
}
