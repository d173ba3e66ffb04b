//! The `X-Registry-Auth` header, parsed as the engine parses it.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

/// Go's `base64.URLEncoding`: padded, and lenient about the last bits.
const GO_URL_ENCODING: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The credentials that accompany one pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryAuth {
    /// The request has no header.
    Absent,
    /// The header is not padded base64url of JSON. The engine reports nothing and pulls
    /// anonymously.
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
    pub fn parse(header: Option<&str>) -> Self {
        match header {
            None | Some("") => Self::Absent,
            Some(text) => decode(text).map_or_else(|| Self::Ignored(text.to_owned()), Self::Config),
        }
    }

    /// Whether the header contains this user name and password.
    pub fn has_login(&self, username: &str, password: &str) -> bool {
        let matches = |config: &AuthConfig| config.username == username && config.password == password;
        matches!(self, Self::Config(config) if matches(config))
    }

    /// Whether the engine sends no credentials to the registry; `{}` contains none.
    pub fn is_anonymous(&self) -> bool {
        !matches!(self, Self::Config(config) if *config != AuthConfig::default())
    }
}

/// Go decodes `null`, as a field or as the whole, to the empty value.
fn decode(text: &str) -> Option<AuthConfig> {
    let json = GO_URL_ENCODING.decode(text).ok()?;
    let mut value: serde_json::Value = serde_json::from_slice(&json).ok()?;
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    serde_json::from_value::<Option<AuthConfig>>(value).ok().map(Option::unwrap_or_default)
}
