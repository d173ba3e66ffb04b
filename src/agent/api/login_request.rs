//! The body of a request for a login, and the image that it means.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::task::{ImageReference, RegistryHost};

/// Longest registry or image, in bytes.
const MAX_LENGTH: usize = 4_096;

/// A registry or an image whose login is requested.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    example = serde_json::json!({ "registry": "registry.example:5000" }),
    example = serde_json::json!({ "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1" })
)]
pub(super) enum LoginRequest {
    /// Registry as `host` or `host:port`, as in the first part of an image reference.
    Registry(#[schemars(length(min = 1, max = MAX_LENGTH))] String),
    /// Image as `registry/name:tag` or `registry/name@digest`.
    Image(#[schemars(length(min = 1, max = MAX_LENGTH))] String),
}

/// What a [`LoginRequest`] asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LoginTarget {
    /// The requested image; for a registry, a placeholder image of it.
    pub image: ImageReference,
    /// The registry or the full image reference, for the audit log.
    pub name: String,
}

impl LoginRequest {
    /// Parses the registry or image; `None` if it is invalid or too long.
    pub(super) fn target(&self) -> Option<LoginTarget> {
        match self {
            Self::Registry(host) if host.len() <= MAX_LENGTH => {
                let image = RegistryHost::parse_address(host)?.0.example_image()?;
                let name = image.registry().to_owned();
                Some(LoginTarget { image, name })
            }
            Self::Image(reference) if reference.len() <= MAX_LENGTH => {
                let image = ImageReference::parse(reference).ok()?;
                let name = image.to_string();
                Some(LoginTarget { image, name })
            }
            Self::Registry(_) | Self::Image(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LoginRequest, LoginTarget, MAX_LENGTH};

    fn target(body: &[u8]) -> Option<(String, String)> {
        let LoginTarget { image, name } = serde_json::from_slice::<LoginRequest>(body).ok()?.target()?;
        Some((image.to_string(), name))
    }

    #[test]
    fn registry_aliases_and_short_image_names_are_normalized() {
        let placeholder = "reg.example:5000/any-namespace/any-image:latest";
        for body in [r#"{"registry": "reg.example:5000"}"#, r#"{"registry": "https://REG.example:5000/v2/"}"#] {
            let expected = Some((placeholder.to_owned(), "reg.example:5000".to_owned()));
            assert_eq!(target(body.as_bytes()), expected, "{body}");
        }
        let image = "docker.io/library/app:latest".to_owned();
        assert_eq!(target(br#"{"image": "app"}"#), Some((image.clone(), image)));
    }

    #[test]
    fn a_body_other_than_one_registry_or_image_is_refused() {
        let long = format!(r#"{{"registry": "{}.example"}}"#, "a".repeat(MAX_LENGTH));
        for body in [
            "",
            "{}",
            "[]",
            "null",
            "\"registry\"",
            r#"{"registry": null}"#,
            r#"{"registry": ""}"#,
            r#"{"image": 7}"#,
            r#"{"registry": "a.b", "image": "a.b/c"}"#,
            r#"{"registry": "a.b", "registry": "a.b"}"#,
            r#"{"registry": "registry"}"#,
            r#"{"registry": "me:it@a.b"}"#,
            r#"{"image": "UPPER"}"#,
            &long,
        ] {
            assert_eq!(target(body.as_bytes()), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_target_or_refused_without_a_panic(body in any::<Vec<u8>>()) {
            target(&body);
        }

        #[test]
        fn any_text_names_a_valid_image_or_is_refused(is_registry: bool, text in any::<String>()) {
            let request = if is_registry { LoginRequest::Registry(text) } else { LoginRequest::Image(text) };
            if let Some(LoginTarget { image, name }) = request.target() {
                prop_assert_eq!(crate::task::ImageReference::parse(&image.to_string()).ok(), Some(image.clone()));
                prop_assert!(image.to_string().starts_with(image.registry()));
                prop_assert!(name == image.registry() || name == image.to_string());
            }
        }
    }
}
