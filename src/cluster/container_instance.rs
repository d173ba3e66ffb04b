//! The container instance of this host.

use std::collections::BTreeSet;

use super::{expression::Expression, node::Attributes, workload::LaunchType, workload::Workload};

/// The container instance of this host, as ECS knows it.
#[derive(Clone, Debug)]
pub struct ContainerInstance {
    /// The launch type of the tasks that it runs.
    pub launch: LaunchType,
    /// The attributes; `None` if they are unknown, and then every expression may hold.
    pub attributes: Option<Attributes>,
}

impl ContainerInstance {
    /// Whether the tasks of a workload may be placed on this instance.
    #[must_use]
    pub fn may_run(&self, workload: &Workload) -> bool {
        let has_launch_type = workload.launch.is_empty() || workload.launch.contains(&self.launch);
        has_launch_type && workload.member_of.iter().all(|expression| self.may_satisfy(expression))
    }

    /// Whether the instance may satisfy a `memberOf` constraint. An expression that is not
    /// understood, or not decided by the known attributes, may be satisfied.
    #[must_use]
    pub fn may_satisfy(&self, expression: &str) -> bool {
        let Some(attributes) = &self.attributes else { return true };
        Expression::parse(expression).and_then(|expression| expression.evaluate(attributes)) != Some(false)
    }

    /// The ARNs of the task definitions that may be placed on this instance, without duplicates.
    #[must_use]
    pub fn definitions(&self, workloads: &[Workload]) -> BTreeSet<String> {
        let possible = workloads.iter().filter(|workload| self.may_run(workload));
        possible.flat_map(|workload| workload.definitions.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Attributes, ContainerInstance, LaunchType, Workload};

    fn workload(launch: &[LaunchType], member_of: &[&str], definition: &str) -> Workload {
        Workload {
            name: "web".to_owned(),
            launch: launch.to_vec(),
            member_of: member_of.iter().map(|text| (*text).to_owned()).collect(),
            definitions: vec![definition.to_owned()],
        }
    }

    #[test]
    fn only_definitions_that_may_be_placed_here_are_listed() {
        let attributes: Attributes = [("stack".to_owned(), "web".to_owned())].into();
        let instance = ContainerInstance { launch: LaunchType::Ec2, attributes: Some(attributes) };
        let workloads = [
            workload(&[LaunchType::Ec2], &[], "a"),
            workload(&[LaunchType::Managed], &[], "b"),
            workload(&[LaunchType::External], &[], "c"),
            workload(&[], &["attribute:stack == web"], "d"),
            workload(&[LaunchType::Managed, LaunchType::Ec2], &["attribute:stack == api"], "e"),
            workload(&[], &["attribute:stack == web", "runningTasksCount > 1", "not an expression"], "f"),
            workload(&[LaunchType::from_capacity_provider("FARGATE_SPOT")], &[], "g"),
            workload(&[LaunchType::from_capacity_provider("my-instances")], &[], "a"),
        ];
        assert_eq!(instance.definitions(&workloads).into_iter().collect::<Vec<_>>(), ["a", "d", "f"]);
        let unknown = ContainerInstance { attributes: None, ..instance };
        assert!(unknown.may_run(&workloads[4]));
    }
}
