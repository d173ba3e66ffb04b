//! The upstream registries that a secret can be created for. The ids C2 and C5 are rows of the facts
//! about "Storing your upstream repository credentials in a Secrets Manager secret".

/// An upstream registry that requires a login (C2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// Docker Hub, whose host is `docker.io`.
    DockerHub,
    /// GitHub Container Registry, `ghcr.io`.
    Ghcr,
    /// Azure Container Registry, `NAME.azurecr.io`.
    Acr,
    /// GitLab Container Registry, `registry.gitlab.com`.
    Gitlab,
}

impl Upstream {
    /// Every upstream with its name on the command line.
    pub const ALL: [(&'static str, Self); 4] =
        [("docker-hub", Self::DockerHub), ("ghcr", Self::Ghcr), ("acr", Self::Acr), ("gitlab", Self::Gitlab)];

    /// Parses a name of [`Self::ALL`]; `None` for any other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, upstream)| upstream)
    }

    /// The registry's host, as a pull-through cache rule names it.
    #[must_use]
    pub fn registry(self) -> &'static str {
        match self {
            Self::DockerHub => "registry-1.docker.io",
            Self::Ghcr => "ghcr.io",
            Self::Acr => "NAME.azurecr.io",
            Self::Gitlab => "registry.gitlab.com",
        }
    }

    /// Which token to use, and where to get it (C5).
    ///
    /// The source document labels Azure's section with GitHub's name, and says there that
    /// `accessToken` is the user name; it is the token.
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

#[cfg(test)]
mod tests {
    use super::Upstream;

    #[test]
    fn every_upstream_is_parsed_by_its_name() {
        for (name, upstream) in Upstream::ALL {
            assert_eq!(Upstream::parse(name), Some(upstream));
        }
        assert_eq!(Upstream::parse("quay"), None);
    }
}
