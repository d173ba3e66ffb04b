//! The `X-Registry-Auth` header, read as the engine reads it.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

/// Go's `base64.URLEncoding`: padded, and not strict about the last bits.
const GO_URL_ENCODING: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The credentials of one pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryAuth {
    /// No header.
    Absent,
    /// A header that is not padded base64url of JSON. The engine says nothing and
    /// pulls anonymously.
    Ignored(String),
    Config(AuthConfig),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AuthConfig {
    pub username: String,
    pub password: String,
    pub auth: String,
    #[serde(rename = "serveraddress")]
    pub server_address: String,
    #[serde(rename = "identitytoken")]
    pub identity_token: String,
    #[serde(rename = "registrytoken")]
    pub registry_token: String,
}

impl RegistryAuth {
    pub fn of(header: Option<&str>) -> Self {
        match header {
            None | Some("") => Self::Absent,
            Some(text) => decoded(text).map_or_else(|| Self::Ignored(text.to_owned()), Self::Config),
        }
    }

    /// Whether these are the given user's name and password.
    pub fn is(&self, username: &str, password: &str) -> bool {
        let matches = |given: &AuthConfig| given.username == username && given.password == password;
        matches!(self, Self::Config(given) if matches(given))
    }

    /// Whether the engine sends anything to the registry: `{}` says nothing.
    pub fn is_anonymous(&self) -> bool {
        !matches!(self, Self::Config(given) if *given != AuthConfig::default())
    }
}

/// `null`, for a field or the whole, is what Go makes of it: the empty value.
fn decoded(text: &str) -> Option<AuthConfig> {
    let json = GO_URL_ENCODING.decode(text).ok()?;
    let mut value: serde_json::Value = serde_json::from_slice(&json).ok()?;
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    serde_json::from_value::<Option<AuthConfig>>(value).ok().map(Option::unwrap_or_default)
}
