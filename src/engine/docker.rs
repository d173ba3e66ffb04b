//! The Docker Engine, through bollard; the only file that knows it.
//!
//! Seven things are not left to the library: the pull (`lines`), the auth header
//! (`auth_header`), the API version (`ping` asks for it, here it goes into each path: bollard
//! 0.21 drops the one it negotiated, so an engine newer than this program would be asked in a
//! dialect nobody here has read), timeouts (its own cover only the headers of a response), TLS
//! (`tls`), what only Podman says (`podman`), and where the engine keeps its images (`info`).

use bollard::errors::Error;
use bollard::query_parameters::TagImageOptionsBuilder;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use futures_util::future::ready;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::credential::Login;
use crate::engine::address::DockerAddress;
use crate::engine::auth_header::auth_header;
use crate::engine::engine_error::{EngineError, Unreachable};
use crate::engine::info;
use crate::engine::ping::{ApiVersion, Pong, agree};
use crate::engine::podman::sort_digests;
use crate::engine::pull_stream;
use crate::engine::stream_summary::{StreamOutcome, StreamSummary};
use crate::engine::tls::Tls;
use crate::engine::{Engine, EngineConnector, LocalImage, ProgressMessage, PullRequest, Storage};
use crate::task::{ImageReference, Platform};

/// The newest API this program speaks: bollard's.
const NEWEST: ApiVersion = (API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);

/// bollard's own timeout, in seconds, is out of the way: every wait here has its own.
const NEVER: u64 = u64::MAX / 1_000;

fn client(address: &DockerAddress) -> Result<Docker, Error> {
    match address {
        DockerAddress::Unix(path) => Docker::connect_with_unix(path, NEVER, API_DEFAULT_VERSION),
        DockerAddress::Tcp(host) => Docker::connect_with_http(&format!("tcp://{host}"), NEVER, API_DEFAULT_VERSION),
        DockerAddress::Tls { host, tls } => with_tls(host, tls),
    }
}

/// bollard's own TLS would trust the system's certificates beside the CA that was given.
fn with_tls(host: &str, tls: &Tls) -> Result<Docker, Error> {
    // As in bollard's own clients: a connection serves one request, and a pull that is given
    // up closes it.
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(tls.connector());
    let transport = move |request: BollardRequest| {
        let answer = client.request(request);
        async move { answer.await.map_err(Error::from) }
    };
    Docker::connect_with_custom_transport(transport, Some(format!("https://{host}")), NEVER, API_DEFAULT_VERSION)
}

impl EngineConnector for DockerAddress {
    type Engine = DockerEngine;

    fn address(&self) -> String {
        self.to_string()
    }

    async fn connect(&self) -> Result<DockerEngine, EngineError> {
        let Pong { version, is_podman } = agree(self, NEWEST).await?;
        let client = client(self).map_err(|error| engine_error(self, error))?;
        tracing::debug!(address = %self, ?version, "engine reached");
        Ok(DockerEngine { address: self.clone(), client, version, is_podman })
    }
}

/// An engine that answered, and the API version agreed on.
#[derive(Debug)]
pub struct DockerEngine {
    address: DockerAddress,
    client: Docker,
    version: ApiVersion,
    is_podman: bool,
}

impl DockerEngine {
    /// A client whose requests go to the agreed version, with this login's header.
    fn client(&self, header: Option<http::HeaderValue>) -> Docker {
        let (major, minor) = self.version;
        self.client.clone().with_request_modifier(move |mut request: BollardRequest| {
            *request.uri_mut() = versioned(request.uri(), major, minor);
            if let Some(header) = &header {
                request.headers_mut().insert("x-registry-auth", header.clone());
            }
            request
        })
    }
}

/// The same place in the agreed version of the API.
#[expect(clippy::expect_used, reason = "a path with a version before it is a path")]
fn versioned(uri: &Uri, major: usize, minor: usize) -> Uri {
    let mut parts = uri.clone().into_parts();
    let path = parts.path_and_query.as_ref().map_or("", |path| path.as_str());
    parts.path_and_query = Some(format!("/v{major}.{minor}{path}").parse().expect("a path"));
    Uri::from_parts(parts).expect("the parts of a URI")
}

