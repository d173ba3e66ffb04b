//! Who is told what the agent does: the audit trail, the metrics.

use std::fmt;
use std::sync::Arc;

use super::api::Right;
use super::job::{Job, JobResult, Peer};
use crate::pipeline::Provenance;
use crate::report::Report;

/// Somebody who is told. Nothing here may block.
pub trait AgentObserver: Send + Sync {
    /// A request has ended so.
    fn ended(&self, request: &Job, how: JobResult, report: &Report);

    /// Somebody asked for something, and may have it or may not.
    fn decided(&self, _: &AccessDecision<'_>) {}

    /// A credential was given to somebody.
    fn gave(&self, _: &CredentialIssued<'_>) {}
}

/// A decision about somebody's wish.
#[derive(Clone, Copy, Debug)]
pub struct AccessDecision<'a> {
    /// Who asked.
    pub by: Peer,
    /// The right that it takes.
    pub right: Right,
    /// Whether it was granted.
    pub allowed: bool,
    /// What was asked for.
    pub what: fmt::Arguments<'a>,
}

/// A credential that was given away: its names, never its value.
#[derive(Clone, Copy, Debug)]
pub struct CredentialIssued<'a> {
    /// To whom.
    pub to: Peer,
    /// For which registry or image.
    pub what: &'a str,
    /// Where it came from.
    pub origin: &'a Provenance,
}

/// Several of them; each is told everything.
pub struct ObserverSet(pub Vec<Arc<dyn AgentObserver>>);

impl AgentObserver for ObserverSet {
    fn ended(&self, request: &Job, how: JobResult, report: &Report) {
        self.0.iter().for_each(|witness| witness.ended(request, how, report));
    }

    fn decided(&self, decision: &AccessDecision<'_>) {
        self.0.iter().for_each(|witness| witness.decided(decision));
    }

    fn gave(&self, given: &CredentialIssued<'_>) {
        self.0.iter().for_each(|witness| witness.gave(given));
    }
}
