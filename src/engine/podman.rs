//! Asks Podman by which of an image's digests the image's tag was pulled.
//!
//! An image for several platforms has two digests: that of the index, which the tag names and
//! Docker reports, and that of this platform's manifest. Podman's inspection returns both in
//! alphabetical order; its list of images returns only the tag's.

use http::StatusCode;
use serde::Deserialize;

use crate::engine::api_version::ApiVersion;
use crate::engine::endpoint::DockerAddress;
use crate::engine::engine_error::EngineError;
use crate::engine::http_get::get;
use crate::engine::local_image::LocalImage;
use crate::task::ImageReference;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PodmanImage {
    id: String,
    digest: String,
}

/// Moves the digest of the tag to the front. If Podman does not return it, the order does not change: each
/// digest is one of the image's.
pub(crate) async fn sort_digests(
    local: &mut LocalImage,
    address: &DockerAddress,
    version: ApiVersion,
    image: &ImageReference,
) -> Result<(), EngineError> {
    // The JSON `{"reference":["IMAGE"]}`, percent-encoded.
    let filter = format!("%7B%22reference%22%3A%5B%22{image}%22%5D%7D");
    let response = get(address, &version.path(&format!("/images/json?filters={filter}"))).await?;
    if response.status() != StatusCode::OK {
        return Ok(());
    }
    let images: Vec<PodmanImage> = serde_json::from_slice(response.body()).unwrap_or_default();
    if let Some(listed) = images.into_iter().find(|listed| listed.id == local.id) {
        local.digests.sort_by_key(|digest| *digest != listed.digest);
    }
    Ok(())
}
