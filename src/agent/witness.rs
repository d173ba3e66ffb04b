//! Who is told what the agent does: the audit trail, the metrics.

use super::api::Right;
use super::request::{Ending, Peer, Request};
use crate::report::Report;

/// Somebody who is told. Nothing here may block.
pub trait Witness: Send + Sync {
    /// A request has ended so.
    fn ended(&self, request: &Request, how: Ending, report: &Report);

    /// It was decided whether a peer may do something: `what` is the method and the path.
    fn decided(&self, peer: Peer, right: Right, allowed: bool, what: &str);
}
