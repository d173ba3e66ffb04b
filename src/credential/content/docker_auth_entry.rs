//! One entry of Docker's `auths`: the same in a secret, in a Docker config and in the ECS
//! agent's variable.
//!
//! Nothing in an entry is passed over: a key that is not known could be the login, misspelt.
//! No fault repeats a value, nor a key that is not ours.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::json::{Node, ParseWarnings};
use super::{ContentFault, text_of};
use crate::credential::Login;
use crate::secret::Secret;

/// Base64 with or without its padding: both are in use.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What Docker writes, or has written, into an entry.
const KEYS: [&str; 7] = ["auth", "username", "password", "email", "serveraddress", "identitytoken", "registrytoken"];

/// Why an entry is no login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// A text, a number, …
    #[error("it is not an object")]
    NoObject,
    /// A key that Docker does not write.
    #[error("it has a key other than {}", KEYS.map(|key| format!("`{key}`")).join(", "))]
    Key,
    /// A key stands there twice, if need be in two spellings.
    #[error("`{0}` stands there twice")]
    Twice(&'static str),
    /// A key's value is a number, an object, …
    #[error("`{0}` is not a string")]
    NotAString(&'static str),
    /// `registrytoken`.
    #[error("it has a `registrytoken`, which is good for one request only")]
    RegistryToken,
    /// `auth` cannot be decoded.
    #[error("`auth` is not the base64 of a text")]
    NotBase64,
    /// `auth` decodes to something else.
    #[error("`auth` is not the base64 of `user:password`: it has no colon")]
    NoColon,
    /// A user name or a password, and not both.
    #[error("it has a user name without a password, or a password without a user name")]
    HalfALogin,
    /// `auth` says something else than `username` and `password`.
    #[error("`auth` and `username`/`password` are not the same login")]
    Contradiction,
}

/// The login in an entry; none where it is empty, as Docker leaves it when a credential store
/// has the login. Docker lets an identity token stand beside the user name it was given for,
/// and takes the token.
pub(crate) fn login_of(node: &Node, notes: &mut ParseWarnings) -> Result<Option<Login>, EntryFault> {
    let Node::Object(entry) = node else { return Err(EntryFault::NoObject) };
    if entry.entries().any(|(name, _)| !KEYS.iter().any(|key| name.eq_ignore_ascii_case(key))) {
        return Err(EntryFault::Key);
    }
    let mut given = |key| match entry.text(key, notes) {
        Ok(text) => Ok(text.filter(|text| !text.is_empty()).cloned()),
        Err(ContentFault::Twice(key)) => Err(EntryFault::Twice(key)),
        Err(_) => Err(EntryFault::NotAString(key)),
    };
    let [auth, username, password, _, _, token, request] = KEYS.map(&mut given);
    let (auth, username, password) = (auth?, username?, password?);
    if let Some(token) = token? {
        return Ok(Some(Login::IdentityToken(token)));
    }
    if request?.is_some() {
        return Err(EntryFault::RegistryToken);
    }
    let Some(auth) = auth else {
        return match (username, password) {
            (Some(username), Some(password)) => Ok(Some(Login::Password { username, password })),
            (None, None) => Ok(None),
            _ => Err(EntryFault::HalfALogin),
        };
    };
    let (named, secret) = decoded(&auth)?;
    if differs(username.as_ref(), &named) || differs(password.as_ref(), &secret) {
        return Err(EntryFault::Contradiction);
    }
    Ok(Some(Login::Password { username: named, password: secret }))
}

/// The user name and the password in an `auth`. A user name has no colon, a password may.
fn decoded(auth: &Secret) -> Result<(Secret, Secret), EntryFault> {
    let text = text_of(auth).trim();
    // The decoder's estimate is never short, so the buffer does not grow.
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = BASE64.decode_slice(text, &mut bytes).map_err(|_| EntryFault::NotBase64)?;
    let plain = std::str::from_utf8(&bytes[..length]).map_err(|_| EntryFault::NotBase64)?;
    let (username, password) = plain.split_once(':').ok_or(EntryFault::NoColon)?;
    // Old clients filled the text up with zeros.
    let password = password.trim_end_matches('\0');
    if username.is_empty() || password.is_empty() {
        return Err(EntryFault::HalfALogin);
    }
    Ok((Secret::new(username.to_owned()), Secret::new(password.to_owned())))
}

fn differs(given: Option<&Secret>, other: &Secret) -> bool {
    given.is_some_and(|given| text_of(given) != text_of(other))
}
