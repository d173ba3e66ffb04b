//! The login for one registry, for a program that pulls by itself.
//!
//! A front door is told a login, that the registry is not ours, or a failure: nothing here
//! turns a failure into an anonymous pull, for ECR Public neither. Who names us for it wants
//! the token, and its absence is theirs to mend.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::credential::{Credential, Credentials, Login, Origin};
use crate::error::{Class, Explain, Failure, Link, Printable};
use crate::identity::AccountRoles;
use crate::plan::{PlannedPull, Registries};
use crate::task::{ImageReference, RegistryHost};

/// A token that is to end so soon is not kept by others: the pull that shows it takes time.
const LAST_USE: Duration = Duration::from_mins(15);

/// Where front doors get their logins.
pub struct Logins<C> {
    /// Which hosts are ours.
    pub registries: Registries,
    /// Which accounts' secrets and tokens are had as another role.
    pub accounts: AccountRoles,
    /// Where credentials come from.
    pub credentials: C,
    /// For how long a secret serves without being asked for again.
    pub max_age: Duration,
}

/// A login, and how far it goes.
#[derive(Clone, Debug)]
pub struct Given {
    /// What is shown to the registry; never nothing.
    pub login: Login,
    /// Whether it is every image's of that registry; else it was found for this one.
    pub is_of_registry: bool,
    /// For how long it may be kept.
    pub serves: Duration,
}

/// A login that is not given although something came.
#[derive(Debug, thiserror::Error)]
enum NotGiven {
    #[error("the token that came for {0} was over when it came")]
    Over(String),
    #[error("{0}")]
    NoToken(Printable),
}

impl Explain for NotGiven {
    fn link(&self) -> Link {
        Link::RegistryToken
    }

    fn class(&self) -> Class {
        match self {
            Self::Over(_) => Class::Unavailable,
            Self::NoToken(_) => Class::Absent,
        }
    }

    fn thing(&self) -> String {
        match self {
            Self::Over(host) => host.clone(),
            Self::NoToken(_) => "ECR Public".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Over(_) => "is this host's clock right? else ask again",
            Self::NoToken(_) => {
                "allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken to whoever asks, or pull from ECR Public without taskpull: what is there is for everybody"
            }
        }.to_owned())
    }
}

impl<C: Credentials> Logins<C> {
    /// The login for an image's registry; `None` where that is not ours.
    ///
    /// # Errors
    /// A [`Failure`], for whatever keeps a registry that is ours from its login.
    pub async fn of(&self, image: &ImageReference) -> Result<Option<Given>, Arc<Failure>> {
        let Some(need) = self.registries.need(image, &self.accounts)? else { return Ok(None) };
        let pull = PlannedPull { image: image.clone(), need, platform: None };
        let Credential { login, origin, .. } = self.credentials.credential(&pull).await?;
        let (is_of_registry, serves) = self.reach(image, &origin, SystemTime::now())?;
        Ok(Some(Given { login, is_of_registry, serves }))
    }

    /// Whether it is the whole registry's, and for how long.
    fn reach(&self, image: &ImageReference, origin: &Origin, now: SystemTime) -> Result<(bool, Duration), Failure> {
        match origin {
            Origin::EcrPublic { without: Some(why), .. } => Err(Failure::from(&NotGiven::NoToken(why.clone()))),
            Origin::Ecr { expires, .. } | Origin::EcrPublic { expires, .. } => {
                let Some(end) = expires else { return Ok((true, self.max_age)) };
                let left = end.duration_since(now).unwrap_or_default();
                if left.is_zero() {
                    let host = RegistryHost::of_image(image).as_str().to_owned();
                    return Err(Failure::from(&NotGiven::Over(host)));
                }
                Ok((true, left.saturating_sub(LAST_USE)))
            }
            // One that serves only because AWS does not answer is to be asked for again.
            Origin::Secret { stale: Some(_), .. } => Ok((false, Duration::ZERO)),
            Origin::Secret { .. } | Origin::Instance(_) | Origin::Anonymous => Ok((false, self.max_age)),
        }
    }

    /// Every host of the map as Docker calls it, with the user name where that is known without
    /// asking anybody: ECR's is always the same, a secret's is in the secret.
    #[must_use]
    pub fn known(&self) -> Vec<(String, &'static str)> {
        let user = |is_ecr| if is_ecr { "AWS" } else { "" };
        self.registries.hosts().map(|(host, is_ecr)| (host.server().to_owned(), user(is_ecr))).collect()
    }
}
