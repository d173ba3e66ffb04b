//! The observer of AWS calls: names and numbers, never a value.
//!
//! This module does not know the implementations. Without an observer, each AWS call costs one
//! empty function call.

use std::fmt;
use std::time::Duration;

use crate::aws::{AwsCall, AwsErrorKind};

/// A component that is informed of every AWS call. Its methods must not block.
pub trait CallObserver: fmt::Debug + Send + Sync + 'static {
    /// A call has ended.
    fn call_ended(&self, _: &AwsCallEvent) {}
}

/// The unit type ignores every event.
impl CallObserver for () {}

/// One AWS call, including the SDK's own attempts.
#[derive(Clone, Copy, Debug)]
pub struct AwsCallEvent {
    /// The call that ended.
    pub call: AwsCall,
    /// How the call ended.
    pub outcome: CallOutcome,
    /// The time from the first byte of the first attempt to the last byte of the last one.
    pub duration: Duration,
}

/// How an AWS call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// With the requested result.
    Answered,
    /// A policy denied it.
    Denied,
    /// With another error of the service.
    Failed,
    /// AWS did not accept the caller's credentials.
    IdentityRejected,
    /// The host's clock is wrong.
    ClockSkew,
    /// The service received too many requests.
    Throttled,
    /// Without a usable answer, or with a server error.
    Unavailable,
    /// The call did not end before its deadline.
    TimedOut,
}

impl CallOutcome {
    /// The outcome as a label of metrics and traces.
    #[must_use]
    pub fn label(self) -> &'static str {
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

impl From<AwsErrorKind> for CallOutcome {
    fn from(kind: AwsErrorKind) -> Self {
        match kind {
            AwsErrorKind::Unavailable => Self::Unavailable,
            AwsErrorKind::Throttled => Self::Throttled,
            AwsErrorKind::TimedOut => Self::TimedOut,
            AwsErrorKind::IdentityRejected => Self::IdentityRejected,
            AwsErrorKind::ClockSkew => Self::ClockSkew,
            AwsErrorKind::Denied | AwsErrorKind::SecretKeyDenied | AwsErrorKind::KeyDeniedOrElsewhere => Self::Denied,
            _ => Self::Failed,
        }
    }
}
