//! Logins for programs that pull images themselves: Docker, a kubelet, clients of the agent.
//!
//! The result is a login, "not one of our registries", or a failure. A failure never becomes an
//! anonymous pull, not even for ECR Public: a program that is configured to ask taskpull for it
//! expects a token.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::credential::{Credential, CredentialProvider, Login, Provenance};
use crate::error::{Class, Explain, Failure, Link, Printable};
use crate::identity::AccountRoles;
use crate::plan::{PlannedPull, RegistryMap};
use crate::task::ImageReference;

/// Clients stop caching a token this long before it expires, because the pull that uses it takes time.
const EXPIRY_MARGIN: Duration = Duration::from_mins(15);

/// Provides logins to the credential protocols.
pub struct LoginProvider<C> {
    /// The registries that taskpull has logins for.
    pub registries: RegistryMap,
    /// The roles to assume for other accounts' secrets and tokens.
    pub accounts: AccountRoles,
    /// The provider of credentials, which pulls may share.
    pub credentials: Arc<C>,
    /// How long a client may cache a login from a secret.
    pub max_age: Duration,
}

/// A login, what it is valid for, and how long it may be cached.
#[derive(Clone, Debug)]
pub struct IssuedLogin {
    /// The login; never anonymous.
    pub login: Login,
    /// Whether it is valid for every image of the registry, or only for the requested one.
    pub covers_registry: bool,
    /// How long a client may cache it.
    pub cache_for: Duration,
    /// Where it came from; contains no secret.
    pub provenance: Provenance,
}

/// ECR Public issued no token. A pull continues anonymously then; a request for a login fails.
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
        Some("allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken for this identity, or pull from ECR Public without taskpull: its images are public".to_owned())
    }
}

impl<C: CredentialProvider> LoginProvider<C> {
    /// The login for an image; `None` if taskpull is not configured for the image's registry.
    ///
    /// # Errors
    /// A [`Failure`], if the registry is configured and its login cannot be provided.
    pub async fn login(&self, image: &ImageReference) -> Result<Option<IssuedLogin>, Arc<Failure>> {
        let Some(need) = self.registries.need(image, &self.accounts)? else { return Ok(None) };
        let pull = PlannedPull { image: image.clone(), need, platform: None, pull_through: None };
        let credential = self.credentials.credential(&pull).await?;
        if let Some(failure) = self.credentials.quarantine_reason(&pull, &credential) {
            return Err(failure);
        }
        let Validity { covers_registry, cache_for } =
            validity(&credential.provenance, self.max_age, SystemTime::now())?;
        let Credential { login, provenance, .. } = credential;
        Ok(Some(IssuedLogin { login, covers_registry, cache_for, provenance }))
    }

    /// The hosts of the configured registries as Docker spells them, each with its user name. ECR's is
    /// always the same; that of a secret is unknown until the secret is read, so it is empty.
    #[must_use]
    pub fn hosts(&self) -> Vec<(String, &'static str)> {
        let user = |is_ecr| if is_ecr { "AWS" } else { "" };
        let entries = self.registries.entries();
        entries.map(|entry| (entry.host().docker_key().to_owned(), user(entry.is_ecr()))).collect()
    }
}

/// What a login is valid for.
#[derive(Debug, PartialEq, Eq)]
struct Validity {
    covers_registry: bool,
    cache_for: Duration,
}

fn validity(provenance: &Provenance, max_age: Duration, now: SystemTime) -> Result<Validity, Failure> {
    let registry = |cache_for| Ok(Validity { covers_registry: true, cache_for });
    let image = |cache_for| Ok(Validity { covers_registry: false, cache_for });
    match provenance {
        Provenance::EcrPublic { no_token_reason: Some(reason), .. } => {
            Err(Failure::from(MissingTokenError(reason.clone())))
        }
        Provenance::Ecr { expires, .. } | Provenance::EcrPublic { expires, .. } => {
            let Some(end) = expires else { return registry(max_age) };
            let remaining = end.duration_since(now).unwrap_or_default();
            if remaining.is_zero() {
                // The token may be used once, as for a pull (D3).
                tracing::warn!("ECR token had expired on arrival; check the host's clock");
            }
            registry(remaining.saturating_sub(EXPIRY_MARGIN))
        }
        // A stale secret is used only because AWS is unavailable; clients must ask again.
        Provenance::Secret { stale: Some(_), .. } => image(Duration::ZERO),
        Provenance::Secret { .. } | Provenance::HostLogin(_) | Provenance::Anonymous => image(max_age),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use super::{Validity, validity};
    use crate::credential::Provenance;
    use crate::error::Printable;
    use crate::identity::Identity;

    const MAX_AGE: Duration = Duration::from_mins(5);

    fn seconds(provenance: &Provenance) -> Option<(bool, u64)> {
        let validity = validity(provenance, MAX_AGE, SystemTime::UNIX_EPOCH).ok();
        validity.map(|Validity { covers_registry, cache_for }| (covers_registry, cache_for.as_secs()))
    }

    #[test]
    fn token_covers_its_registry_until_shortly_before_it_expires() {
        let public = |minutes: Option<u64>, no_token_reason: Option<&str>| Provenance::EcrPublic {
            identity: Identity::Host,
            principal: None,
            expires: minutes.map(|minutes| SystemTime::UNIX_EPOCH + Duration::from_mins(minutes)),
            no_token_reason: no_token_reason.map(Printable::new),
            requests: Vec::new(),
        };
        for (minutes, seconds_left) in [(None, 300), (Some(720), 42_300), (Some(16), 60), (Some(15), 0), (Some(0), 0)] {
            assert_eq!(seconds(&public(minutes, None)), Some((true, seconds_left)), "{minutes:?}");
        }
        assert_eq!(seconds(&public(None, Some("denied"))), None);
    }

    #[test]
    fn secret_covers_one_image_and_a_stale_one_is_not_cached() {
        let secret = |stale| Provenance::Secret {
            names: Arc::default(),
            warnings: Vec::new(),
            identity: Identity::Host,
            principal: None,
            stale,
        };
        assert_eq!(seconds(&secret(None)), Some((false, 300)));
        assert_eq!(seconds(&secret(Some(MAX_AGE))), Some((false, 0)));
    }
}
