//! A registry asked directly, past the engine: what an image's manifest says of its layers.
//!
//! The Engine API tells no sizes of an image that is not there yet. What is learnt here is
//! an estimate's ground and nothing more: the pull itself is the engine's, with the engine's
//! own certificates, proxy and names, so a registry that cannot be asked from here is no
//! failure. Answers are bounded; no redirect is followed, so that a login reaches the
//! registry and the token service it names, and nobody else. The caller bounds the wait.

mod authorization;
mod challenge;
mod exchange;
mod manifest;
mod registry_error;
mod tls;

use http::{HeaderValue, Method, Request, StatusCode, Uri, header};

pub use manifest::{Layer, Manifest};
pub use registry_error::RegistryError;

use crate::credential::Login;
use crate::task::{ImageReference, Platform, Version};
use authorization::{Scope, authorization};
use challenge::Challenge;
use exchange::{Exchange, no_body};
use manifest::Answered;

/// The manifests whose layers have sizes (H7); schema 1 says none.
const ACCEPTED: HeaderValue = HeaderValue::from_static(
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json",
);

/// Says under which digest a manifest is known.
const DIGEST: &str = "docker-content-digest";

/// The registries, as far as they are asked.
#[derive(Debug, Default)]
pub struct Registries {
    exchange: Exchange,
}

impl Registries {
    /// The manifest of this image, for this platform where there are several, as whoever has
    /// the login gets it: one request, one or two more for a registry that wants a login, and
    /// one more for an image of several platforms.
    ///
    /// # Errors
    /// [`RegistryError`], which repeats nothing that the registry said.
    pub async fn manifest(
        &self,
        image: &ImageReference,
        platform: Option<&Platform>,
        login: &Login,
    ) -> Result<Manifest, RegistryError> {
        let (Version::Tag(version) | Version::Digest(version)) = image.version();
        let mut authorization = None;
        let mut answer = self.get(image, version, authorization.as_ref()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let challenge = Challenge::of(answer.headers()).ok_or(RegistryError::Challenge)?;
            let scope = Scope { image, is_plain: is_plain(image) };
            authorization = Some(authorize(&self.exchange, challenge, login, scope).await?);
            answer = self.get(image, version, authorization.as_ref()).await?;
        }
        let digest = match image.version() {
            Version::Digest(digest) => Some(digest.clone()),
            Version::Tag(_) => answer.headers().get(DIGEST).and_then(|digest| digest.to_str().ok()).map(str::to_owned),
        };
        match Answered::read(&answer, platform)? {
            Answered::Layers(layers) => Ok(Manifest { digest, layers }),
            Answered::Index { chosen } => {
                let answer = self.get(image, &chosen, authorization.as_ref()).await?;
                match Answered::read(&answer, platform)? {
                    Answered::Layers(layers) => Ok(Manifest { digest, layers }),
                    Answered::Index { .. } => Err(RegistryError::Garbled("an index stands in an index")),
                }
            }
        }
    }

    async fn get(
        &self,
        image: &ImageReference,
        version: &str,
        authorization: Option<&HeaderValue>,
    ) -> Result<exchange::Answer, RegistryError> {
        let mut request = Request::new(no_body());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = uri_of(image, version)?;
        request.headers_mut().insert(header::ACCEPT, ACCEPTED);
        if let Some(authorization) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        self.exchange.send(request).await
    }
}

async fn authorize(
    exchange: &Exchange,
    challenge: Challenge,
    login: &Login,
    scope: Scope<'_>,
) -> Result<HeaderValue, RegistryError> {
    match challenge {
        Challenge::Basic => authorization::basic(login).ok_or(RegistryError::NoLogin),
        Challenge::Bearer { realm, service } => authorization(exchange, &realm, &service, login, scope).await,
    }
}

fn uri_of(image: &ImageReference, version: &str) -> Result<Uri, RegistryError> {
    // Docker Hub's name is not the name of its registry.
    let host = match image.registry() {
        ImageReference::DOCKER_HUB => "registry-1.docker.io",
        host => host,
    };
    let scheme = if is_plain(image) { "http" } else { "https" };
    let uri = format!("{scheme}://{host}/v2/{}/manifests/{version}", image.repository());
    uri.parse().map_err(|_| RegistryError::Garbled("the image's name is not a part of a URL"))
}

/// Whether the registry is this host's own, which engines take without TLS.
fn is_plain(image: &ImageReference) -> bool {
    let host = image.registry();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    exchange::is_loopback(name)
}

#[cfg(test)]
mod tests {
    use super::uri_of;
    use crate::task::ImageReference;

    #[test]
    fn only_this_hosts_own_registries_are_asked_without_tls() {
        for (image, uri) in [
            ("127.0.0.1:5000/a:1", "http://127.0.0.1:5000/v2/a/manifests/1"),
            ("127.9.9.9:5000/a:1", "http://127.9.9.9:5000/v2/a/manifests/1"),
            ("localhost/a:1", "http://localhost/v2/a/manifests/1"),
            ("127.0.0.1.example.com/a:1", "https://127.0.0.1.example.com/v2/a/manifests/1"),
            ("10.0.0.1:5000/a:1", "https://10.0.0.1:5000/v2/a/manifests/1"),
            ("nginx", "https://registry-1.docker.io/v2/library/nginx/manifests/latest"),
        ] {
            let (_, version) = uri.rsplit_once('/').unwrap();
            assert_eq!(uri_of(&ImageReference::parse(image).unwrap(), version).unwrap(), uri, "{image}");
        }
    }
}
