//! How a task is launched.

/// How a task is launched, as far as it matters to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchType {
    /// On EC2 instances of the cluster.
    Ec2,
    /// On hosts outside AWS (ECS Anywhere).
    External,
    /// On hosts that AWS manages (Fargate, Managed Instances), so never on this host.
    Managed,
}

impl LaunchType {
    /// Parses the launch type of the ECS API.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "EC2" => Self::Ec2,
            "EXTERNAL" => Self::External,
            "FARGATE" | "MANAGED_INSTANCES" => Self::Managed,
            _ => return None,
        })
    }

    /// The launch type of a capacity provider: AWS's two predefined providers are Fargate; any
    /// other provider has instances.
    #[must_use]
    pub fn from_capacity_provider(name: &str) -> Self {
        if matches!(name, "FARGATE" | "FARGATE_SPOT") { Self::Managed } else { Self::Ec2 }
    }
}
