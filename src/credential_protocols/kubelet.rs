//! The kubelet's credential provider protocol, `credentialprovider.kubelet.k8s.io/v1`.
//!
//! The request on stdin names an image. The response contains logins by pattern, and how long the
//! kubelet may cache them. A response without logins means that taskpull is not configured for the
//! registry. A failure has no response: it is reported by exit code and stderr.

use serde::Deserialize;

use crate::credential_protocols::secret_response::{self, KUBELET_API_VERSION as API_VERSION, SecretResponse};
use crate::error::{Class, Explain, Link};
use crate::pipeline::IssuedLogin;
use crate::task::ImageReference;

/// Maximum number of bytes of a request. It may contain a service account's annotations, which have at most
/// 256 KiB.
pub const LIMIT: u64 = 512 * 1_024;

const KIND: &str = "CredentialProviderRequest";

/// The fields of a request that matter here; a service account's token is ignored.
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

/// An invalid request. It repeats nothing of the request, which may contain a token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The request is longer than [`LIMIT`].
    #[error("the request on stdin is longer than {LIMIT} bytes")]
    TooLong,
    /// The request is not a JSON object, or a field has the wrong type.
    #[error("the request on stdin is not JSON of {KIND}, line {line}, column {column}")]
    NotJson {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// The request is of another protocol or version.
    #[error("the request on stdin is not a {KIND} of {API_VERSION}")]
    UnsupportedVersion,
    /// The image is not an image reference.
    #[error("the image in the request is not an image reference")]
    InvalidImage,
}

impl Explain for RequestError {
    fn link(&self) -> Link {
        // The program that sends another request is configured to call taskpull.
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
            "set `apiVersion: {API_VERSION}` for taskpull in the kubelet's CredentialProviderConfig; docs/credential-helper.md has an example"
        ))
    }
}

/// Parses a request, and returns its image.
///
/// # Errors
/// [`RequestError`], if the request is malformed or of another version.
pub fn parse_request(stdin: &[u8]) -> Result<ImageReference, RequestError> {
    if stdin.len() as u64 > LIMIT {
        return Err(RequestError::TooLong);
    }
    let request: Request = serde_json::from_slice(stdin)
        .map_err(|error| RequestError::NotJson { line: error.line(), column: error.column() })?;
    if request.api_version != API_VERSION || request.kind != KIND {
        return Err(RequestError::UnsupportedVersion);
    }
    ImageReference::parse(&request.image).map_err(|_| RequestError::InvalidImage)
}

/// The response with a login, or without one if taskpull is not configured for the registry.
///
/// Returns `None` for an identity token, which this protocol cannot express.
#[must_use]
pub fn response(image: &ImageReference, issued: Option<&IssuedLogin>) -> Option<SecretResponse> {
    let Some(IssuedLogin { login, covers_registry, cache_for, .. }) = issued else {
        return Some(secret_response::empty_for_kubelet());
    };
    // The pattern says which images the login is used for, and the key type how widely the response
    // is cached, so they must agree.
    let (key_type, pattern) = match covers_registry {
        true => ("Registry", image.registry().to_owned()),
        false => ("Image", image.name()),
    };
    secret_response::for_kubelet(key_type, cache_for.as_secs(), &pattern, login)
}

#[cfg(test)]
mod tests {
    use super::{API_VERSION, KIND, LIMIT, RequestError, parse_request};

    fn request(version: &str, kind: &str, image: &str) -> String {
        serde_json::json!({ "apiVersion": version, "kind": kind, "image": image, "serviceAccountToken": "t" })
            .to_string()
    }

    #[test]
    fn image_of_the_request_is_parsed() {
        let image = parse_request(request(API_VERSION, KIND, "reg.example/app@sha256").as_bytes());
        assert_eq!(image, Err(RequestError::InvalidImage));
        let image = parse_request(request(API_VERSION, KIND, "nginx").as_bytes()).unwrap();
        assert_eq!(image.to_string(), "docker.io/library/nginx:latest");
    }

    #[test]
    fn other_versions_are_rejected_without_repeating_the_request() {
        let old = API_VERSION.replace("v1", "v1beta1");
        assert_eq!(parse_request(request(&old, KIND, "nginx").as_bytes()), Err(RequestError::UnsupportedVersion));
        assert_eq!(
            parse_request(request(API_VERSION, "Pod", "nginx").as_bytes()),
            Err(RequestError::UnsupportedVersion)
        );
        for text in ["", "{\"image\": 7}", "\"hunter2\"", "{} hunter2"] {
            let error = parse_request(text.as_bytes()).unwrap_err();
            assert!(matches!(error, RequestError::NotJson { .. }), "{text}");
            assert!(!error.to_string().contains("hunter2"));
        }
        assert_eq!(parse_request(&vec![b' '; usize::try_from(LIMIT).unwrap() + 1]), Err(RequestError::TooLong));
    }
}
