//! A service or a standalone task of the cluster.

use super::launch_type::LaunchType;

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
