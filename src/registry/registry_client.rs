//! The client that asks registries for manifests.

use http::{Method, StatusCode};

use super::http_client::{HttpClient, MANIFEST_LIMIT};
use super::http_response::HttpResponse;
use super::manifest::{MEDIA_TYPES, Manifest, ManifestDocument};
use super::registry_error::RegistryError;
use super::session::{RegistrySession, manifest_path};
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
    /// [`RegistryError`], with the registry's words, but without the login.
    pub async fn manifest(
        &self,
        image: &ImageReference,
        platform: Option<&Platform>,
        login: &Login,
    ) -> Result<Manifest, RegistryError> {
        let mut session = RegistrySession::new(&self.http, image.registry(), login);
        let path = manifest_path(image.repository(), image.version().as_str());
        let mut response = session.send(Method::GET, &path, MEDIA_TYPES, MANIFEST_LIMIT).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            session.answer_challenge(&response, Some(image.repository())).await?;
            response = session.send(Method::GET, &path, MEDIA_TYPES, MANIFEST_LIMIT).await?;
        }
        let digest = match image.version() {
            ImageVersion::Digest(digest) => Some(digest.clone()),
            ImageVersion::Tag(_) => {
                response.headers().get(DIGEST).and_then(|digest| digest.to_str().ok()).map(str::to_owned)
            }
        };
        let mut document = read_document(&session, &response, platform)?;
        if let ManifestDocument::Index { selected } = document {
            let path = manifest_path(image.repository(), &selected);
            let response = session.send(Method::GET, &path, MEDIA_TYPES, MANIFEST_LIMIT).await?;
            document = read_document(&session, &response, platform)?;
        }
        match document {
            ManifestDocument::Manifest(layers) => Ok(Manifest { digest, layers }),
            ManifestDocument::Index { .. } => Err(RegistryError::InvalidResponse("an index refers to an index")),
        }
    }
}

fn read_document(
    session: &RegistrySession<'_>,
    response: &HttpResponse,
    platform: Option<&Platform>,
) -> Result<ManifestDocument, RegistryError> {
    if response.status() != StatusCode::OK {
        return Err(session.error(response));
    }
    ManifestDocument::from_response(response, platform)
}
