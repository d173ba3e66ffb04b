//! An ECS cluster, seen by one of its instances: which task definitions may be placed here.
//!
//! Pure: what ECS said in, the ARNs of definitions out. Who asks ECS is another room.

mod expression;
mod words;

use std::collections::BTreeSet;

pub use expression::{Attributes, Expression};

/// How a task is launched, as far as its instance is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchType {
    /// On EC2 instances of the cluster.
    Ec2,
    /// On hosts outside AWS (ECS Anywhere).
    External,
    /// On hosts that AWS keeps (Fargate, Managed Instances): never here.
    Managed,
}

impl LaunchType {
    /// Reads ECS's word for it.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "EC2" => Self::Ec2,
            "EXTERNAL" => Self::External,
            "FARGATE" | "MANAGED_INSTANCES" => Self::Managed,
            _ => return None,
        })
    }

    /// That of a capacity provider: AWS's own two are Fargate's, any other has instances.
    #[must_use]
    pub fn of_capacity_provider(name: &str) -> Self {
        if matches!(name, "FARGATE" | "FARGATE_SPOT") { Self::Managed } else { Self::Ec2 }
    }
}

/// Something that runs, or may at any time: a service, or a task that no service has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Its name, for the log.
    pub name: String,
    /// How it may be launched; none where that was not said.
    pub launch: Vec<LaunchType>,
    /// Its placement constraints: the expressions of `memberOf`.
    pub member_of: Vec<String>,
    /// The ARNs of its task definitions: while it is deployed, there are two.
    pub definitions: Vec<String>,
}

/// A task definition as ECS has it.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The keys that decide about its pulls, as JSON.
    pub json: String,
    /// Its placement constraints: the expressions of `memberOf`.
    pub member_of: Vec<String>,
}

/// This instance, as ECS knows it.
#[derive(Clone, Debug)]
pub struct Instance {
    /// How tasks come to it.
    pub launch: LaunchType,
    /// What it is known by; none where nobody knows, and then every expression may hold.
    pub attributes: Option<Attributes>,
}

impl Instance {
    /// Whether a workload's tasks may be placed here.
    #[must_use]
    pub fn may_get(&self, workload: &Workload) -> bool {
        let launches = workload.launch.is_empty() || workload.launch.contains(&self.launch);
        launches && workload.member_of.iter().all(|expression| self.may_be_member_of(expression))
    }

    /// Whether a constraint lets tasks come here. What is not known or not understood may.
    #[must_use]
    pub fn may_be_member_of(&self, expression: &str) -> bool {
        let Some(attributes) = &self.attributes else { return true };
        Expression::parse(expression).and_then(|expression| expression.holds(attributes)) != Some(false)
    }

    /// The definitions that may be placed here, each once.
    #[must_use]
    pub fn definitions(&self, workloads: &[Workload]) -> BTreeSet<String> {
        let here = workloads.iter().filter(|workload| self.may_get(workload));
        here.flat_map(|workload| workload.definitions.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Attributes, Instance, LaunchType, Workload};

    fn workload(launch: &[LaunchType], member_of: &[&str], definition: &str) -> Workload {
        Workload {
            name: "web".to_owned(),
            launch: launch.to_vec(),
            member_of: member_of.iter().map(|text| (*text).to_owned()).collect(),
            definitions: vec![definition.to_owned()],
        }
    }

    #[test]
    fn what_cannot_be_placed_here_is_not_wanted() {
        let attributes: Attributes = [("stack".to_owned(), "web".to_owned())].into();
        let here = Instance { launch: LaunchType::Ec2, attributes: Some(attributes) };
        let workloads = [
            workload(&[LaunchType::Ec2], &[], "a"),
            workload(&[LaunchType::Managed], &[], "b"),
            workload(&[LaunchType::External], &[], "c"),
            workload(&[], &["attribute:stack == web"], "d"),
            workload(&[LaunchType::Managed, LaunchType::Ec2], &["attribute:stack == api"], "e"),
            workload(&[], &["attribute:stack == web", "runningTasksCount > 1", "what is this"], "f"),
            workload(&[LaunchType::of_capacity_provider("FARGATE_SPOT")], &[], "g"),
            workload(&[LaunchType::of_capacity_provider("my-instances")], &[], "a"),
        ];
        assert_eq!(here.definitions(&workloads).into_iter().collect::<Vec<_>>(), ["a", "d", "f"]);
        let unknown = Instance { attributes: None, ..here };
        assert!(unknown.may_get(&workloads[4]));
    }
}
