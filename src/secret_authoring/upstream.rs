//! Upstream registries that want a login, and what a secret with one is for.
//!
//! The document is "Storing upstream repository credentials in a Secrets Manager secret":
//! rows C2 to C14 of its facts are cited.

/// What ECR wants before the name of a pull-through cache's secret (C8).
pub(crate) const PREFIX: &str = "ecr-pullthroughcache/";

/// An upstream registry that wants a login (C2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// Docker Hub.
    DockerHub,
    /// GitHub Container Registry.
    Ghcr,
    /// Azure Container Registry.
    Acr,
    /// GitLab Container Registry.
    Gitlab,
}

impl Upstream {
    /// Each with the name that the command line has for it.
    pub const ALL: [(&'static str, Self); 4] =
        [("docker-hub", Self::DockerHub), ("ghcr", Self::Ghcr), ("acr", Self::Acr), ("gitlab", Self::Gitlab)];

    /// Reads a name of [`Self::ALL`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, upstream)| upstream)
    }

    /// The registry as a pull-through cache rule names it.
    #[must_use]
    pub fn registry(self) -> &'static str {
        match self {
            Self::DockerHub => "registry-1.docker.io",
            Self::Ghcr => "ghcr.io",
            Self::Acr => "NAME.azurecr.io",
            Self::Gitlab => "registry.gitlab.com",
        }
    }

    /// Where the token comes from (C5). The document labels Azure's section with GitHub's
    /// name and says that its `accessToken` is the user name: it is the token.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::DockerHub => "a Docker Hub access token (Account settings, Personal access tokens)",
            Self::Ghcr => "a GitHub personal access token (classic) with read:packages",
            Self::Acr => "the password of a token of the registry (Azure portal, Repository permissions, Tokens)",
            Self::Gitlab => "a GitLab personal, group or project access token with read_registry",
        }
    }
}

/// What a secret is for. As the services define them, one cannot serve both uses (C14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretUse {
    /// The credential of a rule of ECR's pull-through cache.
    PullThrough,
    /// `repositoryCredentials` of a container, which pulls from the upstream itself.
    Direct,
}

impl SecretUse {
    /// The key under which the token stands, beside `username` (A8, C4).
    #[must_use]
    pub fn token_key(self) -> &'static str {
        match self {
            Self::PullThrough => "accessToken",
            Self::Direct => "password",
        }
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PullThrough => "pull-through",
            Self::Direct => "direct",
        }
    }

    /// Why a secret of this use does not serve the other one (C14).
    #[must_use]
    pub fn not_the_other(self) -> &'static str {
        match self {
            Self::PullThrough => {
                "it serves no `repositoryCredentials`: ECS reads `password` and finds `accessToken`; make a second secret with --for direct"
            }
            Self::Direct => {
                "it serves no pull-through cache rule: ECR reads `accessToken` and finds `password`, and takes no customer key; make a second secret with --for pull-through"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Upstream;

    #[test]
    fn every_upstream_has_its_name() {
        for (name, upstream) in Upstream::ALL {
            assert_eq!(Upstream::parse(name), Some(upstream));
        }
        assert_eq!(Upstream::parse("quay"), None);
    }
}
