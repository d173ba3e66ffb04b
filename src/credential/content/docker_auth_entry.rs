//! Parses one entry of Docker's `auths`: the same format in a secret, in a Docker config and in the
//! ECS agent's variable.
//!
//! No key is ignored: an unknown key could be the login, misspelt.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::content_fault::{ENTRY_KEYS, EntryFault};
use super::{json::JsonValue, json::expose, key_fault::KeyFault, key_name::KeyName};
use crate::credential::login::Login;
use crate::error::Warning;
use crate::secret::Secret;

/// Base64 with or without padding: both are in use.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The login in an entry; `None` if the entry is empty, as Docker leaves it when a credential store
/// has the login. As in Docker, an identity token takes precedence over a user name.
pub(crate) fn parse_auth_entry(value: &JsonValue, warnings: &mut Vec<Warning>) -> Result<Option<Login>, EntryFault> {
    let JsonValue::Object(entry) = value else { return Err(EntryFault::NotAnObject) };
    let is_unknown = |name: &str| !ENTRY_KEYS.iter().any(|key| name.eq_ignore_ascii_case(key));
    let unknown = || entry.entries().map(|(name, _)| name).filter(|name| is_unknown(name));
    if unknown().next().is_some() {
        return Err(EntryFault::UnknownKey(unknown().filter_map(|name| Some(KeyName::of(name)?.shown)).collect()));
    }
    let mut non_empty = |key| match entry.text(key, warnings) {
        Ok(text) => Ok(text.filter(|text| !text.is_empty()).cloned()),
        Err(KeyFault::Duplicate(key)) => Err(EntryFault::DuplicateKey(key)),
        Err(_) => Err(EntryFault::NotAString(key)),
    };
    let [auth, username, password, _, _, identity_token, registry_token] = ENTRY_KEYS.map(&mut non_empty);
    let (auth, username, password) = (auth?, username?, password?);
    if let Some(token) = identity_token? {
        return Ok(Some(Login::IdentityToken(token)));
    }
    if registry_token?.is_some() {
        return Err(EntryFault::RegistryToken);
    }
    let Some(auth) = auth else {
        return match (username, password) {
            (Some(username), Some(password)) => Ok(Some(Login::Password { username, password })),
            (None, None) => Ok(None),
            _ => Err(EntryFault::IncompleteLogin),
        };
    };
    let decoded = decode_auth(&auth)?;
    if differs(username.as_ref(), &decoded.username) || differs(password.as_ref(), &decoded.password) {
        return Err(EntryFault::ConflictingLogins);
    }
    Ok(Some(Login::Password { username: decoded.username, password: decoded.password }))
}

struct DecodedAuth {
    username: Secret,
    password: Secret,
}

/// Decodes `auth`. A user name contains no colon, but a password may.
fn decode_auth(auth: &Secret) -> Result<DecodedAuth, EntryFault> {
    let text = expose(auth).trim();
    // The estimate of the decoder is never too short, so the buffer does not grow.
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = BASE64.decode_slice(text, &mut bytes).map_err(|_| EntryFault::NotBase64)?;
    let plain = std::str::from_utf8(&bytes[..length]).map_err(|_| EntryFault::NotBase64)?;
    let (username, password) = plain.split_once(':').ok_or(EntryFault::NoColon)?;
    // Old clients padded the text with zeros.
    let password = password.trim_end_matches('\0');
    if username.is_empty() || password.is_empty() {
        return Err(EntryFault::IncompleteLogin);
    }
    Ok(DecodedAuth { username: Secret::new(username.to_owned()), password: Secret::new(password.to_owned()) })
}

/// Whether two logins are the same.
pub(crate) fn is_same_login(one: &Login, other: &Login) -> bool {
    match (one, other) {
        (Login::Password { username, password }, Login::Password { username: other_name, password: other }) => {
            expose(username) == expose(other_name) && expose(password) == expose(other)
        }
        (Login::IdentityToken(token), Login::IdentityToken(other)) => expose(token) == expose(other),
        (Login::Anonymous, Login::Anonymous) => true,
        _ => false,
    }
}

fn differs(value: Option<&Secret>, other: &Secret) -> bool {
    value.is_some_and(|value| expose(value) != expose(other))
}
