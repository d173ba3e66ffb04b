//! The two uses of a registry secret, which exclude each other (C14).

/// The prefix that ECR requires of the name of a pull-through cache's secret (C8).
pub(crate) const PULL_THROUGH_PREFIX: &str = "ecr-pullthroughcache/";

/// The purpose of a secret. As the services define them, one secret cannot serve both (C14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretUse {
    /// The credential of a pull-through cache rule of ECR.
    PullThrough,
    /// `repositoryCredentials` of a container that pulls from the upstream registry itself.
    Direct,
}

impl SecretUse {
    /// The key of the token in the secret's JSON; the other key is `username` (A8, C4).
    #[must_use]
    pub fn token_key(self) -> &'static str {
        match self {
            Self::PullThrough => "accessToken",
            Self::Direct => "password",
        }
    }

    /// The value of `--for` on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PullThrough => "pull-through",
            Self::Direct => "direct",
        }
    }

    /// The other use.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::PullThrough => Self::Direct,
            Self::Direct => Self::PullThrough,
        }
    }

    /// Says why a secret for this use cannot be used for the other one (C14).
    #[must_use]
    pub fn exclusion(self) -> &'static str {
        match self {
            Self::PullThrough => {
                "cannot be used in `repositoryCredentials`: ECS reads `password`, and the secret has `accessToken`; create a second secret with --for direct"
            }
            Self::Direct => {
                "cannot be used by a pull-through cache rule: ECR reads `accessToken`, the secret has `password`, and ECR accepts no customer key; create a second secret with --for pull-through"
            }
        }
    }
}
