//! The login for one registry, for a program that pulls by itself.
//!
//! A front door is told a login, that the registry is not ours, or a failure: nothing here
//! turns a failure into an anonymous pull, for ECR Public neither. Who names us for it wants
//! the token, and its absence is theirs to mend.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::credential::{Credential, CredentialProvider, Login, Provenance};
use crate::error::{Class, Explain, Failure, Link, Printable};
use crate::identity::AccountRoles;
use crate::plan::{PlannedPull, RegistryMap};
use crate::task::ImageReference;

/// A token that is to end so soon is not kept by others: the pull that shows it takes time.
const LAST_USE: Duration = Duration::from_mins(15);

/// Where front doors get their logins.
pub struct LoginProvider<C> {
    /// Which hosts are ours.
    pub registries: RegistryMap,
    /// Which accounts' secrets and tokens are had as another role.
    pub accounts: AccountRoles,
    /// Where credentials come from; pulls may get theirs there too.
    pub credentials: Arc<C>,
    /// For how long a secret serves without being asked for again.
    pub max_age: Duration,
}

/// A login, and how far it goes.
#[derive(Clone, Debug)]
pub struct IssuedLogin {
    /// What is shown to the registry; never nothing.
    pub login: Login,
    /// Whether it is every image's of that registry; else it was found for this one.
    pub is_of_registry: bool,
    /// For how long it may be kept.
    pub serves: Duration,
    /// Where it came from; names only.
    pub origin: Provenance,
}

/// A pull from ECR Public goes on without a token; whoever asks for one is told that there is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct MissingTokenError(Printable);

impl Explain for MissingTokenError {
    fn link(&self) -> Link {
        Link::RegistryToken
    }

    fn class(&self) -> Class {
        Class::Absent
    }

    fn resource(&self) -> String {
        "ECR Public".to_owned()
    }

    fn hint(&self) -> Option<String> {
        Some("allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken to whoever asks, or pull from ECR Public without taskpull: what is there is for everybody".to_owned())
    }
}

impl<C: CredentialProvider> LoginProvider<C> {
    /// The login for an image's registry; `None` where that is not ours.
    ///
    /// # Errors
    /// A [`Failure`], for whatever keeps a registry that is ours from its login.
    pub async fn of(&self, image: &ImageReference) -> Result<Option<IssuedLogin>, Arc<Failure>> {
        let Some(need) = self.registries.need(image, &self.accounts)? else { return Ok(None) };
        let pull = PlannedPull { image: image.clone(), need, platform: None, pull_through: None };
        let credential = self.credentials.credential(&pull).await?;
        if let Some(failure) = self.credentials.quarantine_reason(&pull, &credential) {
            return Err(failure);
        }
        let Credential { login, origin, .. } = credential;
        let (is_of_registry, serves) = reach(&origin, self.max_age, SystemTime::now())?;
        Ok(Some(IssuedLogin { login, is_of_registry, serves, origin }))
    }

    /// Every host of the map as Docker calls it, with the user name where that is known without
    /// asking anybody: ECR's is always the same, a secret's is in the secret.
    #[must_use]
    pub fn known(&self) -> Vec<(String, &'static str)> {
        let user = |is_ecr| if is_ecr { "AWS" } else { "" };
        let entries = self.registries.entries();
        entries.map(|entry| (entry.host().docker_key().to_owned(), user(entry.is_ecr()))).collect()
    }
}

/// Whether it is the whole registry's, and for how long.
fn reach(origin: &Provenance, max_age: Duration, now: SystemTime) -> Result<(bool, Duration), Failure> {
    match origin {
        Provenance::EcrPublic { without: Some(why), .. } => Err(Failure::from(MissingTokenError(why.clone()))),
        Provenance::Ecr { expires, .. } | Provenance::EcrPublic { expires, .. } => {
            let Some(end) = expires else { return Ok((true, max_age)) };
            let left = end.duration_since(now).unwrap_or_default();
            if left.is_zero() {
                // It serves once, as for a pull (D3).
                tracing::warn!("the token was over when it came: is this host's clock right?");
            }
            Ok((true, left.saturating_sub(LAST_USE)))
        }
        // One that serves only because AWS does not answer is to be asked for again.
        Provenance::Secret { stale: Some(_), .. } => Ok((false, Duration::ZERO)),
        Provenance::Secret { .. } | Provenance::Instance(_) | Provenance::Anonymous => Ok((false, max_age)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use super::reach;
    use crate::credential::Provenance;
    use crate::error::Printable;
    use crate::identity::Identity;

    const MAX_AGE: Duration = Duration::from_mins(5);

    fn told(origin: &Provenance) -> Option<(bool, u64)> {
        let told = reach(origin, MAX_AGE, SystemTime::UNIX_EPOCH).ok();
        told.map(|(is_of_registry, serves)| (is_of_registry, serves.as_secs()))
    }

    #[test]
    fn a_token_is_the_registrys_until_shortly_before_its_end() {
        let public = |minutes: Option<u64>, without: Option<&str>| Provenance::EcrPublic {
            identity: Identity::Host,
            expires: minutes.map(|minutes| SystemTime::UNIX_EPOCH + Duration::from_mins(minutes)),
            without: without.map(Printable::new),
            requests: Vec::new(),
        };
        for (minutes, serves) in [(None, 300), (Some(720), 42_300), (Some(16), 60), (Some(15), 0), (Some(0), 0)] {
            assert_eq!(told(&public(minutes, None)), Some((true, serves)), "{minutes:?}");
        }
        assert_eq!(told(&public(None, Some("denied"))), None);
    }

    #[test]
    fn a_secret_is_the_images_and_a_stale_one_is_not_kept() {
        let secret =
            |stale| Provenance::Secret { names: Arc::default(), notes: Vec::new(), identity: Identity::Host, stale };
        assert_eq!(told(&secret(None)), Some((false, 300)));
        assert_eq!(told(&secret(Some(MAX_AGE))), Some((false, 0)));
    }
}
