//! A service or a standalone task of the cluster.

/// A service, or a task that belongs to no service. It runs, or may start at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The name for the log.
    pub name: String,
    /// The launch types that it may use; empty if ECS does not say.
    pub launch: Vec<LaunchType>,
    /// The expressions of its placement constraints of type `memberOf`.
    pub member_of: Vec<String>,
    /// The ARNs of its task definitions; there are two during a deployment.
    pub definitions: Vec<String>,
}

/// How a task is launched, as far as it matters to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchType {
    /// On EC2 instances of the cluster.
    Ec2,
    /// On hosts outside AWS (ECS Anywhere).
    External,
    /// On hosts that AWS manages (Fargate, Managed Instances), so never on this one.
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

    /// The launch type of a capacity provider: AWS's own two are Fargate, any other has instances.
    #[must_use]
    pub fn from_capacity_provider(name: &str) -> Self {
        if matches!(name, "FARGATE" | "FARGATE_SPOT") { Self::Managed } else { Self::Ec2 }
    }
}

/// A task definition that is registered in ECS.
#[derive(Clone, Debug)]
pub struct ClusterDefinition {
    /// The keys that decide about its pulls, as JSON.
    pub json: String,
    /// The expressions of its placement constraints of type `memberOf`.
    pub member_of: Vec<String>,
}
