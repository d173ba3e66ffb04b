//! A registry asked directly, past the engine: what an image's manifest says of its layers,
//! and whether it would let a login in.
//!
//! The Engine API tells no sizes of an image that is not there yet, and tries a login only by
//! a pull. What is learnt here is an estimate's ground, or a check's answer, and nothing more:
//! the pull itself is the engine's, with the engine's own certificates, proxy and names, so a
//! registry that cannot be asked from here is no failure of a pull. Answers are bounded, and
//! nothing of one is shown but its status, because a registry can put what it was sent into
//! its words; no redirect is followed, so that a login reaches the registry and the token
//! service it names, and nobody else. The wait for a manifest is bounded by the caller.

mod authorization;
mod challenge;
mod exchange;
mod login;
mod login_error;
mod manifest;
mod registry_error;
mod target;
mod tls;

use http::{HeaderValue, Method, Request, StatusCode, Uri, header};

pub use login::{Accepted, try_login};
pub use login_error::LoginError;
pub use manifest::{Layer, Manifest};
pub use registry_error::RegistryError;
pub use target::{Target, TargetError};

use crate::credential::Login;
use crate::task::{ImageReference, ImageVersion, Platform};
use authorization::{TokenService, Wanted};
use challenge::Challenge;
use exchange::{Exchange, is_loopback, no_body};
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
        let version = image.version().as_str();
        let mut authorization = None;
        let mut answer = self.get(image, version, authorization.as_ref()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let challenge = Challenge::of(answer.headers()).ok_or(RegistryError::Challenge)?;
            authorization = Some(authorize(&self.exchange, challenge, login, image).await?);
            answer = self.get(image, version, authorization.as_ref()).await?;
        }
        let digest = match image.version() {
            ImageVersion::Digest(digest) => Some(digest.clone()),
            ImageVersion::Tag(_) => {
                answer.headers().get(DIGEST).and_then(|digest| digest.to_str().ok()).map(str::to_owned)
            }
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
        self.exchange.send(request, exchange::MANIFEST).await
    }
}

async fn authorize(
    exchange: &Exchange,
    challenge: Challenge,
    login: &Login,
    image: &ImageReference,
) -> Result<HeaderValue, RegistryError> {
    match challenge {
        Challenge::Basic => authorization::basic(login).ok_or(RegistryError::NoLogin),
        Challenge::Bearer { realm, service } => {
            let from = TokenService::at(&realm, image.registry()).ok_or(RegistryError::Challenge)?;
            let wanted = Wanted { service: service.as_deref(), repository: Some(image.repository()) };
            from.authorization(exchange, wanted, login).await
        }
    }
}

fn uri_of(image: &ImageReference, version: &str) -> Result<Uri, RegistryError> {
    let path = format!("/v2/{}/manifests/{version}", image.repository());
    uri_at(image.registry(), &path).ok_or(RegistryError::Garbled("the image's name is not a part of a URL"))
}

/// A path of a registry's API: without TLS where the registry is this host's own, as engines
/// take it too.
fn uri_at(registry: &str, path: &str) -> Option<Uri> {
    let scheme = if is_loopback(registry) { "http" } else { "https" };
    format!("{scheme}://{}{path}", answering(registry)).parse().ok()
}

/// The host that answers for a registry: Docker Hub's API is at another one than its name.
fn answering(registry: &str) -> &str {
    if registry == ImageReference::DOCKER_HUB { "registry-1.docker.io" } else { registry }
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
            ("[::1]:5000/a:1", "http://[::1]:5000/v2/a/manifests/1"),
            ("127.0.0.1.example.com/a:1", "https://127.0.0.1.example.com/v2/a/manifests/1"),
            ("10.0.0.1:5000/a:1", "https://10.0.0.1:5000/v2/a/manifests/1"),
            ("nginx", "https://registry-1.docker.io/v2/library/nginx/manifests/latest"),
        ] {
            let (_, version) = uri.rsplit_once('/').unwrap();
            assert_eq!(uri_of(&ImageReference::parse(image).unwrap(), version).unwrap(), uri, "{image}");
        }
    }
}
