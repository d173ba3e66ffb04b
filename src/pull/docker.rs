//! The Docker Engine, through bollard; the only file that knows it.
//!
//! Three things are not left to the library: the auth header (`auth_header`), the API
//! version in the path (bollard 0.21 drops the one it negotiated, so an engine newer than
//! this program would be asked in a dialect nobody here has read), and timeouts (its own
//! cover only the headers of a response).

use std::io;
use std::path::Path;

use bollard::errors::Error;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use http::Uri;
use tokio::time::timeout;

use super::auth_header::auth_header;
use super::engine_error::{EngineError, Unreachable};
use super::{ANSWER, Connect, Engine, Line};
use crate::credential::Login;
use crate::task::{ImageReference, Version};

/// The oldest API this program speaks: Docker 20.10.
const OLDEST: (u32, u32) = (1, 41);

/// bollard's own timeout, in seconds, is out of the way: every wait here has its own.
const NEVER: u64 = u64::MAX / 1_000;

/// Where an engine is.
#[derive(Clone, Debug)]
pub struct DockerAddress(String);

impl DockerAddress {
    /// An address as `DOCKER_HOST` has it: `unix:///path` or `tcp://host:port`.
    #[must_use]
    pub fn new(host: &str) -> Self {
        Self(host.to_owned())
    }

    fn unreachable(&self, why: Unreachable) -> EngineError {
        EngineError::Unreachable { host: self.0.clone(), why }
    }

    fn open(&self) -> Result<Docker, EngineError> {
        let opened = if let Some(path) = self.0.strip_prefix("unix://") {
            if !Path::new(path).is_absolute() {
                return Err(self.unreachable(Unreachable::Address("a socket's path begins with `/`")));
            }
            Docker::connect_with_unix(&self.0, NEVER, API_DEFAULT_VERSION)
        } else if self.0.starts_with("tcp://") || self.0.starts_with("http://") {
            Docker::connect_with_http(&self.0, NEVER, API_DEFAULT_VERSION)
        } else {
            return Err(self.unreachable(Unreachable::Address("it is neither `unix://…` nor `tcp://…`")));
        };
        opened.map_err(|error| said(&self.0, error))
    }
}

impl Connect for DockerAddress {
    type Engine = DockerEngine;

    async fn connect(&self) -> Result<DockerEngine, EngineError> {
        let client = self.open()?;
        let answer = timeout(ANSWER, client.version()).await;
        let answer = answer.map_err(|_| self.unreachable(Unreachable::Silent))?;
        let answer = answer.map_err(|error| said(&self.0, error))?;
        let spoken = answer.api_version.as_deref().and_then(parse_version);
        let garbled = |why| EngineError::Garbled { host: self.0.clone(), why };
        let spoken = spoken.ok_or_else(|| garbled("it names no API version".to_owned()))?;
        if spoken < OLDEST {
            return Err(garbled(format!("its API is {}.{}", spoken.0, spoken.1)));
        }
        let known = (API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);
        let ours = (u32::try_from(known.0).unwrap_or(u32::MAX), u32::try_from(known.1).unwrap_or(u32::MAX));
        let version = spoken.min(ours);
        tracing::debug!(host = self.0, ?version, "engine reached");
        Ok(DockerEngine { host: self.0.clone(), client, version })
    }
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// An engine that answered, and the API version agreed on.
#[derive(Debug)]
pub struct DockerEngine {
    host: String,
    client: Docker,
    version: (u32, u32),
}

impl DockerEngine {
    /// A client whose requests go to the agreed version, with this login's header.
    fn client(&self, header: Option<http::HeaderValue>) -> Docker {
        let (major, minor) = self.version;
        self.client.clone().with_request_modifier(move |mut request: BollardRequest| {
            if let Some(uri) = versioned(request.uri(), major, minor) {
                *request.uri_mut() = uri;
            }
            if let Some(header) = &header {
                request.headers_mut().insert("x-registry-auth", header.clone());
            }
            request
        })
    }
}

fn versioned(uri: &Uri, major: u32, minor: u32) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let path = parts.path_and_query.as_ref()?;
    parts.path_and_query = Some(format!("/v{major}.{minor}{path}").parse().ok()?);
    Uri::from_parts(parts).ok()
}

