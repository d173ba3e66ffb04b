//! The numbers of a report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container_report::ContainerResult;

/// Number of containers with each result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Containers whose image was pulled.
    pub pulled: usize,
    /// Containers whose image was up to date.
    pub up_to_date: usize,
    /// Containers whose cached image is used.
    pub cached: usize,
    /// Containers whose image is missing.
    pub failed: usize,
    /// Containers whose pull was cancelled.
    pub cancelled: usize,
    /// Containers of a dry run.
    pub planned: usize,
    /// Inputs that could not be read, or are not task definitions.
    pub invalid_inputs: usize,
    /// Duration of the run, in milliseconds.
    pub duration_ms: u64,
}

impl Summary {
    pub(super) fn count(&mut self, result: ContainerResult) {
        *match result {
            ContainerResult::Pulled => &mut self.pulled,
            ContainerResult::UpToDate => &mut self.up_to_date,
            ContainerResult::Cached => &mut self.cached,
            ContainerResult::Failed => &mut self.failed,
            ContainerResult::Cancelled => &mut self.cancelled,
            ContainerResult::Planned => &mut self.planned,
        } += 1;
    }

    /// The sum of two runs that took place at the same time.
    pub(super) fn merge(self, other: Self) -> Self {
        Self {
            pulled: self.pulled + other.pulled,
            up_to_date: self.up_to_date + other.up_to_date,
            cached: self.cached + other.cached,
            failed: self.failed + other.failed,
            cancelled: self.cancelled + other.cancelled,
            planned: self.planned + other.planned,
            invalid_inputs: self.invalid_inputs + other.invalid_inputs,
            duration_ms: self.duration_ms.max(other.duration_ms),
        }
    }
}
