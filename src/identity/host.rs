//! What kind of host this is, which decides where its identity may be looked for.

/// The kinds of host that ECS knows (A11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostKind {
    /// Not said: every place is tried.
    #[default]
    Auto,
    /// An EC2 instance: its own role comes from the metadata service.
    Ec2,
    /// A Fargate task: its role comes from the container's credentials endpoint.
    Fargate,
    /// A host outside AWS (ECS Anywhere): it has no metadata service, and whatever answers
    /// at that address is not to be asked.
    External,
}

impl HostKind {
    /// Reads `host.kind`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "auto" => Self::Auto,
            "ec2" => Self::Ec2,
            "fargate" => Self::Fargate,
            "external" => Self::External,
            _ => return None,
        })
    }

    /// Whether the instance's metadata service may be asked, for anything at all.
    #[must_use]
    pub fn has_metadata_service(self) -> bool {
        matches!(self, Self::Auto | Self::Ec2)
    }

    /// Whether the container's credentials endpoint is one of its places. On an EC2 host it
    /// would be the role of the task that taskpull runs in, not the instance's.
    #[must_use]
    pub fn has_container_credentials(self) -> bool {
        !matches!(self, Self::Ec2)
    }
}
