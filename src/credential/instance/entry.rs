//! One entry as Docker writes it: a login under a registry's key.
//!
//! An entry is told by its number and never by its key or its text: what stands in the wrong
//! place can be a password.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::fault::Fault;
use crate::credential::Login;
use crate::credential::basic_auth::{NoBasicAuth, decoded};
use crate::credential::scope::Scope;
use crate::secret::Secret;

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
            let login = decoded(&auth).map_err(|fault| match fault {
                NoBasicAuth::NotBase64 => Fault::NotBase64(number),
                NoBasicAuth::NoColon => Fault::NoColon(number),
                NoBasicAuth::HalfALogin => Fault::HalfALogin(number),
            });
            return login.map(Some);
        }
        match (given(username), given(password)) {
            (Some(username), Some(password)) => Ok(Some(Login::Password { username, password })),
            (None, None) => Ok(None),
            _ => Err(Fault::HalfALogin(number)),
        }
    }
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
