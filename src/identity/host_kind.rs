//! The kind of the host, which decides where its identity is looked for.

/// The kinds of host that ECS distinguishes (A11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostKind {
    /// The kind is not configured: every source of credentials is tried.
    #[default]
    Auto,
    /// An EC2 instance, whose role comes from the metadata service.
    Ec2,
    /// A Fargate task, whose role comes from the container's credentials endpoint.
    Fargate,
    /// A host outside AWS (ECS Anywhere). It has no metadata service, so a server that answers at
    /// that address is not trusted.
    External,
}

impl HostKind {
    /// Parses the value of `host.kind`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "auto" => Self::Auto,
            "ec2" => Self::Ec2,
            "fargate" => Self::Fargate,
            "external" => Self::External,
            _ => return None,
        })
    }

    /// Whether taskpull may send requests to the instance's metadata service at all.
    #[must_use]
    pub fn has_metadata_service(self) -> bool {
        matches!(self, Self::Auto | Self::Ec2)
    }

    /// Whether the container's credentials endpoint is a source of the host's identity. On an EC2
    /// host it has the role of the task in which taskpull runs, not the instance's role.
    #[must_use]
    pub fn has_container_credentials(self) -> bool {
        !matches!(self, Self::Ec2)
    }
}
