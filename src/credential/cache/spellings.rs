//! The names under which one secret is used: full ARN, partial ARN, and name. A secret that was read
//! under one of them need not be read under another.
//!
//! Whether two of them name one secret is certain only after a read, which returns the full ARN. Until
//! then, equal stems make it possible. Must not: decide anything for another identity, because an
//! identity may be allowed to read what another one may not.

use std::collections::HashMap;

use super::cached_secret::SecretCacheKey;
use crate::identity::Identity;
use crate::task::{CredentialsParameter, SecretArn};

/// The number of stems above which all are forgotten; each is found again at its next use.
const LIMIT: usize = 20_000;

/// Where an identity finds a secret that is named without an ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHome {
    /// The account of the identity, 12 digits.
    pub account: String,
    /// The Region of the host, such as `eu-west-1`.
    pub region: String,
}

/// The names in use, by identity and stem.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    by_stem: HashMap<(Identity, String), Vec<CredentialsParameter>>,
    /// Learned from secrets that were read by name.
    homes: HashMap<Identity, SecretHome>,
}

impl Spellings {
    /// Adds a name, and returns the other names that may be of the same secret.
    pub(super) fn add(&mut self, SecretCacheKey { identity, parameter }: &SecretCacheKey) -> Vec<SecretCacheKey> {
        if self.by_stem.len() >= LIMIT {
            self.by_stem.clear();
        }
        let known = self.by_stem.entry((identity.clone(), stem(parameter).to_owned())).or_default();
        let key =
            |other: &CredentialsParameter| SecretCacheKey { identity: identity.clone(), parameter: other.clone() };
        let others = known.iter().filter(|other| *other != parameter && may_be_equal(other, parameter));
        let others = others.map(key).collect();
        if !known.contains(parameter) {
            known.push(parameter.clone());
        }
        others
    }

    /// Where the identity finds secrets by name, if a read has shown it.
    pub(super) fn home(&self, identity: &Identity) -> Option<&SecretHome> {
        self.homes.get(identity)
    }

    /// Adds where the identity finds secrets by name.
    pub(super) fn set_home(&mut self, identity: &Identity, home: SecretHome) {
        self.homes.insert(identity.clone(), home);
    }

    /// Learns from a read under this name, which returned this ARN.
    pub(super) fn learn(&mut self, SecretCacheKey { identity, parameter }: &SecretCacheKey, arn: &str) {
        if let (CredentialsParameter::Name(_), Ok(arn)) = (parameter, SecretArn::parse(arn)) {
            let (account, region) = (arn.account().to_owned(), arn.region().to_string());
            self.set_home(identity, SecretHome { account, region });
        }
    }

    /// Whether this name is one of the secret with this full ARN.
    pub(super) fn is_name_of(&self, SecretCacheKey { identity, parameter }: &SecretCacheKey, full_arn: &str) -> bool {
        let Ok(full) = SecretArn::parse(full_arn) else { return false };
        match parameter {
            CredentialsParameter::Arn(arn) if arn.ends_like_a_full_arn() => *arn == full,
            CredentialsParameter::Arn(arn) => {
                (arn.region(), arn.account(), arn.name()) == (full.region(), full.account(), stem_of_arn(&full))
            }
            CredentialsParameter::Name(name) => self.home(identity).is_some_and(|home| {
                (&*home.region, &*home.account, &**name) == (full.region().as_str(), full.account(), stem_of_arn(&full))
            }),
        }
    }
}

/// The name without what may be the random suffix of an ARN.
fn stem(parameter: &CredentialsParameter) -> &str {
    match parameter {
        CredentialsParameter::Arn(arn) => stem_of_arn(arn),
        CredentialsParameter::Name(name) => name,
    }
}

fn stem_of_arn(arn: &SecretArn) -> &str {
    let name = arn.name();
    if arn.ends_like_a_full_arn() { name.rsplit_once('-').map_or(name, |(stem, _)| stem) } else { name }
}

/// Whether two names with one stem may be of one secret.
fn may_be_equal(one: &CredentialsParameter, other: &CredentialsParameter) -> bool {
    match (one, other) {
        (CredentialsParameter::Arn(one), CredentialsParameter::Arn(other)) => {
            (one.region(), one.account()) == (other.region(), other.account())
                && !(one.ends_like_a_full_arn() && other.ends_like_a_full_arn())
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{SecretCacheKey, SecretHome, Spellings};
    use crate::identity::Identity;
    use crate::task::CredentialsParameter;

    const FULL: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:team/registry-AbCdEf";

    fn key(name: &str) -> SecretCacheKey {
        SecretCacheKey { identity: Identity::Host, parameter: CredentialsParameter::parse(name).unwrap() }
    }

    #[test]
    fn only_the_names_of_a_secret_are_its_names() {
        let mut spellings = Spellings::default();
        let partial = FULL.trim_end_matches("-AbCdEf");
        assert!(!spellings.is_name_of(&key("team/registry"), FULL), "the Region of the host is not known");
        let home = SecretHome { account: "111122223333".to_owned(), region: "eu-west-1".to_owned() };
        spellings.set_home(&Identity::Host, home);
        for name in [FULL, partial, "team/registry"] {
            assert!(spellings.is_name_of(&key(name), FULL), "{name}");
        }
        let other_suffix = FULL.replace("AbCdEf", "GhIjKl");
        let (region, account) = (partial.replace("eu-west-1", "us-east-1"), partial.replace("1111", "4444"));
        for name in [&*other_suffix, &region, &account, "registry", "team/registry-AbCdEf", "team"] {
            assert!(!spellings.is_name_of(&key(name), FULL), "{name}");
        }
        spellings.learn(&key("x"), "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf");
        assert!(!spellings.is_name_of(&key("team/registry"), FULL), "names are in another Region");
    }

    #[test]
    fn names_with_one_stem_are_found() {
        let mut spellings = Spellings::default();
        assert_eq!(spellings.add(&key(FULL)), []);
        assert_eq!(spellings.add(&key("team/registry")), [key(FULL)]);
        assert_eq!(spellings.add(&key(FULL)), [key("team/registry")]);
        assert_eq!(spellings.add(&key(&FULL.replace("eu-west-1", "us-east-1"))), [key("team/registry")]);
        assert_eq!(spellings.add(&key("team/other")), []);
    }
}