impl Engine for DockerEngine {
    fn pull<'a>(&'a self, image: &'a ImageReference, login: &'a Login) -> BoxStream<'a, Result<Line, EngineError>> {
        // With neither tag nor digest the engine would pull all tags; a reference always has one.
        let (Version::Tag(version) | Version::Digest(version)) = image.version();
        let options = CreateImageOptionsBuilder::new().from_image(&image.name()).tag(version).build();
        let client = self.client(auth_header(image, login));
        client
            .create_image(Some(options), None, None)
            .map(|line| line.map(Line::from).map_err(|error| said(&self.host, error)))
            .boxed()
    }

    async fn digests<'a>(&'a self, image: &'a ImageReference) -> Result<Vec<String>, EngineError> {
        let local = match self.client(None).inspect_image(&image.to_string()).await {
            Ok(local) => local,
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(Vec::new()),
            Err(error) => return Err(said(&self.host, error)),
        };
        let of_this_repository = |known: String| {
            let (name, digest) = known.rsplit_once('@')?;
            let name = ImageReference::parse(name).ok()?;
            (name.name() == image.name()).then(|| digest.to_owned())
        };
        Ok(local.repo_digests.unwrap_or_default().into_iter().filter_map(of_this_repository).collect())
    }
}

impl From<CreateImageInfo> for Line {
    fn from(info: CreateImageInfo) -> Self {
        let bytes = info.progress_detail.and_then(|progress| {
            let current = u64::try_from(progress.current?).ok()?;
            Some((current, progress.total.and_then(|total| u64::try_from(total).ok()).unwrap_or(current)))
        });
        Self { id: info.id, status: info.status.unwrap_or_default(), bytes }
    }
}

/// bollard's errors, as the two things they can mean: the engine spoke, or it did not.
fn said(host: &str, error: Error) -> EngineError {
    let unreachable = |why| EngineError::Unreachable { host: host.to_owned(), why };
    match error {
        Error::DockerResponseServerError { status_code, message } => {
            EngineError::Said { status: status_code, text: message.trim().to_owned() }
        }
        Error::DockerStreamError { error } => EngineError::Said { status: 200, text: error },
        Error::SocketNotFoundError(_) => unreachable(Unreachable::NoSocket),
        Error::RequestTimeoutError => unreachable(Unreachable::Silent),
        Error::HyperLegacyError { .. } | Error::HyperResponseError { .. } | Error::IOError { .. } => {
            unreachable(broken(&error))
        }
        error => EngineError::Garbled { host: host.to_owned(), why: error.to_string() },
    }
}

fn broken(error: &Error) -> Unreachable {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    let mut text = error.to_string();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            match error.kind() {
                io::ErrorKind::NotFound => return Unreachable::NoSocket,
                io::ErrorKind::PermissionDenied => return Unreachable::Forbidden,
                io::ErrorKind::ConnectionRefused => return Unreachable::NobodyListens,
                _ => {}
            }
        }
        text = error.to_string();
        cause = error.source();
    }
    Unreachable::Broke(text)
}

#[cfg(test)]
mod tests {
    use super::{parse_version, versioned};

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parse_version("1.9") < parse_version("1.41"));
        assert_eq!(parse_version("1.41"), Some((1, 41)));
        assert_eq!(parse_version("one"), None);
    }

    #[test]
    fn the_version_goes_before_the_path() {
        let uri = "http://localhost/images/create?fromImage=a&tag=b".parse().unwrap();
        assert_eq!(versioned(&uri, 1, 41).unwrap(), "http://localhost/v1.41/images/create?fromImage=a&tag=b");
    }
}
