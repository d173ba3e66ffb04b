//! AWS's sentences about denied requests: who may not do what, which policy decides, and what resolves it.
//!
//! Every service words a denial in the same form (IAM User Guide, "Troubleshoot access denied error
//! messages"), and ECR and S3 repeat it in what a registry answers. [`Denial::parse`] reads the
//! sentence wherever it occurs in a text. Invariant: a name that a denial holds consists of
//! characters that are safe in a shell and on a terminal, because the sentence may come from a
//! registry.
//!
//! Must not: contact AWS, recommend an "allow" for a denial that no "allow" can resolve.

mod candidates;
#[expect(clippy::module_inception, reason = "the file is named after its type")]
mod denial;
mod denied_request;
mod policy_commands;
mod policy_decision;
mod remedy;
mod safe_arn;
mod sentence;
#[cfg(test)]
mod tests;

pub use denial::{Denial, DenialContext};
pub(super) use policy_commands::vpc_endpoints;
pub use policy_decision::{PolicyDecision, PolicyKind};
