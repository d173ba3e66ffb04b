//! Who is told how credentials come: names and numbers, never a value.
//!
//! The rooms here do not know who watches, and a run that nobody watches pays one empty call.

use std::fmt;
use std::time::Duration;

use crate::error::Printable;

/// Somebody who is told. Nothing here may block.
pub trait CredentialObserver: fmt::Debug + Send + Sync + 'static {
    /// A call to AWS is over.
    fn called(&self, _: &AwsCallEvent) {}

    /// A secret or a token goes to a pull.
    fn served(&self, _: &CredentialServed) {}
}

/// Nobody.
impl CredentialObserver for () {}

/// One call to AWS, the SDK's own attempts at it included.
#[derive(Clone, Copy, Debug)]
pub struct AwsCallEvent {
    /// What was asked, by AWS's name: `GetSecretValue`, …
    pub operation: &'static str,
    /// How it ended.
    pub ended: CallOutcome,
    /// From the first byte to the last.
    pub took: Duration,
}

/// How a call to AWS ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// With what was asked for.
    Answered,
    /// Somebody's policy says no.
    Denied,
    /// With another error of the service's own.
    Failed,
    /// Whoever asked is not known, or not any more.
    IdentityRejected,
    /// The host's clock is wrong.
    ClockSkew,
    /// Too many requests.
    Throttled,
    /// No usable answer, or a server error.
    Unavailable,
    /// It was not over in time.
    TimedOut,
}

impl CallOutcome {
    /// As programs have it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::IdentityRejected => "identity-rejected",
            Self::ClockSkew => "clock-skew",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed-out",
        }
    }
}

/// A secret or a token that goes to a pull.
#[derive(Clone, Copy, Debug)]
pub struct CredentialServed {
    /// What it is.
    pub what: CredentialKind,
    /// Where it came from.
    pub from: ServedFrom,
    /// How long ago AWS gave it.
    pub age: Duration,
}

/// What can be kept, and served again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A secret of Secrets Manager's.
    Secret,
    /// A token of ECR's.
    Token,
}

/// Where a value came from that goes to a pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServedFrom {
    /// AWS was asked for it.
    Read,
    /// It was kept.
    Cache,
    /// It was kept for longer than it is meant to be, because AWS does not answer.
    Stale,
}

/// A call that AWS has answered, by the names under which CloudTrail and AWS's support find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsRequest {
    /// What was asked: `GetSecretValue`, …
    pub operation: &'static str,
    /// The id that the service gave the call.
    pub id: Printable,
}
