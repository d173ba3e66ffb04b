//! The interface through which the agent reports what it does to the log, the audit log and the
//! metrics.

use std::fmt;
use std::sync::Arc;

use super::api::Right;
use super::job::{Job, JobResult, Peer};
use crate::credential::Provenance;
use crate::report::Report;

/// A component that is informed of the agent's events. An implementation must not block: it runs
/// in the task that executes all jobs.
pub trait AgentObserver: Send + Sync {
    /// A job has ended.
    fn job_ended(&self, job: &Job, result: JobResult, report: &Report);

    /// The agent has allowed or refused a caller's request.
    fn access_decided(&self, _: &AccessDecision<'_>) {}

    /// The agent has sent a credential to a caller.
    fn credential_issued(&self, _: &CredentialIssued<'_>) {}
}

/// The decision about a caller's request to the API.
#[derive(Clone, Copy, Debug)]
pub struct AccessDecision<'a> {
    /// The process that sent the request.
    pub caller: Peer,
    /// The right that the request requires.
    pub right: Right,
    /// Whether the caller has that right.
    pub allowed: bool,
    /// The method and the path of the request.
    pub request: fmt::Arguments<'a>,
}

/// A credential that a caller has received: its names, never its value.
#[derive(Clone, Copy, Debug)]
pub struct CredentialIssued<'a> {
    /// The process that received it.
    pub caller: Peer,
    /// The registry or the image that the caller named.
    pub target: &'a str,
    /// The secret or token that the credential comes from.
    pub provenance: &'a Provenance,
}

/// Observers that all receive every event, in this order.
pub struct ObserverSet(pub Vec<Arc<dyn AgentObserver>>);

impl AgentObserver for ObserverSet {
    fn job_ended(&self, job: &Job, result: JobResult, report: &Report) {
        self.0.iter().for_each(|observer| observer.job_ended(job, result, report));
    }

    fn access_decided(&self, decision: &AccessDecision<'_>) {
        self.0.iter().for_each(|observer| observer.access_decided(decision));
    }

    fn credential_issued(&self, credential: &CredentialIssued<'_>) {
        self.0.iter().for_each(|observer| observer.credential_issued(credential));
    }
}
