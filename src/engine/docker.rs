//! The Docker Engine through bollard; the only file that knows it.
//!
//! Seven functions are not left to bollard 0.21: the pull (`pull_stream`), the login header
//! (`auth_header`), the API version (`ping`; bollard ignores the version that it negotiated, so
//! this file writes it into each path: an engine newer than taskpull would otherwise be asked in a
//! version that taskpull does not know), timeouts (bollard's cover only the head of a response),
//! TLS (`tls`), Podman's own fields (`podman`) and the engine's storage (`info`).

use bollard::errors::Error;
use bollard::models::OciPlatform;
use bollard::query_parameters::TagImageOptionsBuilder;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use futures_util::future::ready;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::credential::Login;
use crate::engine::api_version::ApiVersion;
use crate::engine::auth_header::auth_header;
use crate::engine::endpoint::{DockerAddress, Tls};
use crate::engine::engine_error::EngineError;
use crate::engine::info::fetch_storage;
use crate::engine::interface::{Engine, EngineConnector};
use crate::engine::local_image::LocalImage;
use crate::engine::ping::{PingResponse, negotiate_version};
use crate::engine::podman::sort_digests;
use crate::engine::progress_message::ProgressMessage;
use crate::engine::pull_request::PullRequest;
use crate::engine::pull_stream::{messages, pull_request};
use crate::engine::storage::Storage;
use crate::engine::stream_summary::{StreamOutcome, StreamSummary};
use crate::engine::unreachable_reason::UnreachableReason;
use crate::task::{ImageReference, Platform};

/// The newest API version that taskpull supports, which is bollard's.
const NEWEST: ApiVersion =
    ApiVersion { major: API_DEFAULT_VERSION.major_version, minor: API_DEFAULT_VERSION.minor_version };

/// The API version of Docker Engine 23.0, the first that reads layers compressed with zstd.
const ZSTD_SINCE: ApiVersion = ApiVersion { major: 1, minor: 42 };

/// Disables bollard's own timeout, in seconds: every caller bounds its wait.
const NO_TIMEOUT: u64 = u64::MAX / 1_000;

fn bollard_client(address: &DockerAddress) -> Result<Docker, Error> {
    match address {
        DockerAddress::Unix(path) => Docker::connect_with_unix(path, NO_TIMEOUT, API_DEFAULT_VERSION),
        DockerAddress::Tcp(host) => {
            Docker::connect_with_http(&format!("tcp://{host}"), NO_TIMEOUT, API_DEFAULT_VERSION)
        }
        DockerAddress::Tls { host, tls } => bollard_tls_client(host, tls),
    }
}

/// bollard's own TLS would trust the system's certificates in addition to the given CA.
fn bollard_tls_client(host: &str, tls: &Tls) -> Result<Docker, Error> {
    // As in bollard's own clients: one request for each connection, so that a cancelled pull
    // closes it.
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(tls.connector());
    let transport = move |request: BollardRequest| {
        let response = client.request(request);
        async move { response.await.map_err(Error::from) }
    };
    Docker::connect_with_custom_transport(transport, Some(format!("https://{host}")), NO_TIMEOUT, API_DEFAULT_VERSION)
}

impl EngineConnector for DockerAddress {
    type Engine = DockerEngine;

    fn address(&self) -> String {
        self.to_string()
    }

    async fn connect(&self) -> Result<DockerEngine, EngineError> {
        let PingResponse { version, is_podman } = negotiate_version(self, NEWEST).await?;
        let client = bollard_client(self).map_err(|error| engine_error(self, error))?;
        tracing::debug!(address = %self, api_version = %version, is_podman, "connected to the engine");
        Ok(DockerEngine { address: self.clone(), client, version, is_podman })
    }
}

/// A connected engine with the negotiated API version.
#[derive(Debug)]
pub struct DockerEngine {
    address: DockerAddress,
    client: Docker,
    version: ApiVersion,
    is_podman: bool,
}

impl DockerEngine {
    /// Returns a client that sends requests in the negotiated version, with this login header.
    fn client(&self, header: Option<http::HeaderValue>) -> Docker {
        let version = self.version;
        self.client.clone().with_request_modifier(move |mut request: BollardRequest| {
            *request.uri_mut() = versioned_uri(request.uri(), version);
            if let Some(header) = &header {
                request.headers_mut().insert("x-registry-auth", header.clone());
            }
            request
        })
    }

    fn error(&self, error: Error) -> EngineError {
        engine_error(&self.address, error)
    }

    /// Podman has no request for it, and asks the registry also for an image that it has. Docker
    /// does not: it takes an image by digest from its own store without asking the registry.
    async fn verify_by_pull(&self, request: &PullRequest, login: &Login) -> Result<(), EngineError> {
        let (mut messages, mut summary) = (self.pull(request, login), StreamSummary::default());
        while let Some(message) = messages.next().await {
            summary.add(&message?);
        }
        // The end of the stream alone proves nothing: a stream that is cut off may look like it.
        let local = self.inspect(&request.image).await?.unwrap_or_default();
        match summary.outcome(&request.image, &local) {
            StreamOutcome::Pulled { .. } => Ok(()),
            StreamOutcome::OtherImage { .. } | StreamOutcome::Incomplete => {
                Err(self.address.unexpected_response("the pull stream ended without its result"))
            }
        }
    }
}

