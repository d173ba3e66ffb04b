//! The client that asks registries for manifests.

use http::{HeaderValue, Method, Request, StatusCode, header};

use super::http_client::{HttpClient, HttpResponse, MANIFEST_LIMIT, RegistryError, empty_body};
use super::manifest::{MEDIA_TYPES, Manifest, ManifestDocument};
use super::{
    authorization, challenge::Challenge, endpoint::api_uri, token_service::TokenParameters, token_service::TokenService,
};
use crate::credential::Login;
use crate::task::{ImageReference, ImageVersion, Platform};

/// The header with the digest of a manifest.
const DIGEST: &str = "docker-content-digest";

/// The client that asks registries for manifests.
#[derive(Debug, Default)]
pub struct RegistryClient {
    http: HttpClient,
}

impl RegistryClient {
    /// The manifest of an image; for an image index, the manifest for the platform. It takes one
    /// request, one or two more if the registry requires authentication, and one more for an index.
    ///
    /// # Errors
    /// [`RegistryError`], which repeats nothing of a response but its status.
    pub async fn manifest(
        &self,
        image: &ImageReference,
        platform: Option<&Platform>,
        login: &Login,
    ) -> Result<Manifest, RegistryError> {
        let version = image.version().as_str();
        let mut authorization = None;
        let mut response = self.get(image, version, None).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            let challenge = Challenge::from_headers(response.headers()).ok_or(RegistryError::UnsupportedChallenge)?;
            authorization = Some(self.authorize(challenge, login, image).await?);
            response = self.get(image, version, authorization.as_ref()).await?;
        }
        let digest = match image.version() {
            ImageVersion::Digest(digest) => Some(digest.clone()),
            ImageVersion::Tag(_) => {
                response.headers().get(DIGEST).and_then(|digest| digest.to_str().ok()).map(str::to_owned)
            }
        };
        let mut document = ManifestDocument::from_response(&response, platform)?;
        if let ManifestDocument::Index { selected } = document {
            let response = self.get(image, &selected, authorization.as_ref()).await?;
            document = ManifestDocument::from_response(&response, platform)?;
        }
        match document {
            ManifestDocument::Manifest(layers) => Ok(Manifest { digest, layers }),
            ManifestDocument::Index { .. } => Err(RegistryError::InvalidResponse("an index refers to an index")),
        }
    }

    async fn get(
        &self,
        image: &ImageReference,
        version: &str,
        authorization: Option<&HeaderValue>,
    ) -> Result<HttpResponse, RegistryError> {
        let path = format!("/v2/{}/manifests/{version}", image.repository());
        let mut request = Request::new(empty_body());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = api_uri(image.registry(), &path).ok_or(RegistryError::Uri)?;
        request.headers_mut().insert(header::ACCEPT, MEDIA_TYPES);
        if let Some(authorization) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        self.http.send(request, MANIFEST_LIMIT).await
    }

    async fn authorize(
        &self,
        challenge: Challenge,
        login: &Login,
        image: &ImageReference,
    ) -> Result<HeaderValue, RegistryError> {
        match challenge {
            Challenge::Basic => authorization::basic(login).ok_or(RegistryError::NoCredentials),
            Challenge::Bearer { realm, service } => {
                let tokens = TokenService::from_realm(&realm, image.registry());
                let tokens = tokens.ok_or(RegistryError::UnsupportedChallenge)?;
                let target = TokenParameters { service: service.as_deref(), repository: Some(image.repository()) };
                tokens.authorization(&self.http, target, login).await
            }
        }
    }
}
