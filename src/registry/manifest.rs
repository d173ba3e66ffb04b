//! Manifests: the layers of an image, or the manifests of an image index.

use http::HeaderValue;
use serde::Deserialize;

use super::{http_response::HttpResponse, registry_error::RegistryError};
use crate::task::Platform;

/// The media types of manifests whose layers have sizes (H7); schema 1 has none.
pub(super) const MEDIA_TYPES: HeaderValue = HeaderValue::from_static(
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json",
);

/// The media types of all manifests: a login may also read one without sizes.
pub(super) const ANY_MANIFEST: HeaderValue = HeaderValue::from_static(
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, */*",
);

/// The manifest of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The digest of the tag, if the registry gives it. For an image of several platforms, it is the
    /// digest of the index.
    pub digest: Option<String>,
    /// The layers, lowest first.
    pub layers: Vec<Layer>,
}

/// A layer as it is transferred.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Layer {
    /// The digest of the transferred bytes.
    pub digest: String,
    /// The size of the transferred (usually compressed) layer in bytes.
    pub size: u64,
}

/// The document that a registry returns for a tag or digest.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ManifestDocument {
    /// The manifest of an image, with its layers.
    Manifest(Vec<Layer>),
    /// An image index.
    Index {
        /// The digest of the manifest for the platform.
        selected: String,
    },
}

#[derive(Deserialize)]
struct Document {
    layers: Option<Vec<Layer>>,
    manifests: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    platform: Option<EntryPlatform>,
}

#[derive(Deserialize)]
struct EntryPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: String,
}

impl ManifestDocument {
    /// Parses a successful response; from an index, it selects the manifest for the platform.
    pub(super) fn from_response(response: &HttpResponse, platform: Option<&Platform>) -> Result<Self, RegistryError> {
        Self::parse(response.body(), platform)
    }

    fn parse(text: &[u8], platform: Option<&Platform>) -> Result<Self, RegistryError> {
        let invalid = |_| RegistryError::InvalidResponse("it is not a manifest with sizes");
        let document: Document = serde_json::from_slice(text).map_err(invalid)?;
        if let Some(layers) = document.layers {
            return Ok(Self::Manifest(layers));
        }
        let Some(manifests) = document.manifests else {
            return Err(RegistryError::InvalidResponse("it is neither a manifest with sizes nor an index"));
        };
        let required = platform.ok_or(RegistryError::InvalidResponse("it is an index, and the platform is unknown"))?;
        let matches_platform = |entry: &Entry| {
            let Some(EntryPlatform { os, architecture, variant }) = &entry.platform else { return false };
            Platform::from_image_config(os, architecture, variant)
                .is_some_and(|actual| required.is_satisfied_by(&actual))
        };
        let selected =
            manifests.into_iter().find(matches_platform).map(|entry| entry.digest).filter(|digest| is_digest(digest));
        let missing = RegistryError::InvalidResponse("the index has no manifest for the platform");
        selected.map(|selected| Self::Index { selected }).ok_or(missing)
    }
}

/// Whether a text is a digest, so that it can be part of a path.
fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.bytes().all(|b| b.is_ascii_alphanumeric()) && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::{Layer, ManifestDocument};
    use crate::task::Platform;

    fn parse(text: &str, platform: &str) -> Option<ManifestDocument> {
        ManifestDocument::parse(text.as_bytes(), Platform::parse(platform).ok().as_ref()).ok()
    }

    #[test]
    fn an_index_gives_the_manifest_for_the_platform() {
        let index = r#"{"schemaVersion": 2, "manifests": [
            {"digest": "sha256:0a", "size": 1, "platform": {"os": "unknown", "architecture": "unknown"}},
            {"digest": "sha256:0b", "size": 1, "platform": {"os": "linux", "architecture": "amd64"}},
            {"digest": "sha256:0c", "size": 1, "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
            {"digest": "sha256:../../x", "size": 1, "platform": {"os": "linux", "architecture": "s390x"}}]}"#;
        let index_of = |digest: &str| Some(ManifestDocument::Index { selected: digest.to_owned() });
        assert_eq!(parse(index, "linux/x86_64"), index_of("sha256:0b"));
        assert_eq!(parse(index, "linux/aarch64"), index_of("sha256:0c"));
        assert_eq!(parse(index, "windows/amd64"), None);
        assert_eq!(parse(index, "linux/s390x"), None, "the digest would change the path");
        assert_eq!(parse(index, ""), None);
    }

    #[test]
    fn a_document_without_valid_sizes_is_refused() {
        let manifest = r#"{"schemaVersion": 2, "config": {"size": 9}, "layers": [{"digest": "sha256:0a", "size": 7}]}"#;
        let layers = vec![Layer { digest: "sha256:0a".to_owned(), size: 7 }];
        assert_eq!(parse(manifest, "linux"), Some(ManifestDocument::Manifest(layers)));
        for odd in [
            "",
            "[]",
            "{}",
            r#"{"schemaVersion": 1, "fsLayers": [{"blobSum": "sha256:0a"}]}"#,
            r#"{"layers": [{"digest": "sha256:0a", "size": -7}]}"#,
            r#"{"layers": [{"digest": "sha256:0a"}]}"#,
        ] {
            assert_eq!(parse(odd, "linux"), None, "{odd}");
        }
    }
}
