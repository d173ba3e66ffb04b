//! One entry as Docker writes it: a login under a registry's key.
//!
//! An entry is told by its number and never by its key or its text: what stands in the wrong
//! place can be a password.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use zeroize::Zeroizing;

use super::fault::Fault;
use super::matching::Scope;
use crate::credential::Login;
use crate::secret::Secret;

/// Base64 with or without its padding: both are in use.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An object's keys and values in order, also those that stand there twice.
#[derive(Debug)]
pub(super) struct Pairs<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// What Docker keeps for a registry. A value goes from the parser into its wrapping.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Entry {
    auth: Option<Secret>,
    username: Option<Secret>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
    registrytoken: Option<Secret>,
}

/// The entries that hold a login, each with what it covers; those that hold none are left
/// out if the format has a use for them.
pub(super) fn logins(entries: Pairs<Entry>, may_be_empty: bool) -> Result<Vec<(Scope, Login)>, Fault> {
    let mut logins: Vec<(Scope, Login)> = Vec::new();
    for (at, (key, entry)) in entries.0.into_iter().enumerate() {
        let number = at + 1;
        let login = match entry.login(number)? {
            Some(login) => login,
            None if may_be_empty => continue,
            None => return Err(Fault::NoLogin(number)),
        };
        let scope = Scope::parse(&key).ok_or(Fault::NoRegistry(number))?;
        if logins.iter().any(|(known, _)| *known == scope) {
            return Err(Fault::Twice(number));
        }
        logins.push((scope, login));
    }
    Ok(logins)
}

impl Entry {
    fn login(self, number: usize) -> Result<Option<Login>, Fault> {
        let given = |text: Option<Secret>| text.filter(|text| !text.is_empty());
        let Self { auth, username, password, identitytoken, registrytoken } = self;
        if let Some(token) = given(identitytoken) {
            return Ok(Some(Login::IdentityToken(token)));
        }
        if given(registrytoken).is_some() {
            return Err(Fault::RegistryToken(number));
        }
        if let Some(auth) = given(auth) {
            return decoded(&auth, number).map(Some);
        }
        match (given(username), given(password)) {
            (Some(username), Some(password)) => Ok(Some(Login::Password { username, password })),
            (None, None) => Ok(None),
            _ => Err(Fault::HalfALogin(number)),
        }
    }
}

/// `auth`: base64 of `user:password`. A user name has no colon, a password may.
fn decoded(auth: &Secret, number: usize) -> Result<Login, Fault> {
    #[expect(clippy::disallowed_methods, reason = "the one reader of an entry's `auth`")]
    let text = auth.expose().trim();
    // The decoder's estimate is never short, so the buffer does not grow.
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = BASE64.decode_slice(text, &mut bytes).map_err(|_| Fault::NotBase64(number))?;
    let plain = std::str::from_utf8(&bytes[..length]).map_err(|_| Fault::NotBase64(number))?;
    let (username, password) = plain.split_once(':').ok_or(Fault::NoColon(number))?;
    // Old clients filled the text up with zeros.
    let password = password.trim_end_matches('\0');
    if username.is_empty() || password.is_empty() {
        return Err(Fault::HalfALogin(number));
    }
    Ok(Login::Password { username: Secret::new(username.to_owned()), password: Secret::new(password.to_owned()) })
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfPairs<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfPairs<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(OfPairs(std::marker::PhantomData))
    }
}
