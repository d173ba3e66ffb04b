//! What a manifest says: the layers, or, of an index, which manifest is for a platform.

use http::StatusCode;
use serde::Deserialize;

use super::exchange::Answer;
use super::registry_error::RegistryError;
use crate::task::Platform;

/// An image as its registry describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The digest that the tag stands for, where the registry says it: the index's, for an
    /// image of several platforms.
    pub digest: Option<String>,
    /// Its layers.
    pub layers: Vec<Layer>,
}

/// A layer, as it is transferred.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Layer {
    /// Its digest.
    pub digest: String,
    /// Its size in bytes, compressed where it is.
    pub size: u64,
}

/// One answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// An image's manifest.
    Layers(Vec<Layer>),
    /// An index.
    Index {
        /// The digest of the manifest for the platform.
        chosen: String,
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

impl Answered {
    pub(super) fn read(answer: &Answer, platform: Option<&Platform>) -> Result<Self, RegistryError> {
        if answer.status() != StatusCode::OK {
            return Err(RegistryError::Status(answer.status().as_u16()));
        }
        Self::parse(answer.body(), platform)
    }

    fn parse(text: &[u8], platform: Option<&Platform>) -> Result<Self, RegistryError> {
        let garbled = |_| RegistryError::Garbled("it is no manifest with sizes");
        let document: Document = serde_json::from_slice(text).map_err(garbled)?;
        if let Some(layers) = document.layers {
            return Ok(Self::Layers(layers));
        }
        let Some(manifests) = document.manifests else {
            return Err(RegistryError::Garbled("it is neither a manifest with sizes nor an index"));
        };
        let wanted = platform.ok_or(RegistryError::Garbled("it is an index, and the platform is not known"))?;
        let is_for = |entry: &Entry| {
            let Some(EntryPlatform { os, architecture, variant }) = &entry.platform else { return false };
            Platform::from_image_config(os, architecture, variant).is_some_and(|found| wanted.is_satisfied_by(&found))
        };
        let chosen = manifests.into_iter().find(is_for).map(|entry| entry.digest).filter(|digest| is_digest(digest));
        chosen.map(|chosen| Self::Index { chosen }).ok_or(RegistryError::Garbled("nothing in it is for the platform"))
    }
}

/// Whether it may stand in a path.
fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.bytes().all(|b| b.is_ascii_alphanumeric()) && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::{Answered, Layer};
    use crate::task::Platform;

    fn parse(text: &str, platform: &str) -> Option<Answered> {
        Answered::parse(text.as_bytes(), Platform::parse(platform).ok().as_ref()).ok()
    }

    #[test]
    fn an_index_gives_the_manifest_of_the_platform() {
        let index = r#"{"schemaVersion": 2, "manifests": [
            {"digest": "sha256:0a", "size": 1, "platform": {"os": "unknown", "architecture": "unknown"}},
            {"digest": "sha256:0b", "size": 1, "platform": {"os": "linux", "architecture": "amd64"}},
            {"digest": "sha256:0c", "size": 1, "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
            {"digest": "sha256:../../x", "size": 1, "platform": {"os": "linux", "architecture": "s390x"}}]}"#;
        let index_of = |chosen: &str| Some(Answered::Index { chosen: chosen.to_owned() });
        assert_eq!(parse(index, "linux/x86_64"), index_of("sha256:0b"));
        assert_eq!(parse(index, "linux/aarch64"), index_of("sha256:0c"));
        assert_eq!(parse(index, "windows/amd64"), None);
        assert_eq!(parse(index, "linux/s390x"), None, "it would leave its path");
        assert_eq!(parse(index, ""), None);
    }

    #[test]
    fn sizes_that_are_none_are_not_guessed() {
        let manifest = r#"{"schemaVersion": 2, "config": {"size": 9}, "layers": [{"digest": "sha256:0a", "size": 7}]}"#;
        let layers = vec![Layer { digest: "sha256:0a".to_owned(), size: 7 }];
        assert_eq!(parse(manifest, "linux"), Some(Answered::Layers(layers)));
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
