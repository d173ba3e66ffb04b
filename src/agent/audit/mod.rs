//! The audit log: one JSON line for each pull, access decision and issued credential.
//!
//! A line holds names only: an ARN, a version, a digest, the ids of AWS calls. An observer
//! never waits for a disk or for journald: it queues the line for a writer thread.
//!
//! Invariant: no line holds a secret. A line that cannot be written is counted and logged, and
//! delays no pull.

mod audit_log;
mod entry;
pub mod schema;
mod writer;

pub use audit_log::{AuditError, AuditLog};
pub use entry::{AuditEntry, AuditEvent, AuditSubject};

#[cfg(test)]
mod tests;