/// Inserts the negotiated version into the path of a request.
#[expect(clippy::expect_used, reason = "a path with a version before it is a path")]
fn versioned_uri(uri: &Uri, version: ApiVersion) -> Uri {
    let mut parts = uri.clone().into_parts();
    let path = parts.path_and_query.as_ref().map_or("", |path| path.as_str());
    parts.path_and_query = Some(version.path(path).parse().expect("a path"));
    Uri::from_parts(parts).expect("the parts of a URI")
}

impl Engine for DockerEngine {
    fn pull<'a>(
        &'a self,
        request: &'a PullRequest,
        login: &'a Login,
    ) -> BoxStream<'a, Result<ProgressMessage, EngineError>> {
        match pull_request(self.version, request, auth_header(&request.image, login)) {
            Ok(request) => messages(&self.address, request).boxed(),
            Err(error) => stream::once(ready(Err(self.address.unexpected_response(error.to_string())))).boxed(),
        }
    }

    async fn verify<'a>(&'a self, request: &'a PullRequest, login: &'a Login) -> Result<(), EngineError> {
        if self.is_podman {
            return self.verify_by_pull(request, login).await;
        }
        let client = self.client(auth_header(&request.image, login));
        let result = client.inspect_registry_image(&request.image.to_string(), None).await;
        result.map(drop).map_err(|error| self.error(error))
    }

    /// Podman has no request for them.
    async fn platforms<'a>(&'a self, image: &'a ImageReference, login: &'a Login) -> Result<Vec<String>, EngineError> {
        if self.is_podman {
            return Ok(Vec::new());
        }
        let client = self.client(auth_header(image, login));
        let inspection = client.inspect_registry_image(&image.to_string(), None).await;
        let platforms = inspection.map_err(|error| self.error(error))?.platforms;
        let name = |platform: OciPlatform| {
            let platform = Platform::from_image_config(
                &platform.os.unwrap_or_default(),
                &platform.architecture.unwrap_or_default(),
                &platform.variant.unwrap_or_default(),
            );
            // Attestations in an index have the platform `unknown/unknown`.
            platform.map(|platform| platform.to_string()).filter(|name| !name.starts_with("unknown"))
        };
        Ok(platforms.into_iter().filter_map(name).collect())
    }

    fn reads_zstd(&self) -> bool {
        self.is_podman || self.version >= ZSTD_SINCE
    }

    async fn inspect<'a>(&'a self, image: &'a ImageReference) -> Result<Option<LocalImage>, EngineError> {
        let inspection = match self.client(None).inspect_image(&image.to_string()).await {
            Ok(inspection) => inspection,
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(None),
            Err(error) => return Err(self.error(error)),
        };
        let digest_of_this_repository = |repo_digest: String| {
            let (name, digest) = repo_digest.rsplit_once('@')?;
            let name = ImageReference::parse(name).ok()?;
            (name.name() == image.name()).then(|| digest.to_owned())
        };
        let repo_digests = inspection.repo_digests.unwrap_or_default();
        let or_empty = Option::<String>::unwrap_or_default;
        let mut local = LocalImage {
            id: or_empty(inspection.id),
            digests: repo_digests.into_iter().filter_map(digest_of_this_repository).collect(),
            platform: Platform::from_image_config(
                &or_empty(inspection.os),
                &or_empty(inspection.architecture),
                &or_empty(inspection.variant),
            ),
        };
        if self.is_podman && local.digests.len() > 1 {
            sort_digests(&mut local, &self.address, self.version, image).await?;
        }
        Ok(Some(local))
    }

    async fn tag<'a>(&'a self, id: &'a str, name: &'a ImageReference) -> Result<(), EngineError> {
        let tag = name.version().as_str();
        let options = TagImageOptionsBuilder::new().repo(&name.name()).tag(tag).build();
        let result = self.client(None).tag_image(id, Some(options)).await;
        result.map_err(|error| self.error(error))
    }

    async fn storage(&self) -> Result<Option<Storage>, EngineError> {
        fetch_storage(&self.address, self.version).await
    }
}

/// Converts bollard's errors to the two cases that matter: the engine reported one, or no response
/// can be used.
fn engine_error(address: &DockerAddress, error: Error) -> EngineError {
    match error {
        Error::DockerResponseServerError { status_code, message } => {
            EngineError::ErrorMessage { status: status_code, code: None, text: message.trim().to_owned() }
        }
        Error::SocketNotFoundError(_) => address.unreachable(UnreachableReason::NoSocket),
        Error::RequestTimeoutError => address.unreachable(UnreachableReason::NoResponse),
        Error::HyperLegacyError { .. } | Error::HyperResponseError { .. } | Error::IOError { .. } => {
            address.connection_failed(&error)
        }
        // bollard's text may quote the response, which can contain the image's environment or the login.
        Error::JsonDataError { column, .. } => address.unexpected_response(format!("invalid JSON at column {column}")),
        error => address.unexpected_response(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiVersion, versioned_uri};

    #[test]
    fn requests_use_the_negotiated_version() {
        let uri = "http://localhost/images/create?fromImage=a&tag=b".parse().unwrap();
        let versioned = versioned_uri(&uri, ApiVersion { major: 1, minor: 41 });
        assert_eq!(versioned, "http://localhost/v1.41/images/create?fromImage=a&tag=b");
    }
}
