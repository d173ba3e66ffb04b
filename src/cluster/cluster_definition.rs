//! A task definition that is registered in ECS.

/// A task definition that is registered in ECS.
#[derive(Clone, Debug)]
pub struct ClusterDefinition {
    /// The keys that decide about its pulls, as JSON.
    pub json: String,
    /// The expressions of its placement constraints of type `memberOf`.
    pub member_of: Vec<String>,
}
