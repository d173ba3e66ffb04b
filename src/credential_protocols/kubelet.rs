//! The kubelet's credential provider protocol, `credentialprovider.kubelet.k8s.io/v1`.
//!
//! A request on stdin names an image; the answer has logins by pattern and says how long they
//! may be kept. No login at all is an answer too: the image is not ours. A failure is none:
//! the exit code says so, and the reason is on stderr.

use serde::Deserialize;

use crate::credential_protocols::secret_response::{self, SecretResponse};
use crate::error::{Class, Explain, Link};
use crate::pipeline::{ImageReference, IssuedLogin};

/// The longest request that is read, in bytes. A service account's annotations, which may come
/// with it, have 256 KiB at most.
pub const LIMIT: u64 = 512 * 1_024;

pub(crate) const API_VERSION: &str = "credentialprovider.kubelet.k8s.io/v1";
const KIND: &str = "CredentialProviderRequest";

/// As much of a request as is read here; a service account's token is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    image: String,
}

/// A request that cannot be answered. It says nothing of what is in it: there may be a token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Longer than [`LIMIT`].
    #[error("the request on stdin is longer than {LIMIT} bytes")]
    Long,
    /// Not JSON, or not an object of texts.
    #[error("the request on stdin is not JSON of {KIND}, line {line}, column {column}")]
    NotJson {
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
    /// Of another protocol or version.
    #[error("the request on stdin is not a {KIND} of {API_VERSION}")]
    Version,
    /// The image is none.
    #[error("the image of the request is no image reference")]
    Image,
}

impl Explain for RequestError {
    fn link(&self) -> Link {
        // Whoever starts taskpull with another one on stdin was configured to.
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        "stdin".to_owned()
    }

    fn hint(&self) -> Option<String> {
        Some(format!(
            "the kubelet sends it when its CredentialProviderConfig names taskpull with `apiVersion: {API_VERSION}`: docs/credential-helper.md has one"
        ))
    }
}

/// Reads a request: the image it is about.
///
/// # Errors
/// [`RequestError`]
pub fn image(stdin: &[u8]) -> Result<ImageReference, RequestError> {
    if stdin.len() as u64 > LIMIT {
        return Err(RequestError::Long);
    }
    let request: Request = serde_json::from_slice(stdin)
        .map_err(|error| RequestError::NotJson { line: error.line(), column: error.column() })?;
    if request.api_version != API_VERSION || request.kind != KIND {
        return Err(RequestError::Version);
    }
    ImageReference::parse(&request.image).map_err(|_| RequestError::Image)
}

/// The answer: a login, or none because the image is not ours. None where the login cannot be
/// said in this protocol, which has no identity tokens.
#[must_use]
pub fn answer(image: &ImageReference, given: Option<&IssuedLogin>) -> Option<SecretResponse> {
    let Some(IssuedLogin { login, is_of_registry, serves, .. }) = given else {
        return Some(secret_response::nothing_for_kubelet());
    };
    // The pattern is what the kubelet lets the login serve for, and its key is how widely it
    // keeps the answer: they go together.
    let (key_type, pattern) = match is_of_registry {
        true => ("Registry", image.registry().to_owned()),
        false => ("Image", image.name()),
    };
    secret_response::for_kubelet(key_type, serves.as_secs(), &pattern, login)
}

#[cfg(test)]
mod tests {
    use super::{API_VERSION, KIND, LIMIT, RequestError, image};

    fn request(version: &str, kind: &str, image: &str) -> String {
        serde_json::json!({ "apiVersion": version, "kind": kind, "image": image, "serviceAccountToken": "t" })
            .to_string()
    }

    #[test]
    fn a_request_names_an_image() {
        let read = image(request(API_VERSION, KIND, "reg.example/app@sha256").as_bytes());
        assert_eq!(read, Err(RequestError::Image));
        let read = image(request(API_VERSION, KIND, "nginx").as_bytes()).unwrap();
        assert_eq!(read.to_string(), "docker.io/library/nginx:latest");
    }

    #[test]
    fn another_version_is_refused_and_nothing_is_repeated() {
        let old = API_VERSION.replace("v1", "v1beta1");
        assert_eq!(image(request(&old, KIND, "nginx").as_bytes()), Err(RequestError::Version));
        assert_eq!(image(request(API_VERSION, "Pod", "nginx").as_bytes()), Err(RequestError::Version));
        for text in ["", "{\"image\": 7}", "\"hunter2\"", "{} hunter2"] {
            let said = image(text.as_bytes()).unwrap_err();
            assert!(matches!(said, RequestError::NotJson { .. }), "{text}");
            assert!(!said.to_string().contains("hunter2"));
        }
        assert_eq!(image(&vec![b' '; usize::try_from(LIMIT).unwrap() + 1]), Err(RequestError::Long));
    }
}
