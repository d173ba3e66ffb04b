//! What only Podman is asked: which of an image's digests its tag was pulled as.
//!
//! An image built for several platforms has two digests: that of the index, which the tag
//! names and Docker tells, and that of this platform's manifest. Podman's answer to an
//! inspection has both in alphabetical order; its list of images has the one.

use http::{StatusCode, Uri};
use serde::Deserialize;

use crate::engine::LocalImage;
use crate::engine::address::DockerAddress;
use crate::engine::engine_error::EngineError;
use crate::engine::http_get::get;
use crate::engine::ping::ApiVersion;
use crate::task::ImageReference;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PodmanImage {
    id: String,
    digest: String,
}

/// Puts the digest of the tag before the others. Where Podman does not say it, they stay as
/// they are: each of them is the image's.
pub(crate) async fn sort_digests(
    local: &mut LocalImage,
    address: &DockerAddress,
    (major, minor): ApiVersion,
    image: &ImageReference,
) -> Result<(), EngineError> {
    let filter = format!("%7B%22reference%22%3A%5B%22{image}%22%5D%7D");
    let Ok(path) = format!("/v{major}.{minor}/images/json?filters={filter}").parse::<Uri>() else { return Ok(()) };
    let answer = get(address, path).await?;
    if answer.status() != StatusCode::OK {
        return Ok(());
    }
    let listed: Vec<PodmanImage> = serde_json::from_slice(answer.body()).unwrap_or_default();
    if let Some(listed) = listed.into_iter().find(|listed| listed.id == local.id) {
        local.digests.sort_by_key(|digest| *digest != listed.digest);
    }
    Ok(())
}
