//! Who is told what the agent does: the audit trail, the metrics.

use super::request::{Ending, Request};
use crate::report::Report;

/// Somebody who is told. Nothing here may block.
pub trait Witness: Send + Sync {
    /// A request has ended so.
    fn ended(&self, request: &Request, how: Ending, report: &Report);
}
