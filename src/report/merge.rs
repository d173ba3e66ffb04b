//! Reports of several runs as one.

use super::{Report, Summary};

impl Report {
    /// One report of several that were made at the same time.
    #[must_use]
    pub fn merge(reports: impl IntoIterator<Item = Self>) -> Self {
        let empty =
            Self { schema_version: 1, tasks: Vec::new(), invalid_inputs: Vec::new(), summary: Summary::default() };
        reports.into_iter().fold(empty, |mut all, one| {
            all.tasks.extend(one.tasks);
            all.invalid_inputs.extend(one.invalid_inputs);
            all.summary = all.summary.beside(one.summary);
            all
        })
    }
}

impl Summary {
    fn beside(self, other: Self) -> Self {
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