impl Engine for DockerEngine {
    fn pull<'a>(
        &'a self,
        wanted: &'a PullRequest,
        login: &'a Login,
    ) -> BoxStream<'a, Result<ProgressMessage, EngineError>> {
        match pull_stream::request(self.version, wanted, auth_header(&wanted.image, login)) {
            Ok(request) => pull_stream::lines(&self.address, request).boxed(),
            Err(error) => stream::once(ready(Err(self.address.garbled(error.to_string())))).boxed(),
        }
    }

    async fn verify<'a>(&'a self, wanted: &'a PullRequest, login: &'a Login) -> Result<(), EngineError> {
        if self.is_podman {
            // It has no such question, and asks the registry whatever it has itself. Docker
            // does not: it pulls what it has by digest without asking anybody.
            let (mut lines, mut told) = (self.pull(wanted, login), StreamSummary::default());
            while let Some(line) = lines.next().await {
                told.take(&line?);
            }
            // An answer that only ends is no consent: one that is cut short may look like it.
            let local = self.local(&wanted.image).await?.unwrap_or_default();
            return match told.verdict(&wanted.image, &local) {
                StreamOutcome::Pulled { .. } => Ok(()),
                StreamOutcome::Another { .. } | StreamOutcome::Cut => {
                    Err(self.address.garbled("it ended without telling whether the registry has the image"))
                }
            };
        }
        let client = self.client(auth_header(&wanted.image, login));
        let asked = client.inspect_registry_image(&wanted.image.to_string(), None).await;
        asked.map(drop).map_err(|error| engine_error(&self.address, error))
    }

    async fn local<'a>(&'a self, image: &'a ImageReference) -> Result<Option<LocalImage>, EngineError> {
        let local = match self.client(None).inspect_image(&image.to_string()).await {
            Ok(local) => local,
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(None),
            Err(error) => return Err(engine_error(&self.address, error)),
        };
        let of_this_repository = |known: String| {
            let (name, digest) = known.rsplit_once('@')?;
            let name = ImageReference::parse(name).ok()?;
            (name.name() == image.name()).then(|| digest.to_owned())
        };
        let word = Option::<String>::unwrap_or_default;
        let mut found = LocalImage {
            id: word(local.id),
            digests: local.repo_digests.unwrap_or_default().into_iter().filter_map(of_this_repository).collect(),
            platform: Platform::from_image_config(&word(local.os), &word(local.architecture), &word(local.variant)),
        };
        if self.is_podman && found.digests.len() > 1 {
            sort_digests(&mut found, &self.address, self.version, image).await?;
        }
        Ok(Some(found))
    }

    async fn tag<'a>(&'a self, id: &'a str, name: &'a ImageReference) -> Result<(), EngineError> {
        let tag = name.version().as_str();
        let options = TagImageOptionsBuilder::new().repo(&name.name()).tag(tag).build();
        let given = self.client(None).tag_image(id, Some(options)).await;
        given.map_err(|error| engine_error(&self.address, error))
    }

    async fn storage(&self) -> Result<Option<Storage>, EngineError> {
        info::storage(&self.address, self.version).await
    }
}

/// bollard's errors, as the two things they can mean: the engine spoke, or it did not.
fn engine_error(address: &DockerAddress, error: Error) -> EngineError {
    match error {
        Error::DockerResponseServerError { status_code, message } => {
            EngineError::Said { status: status_code, code: None, text: message.trim().to_owned() }
        }
        Error::SocketNotFoundError(_) => address.unreachable(Unreachable::NoSocket),
        Error::RequestTimeoutError => address.unreachable(Unreachable::Silent),
        Error::HyperLegacyError { .. } | Error::HyperResponseError { .. } | Error::IOError { .. } => {
            address.broken(&error)
        }
        // Not in the library's words: they may hold the engine's, and those the image's
        // environment, or the login.
        Error::JsonDataError { column, .. } => address.garbled(format!("column {column} of its answer")),
        error => address.garbled(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::versioned;

    #[test]
    fn the_version_goes_before_the_path() {
        let uri = "http://localhost/images/create?fromImage=a&tag=b".parse().unwrap();
        assert_eq!(versioned(&uri, 1, 41), "http://localhost/v1.41/images/create?fromImage=a&tag=b");
    }
}
