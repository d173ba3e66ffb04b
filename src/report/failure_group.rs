//! The failures of a report by their cause: one wrong secret is one cause, however many containers it
//! fails.

use std::collections::HashMap;

use super::cause_key::CauseKey;
use super::run_report::Report;
use crate::error::Failure;

/// The failures that have one cause.
#[derive(Debug)]
pub(super) struct FailureGroup<'a> {
    /// Whether the failures are those of inputs, and not of containers.
    pub is_about_inputs: bool,
    pub members: Vec<FailureMember<'a>>,
}

/// A container without its image, or an input that is not a task definition.
#[derive(Debug)]
pub(super) struct FailureMember<'a> {
    /// The name of the task definition; of an input, its path.
    pub source: &'a str,
    /// The name of the container; `None` for an input.
    pub container: Option<&'a str>,
    /// The number of attempts at the pull, if there was one.
    pub attempts: Option<u32>,
    pub failure: &'a Failure,
}

impl<'a> FailureGroup<'a> {
    /// The groups in the order of their first members, but those that were only cancelled first: what a
    /// user has to fix comes last, where a terminal shows it.
    pub(super) fn all(report: &'a Report) -> Vec<Self> {
        let containers = report.tasks.iter().flat_map(|task| {
            task.containers.iter().filter_map(|container| {
                let failure = container.failure.as_ref()?;
                let (name, attempts) = (Some(container.name.as_str()), container.attempts);
                let member = FailureMember { source: task.source.as_str(), container: name, attempts, failure };
                Some((CauseKey::from_container(container, failure), member))
            })
        });
        let inputs = report.invalid_inputs.iter().map(|failure| {
            let source = failure.resource.as_str();
            (CauseKey::from_input(failure), FailureMember { source, container: None, attempts: None, failure })
        });
        let mut groups: Vec<Self> = Vec::new();
        let mut indices = HashMap::new();
        for (key, member) in containers.chain(inputs) {
            let is_about_inputs = member.container.is_none();
            let index = *indices.entry((is_about_inputs, key)).or_insert_with(|| {
                groups.push(Self { is_about_inputs, members: Vec::new() });
                groups.len() - 1
            });
            groups[index].members.push(member);
        }
        groups.sort_by_key(|group| !group.first().failure.was_stopped());
        groups
    }

    /// The member whose failure is printed for the whole group.
    pub(super) fn first(&self) -> &FailureMember<'a> {
        &self.members[0]
    }

    /// Whether a part of the first failure is that of every failure.
    pub(super) fn have_equal<T: PartialEq>(&self, part: impl Fn(&'a Failure) -> T) -> bool {
        let first = part(self.first().failure);
        self.members.iter().all(|member| part(member.failure) == first)
    }
}
