//! The kind of a failure, and whether a retry can help.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of a failure, which decides whether a retry can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The input is wrong, whatever AWS, the registry or the engine answers.
    Invalid,
    /// The request was denied; the same request gets the same answer.
    Refused,
    /// The resource does not exist.
    Absent,
    /// The resource exists and cannot be used here.
    Unsupported,
    /// There was no answer, or a server error. A later request may succeed.
    Unavailable,
    /// There were too many requests. A later request can succeed.
    Throttled,
    /// A time limit of taskpull ended the wait.
    TimedOut,
    /// The disk has no space left.
    DiskFull,
    /// The engine cannot be reached at all.
    EngineGone,
    /// The engine answers and cannot start another pull now. A later request can succeed.
    EngineBusy,
    /// The user, a signal, `--fail-fast` or the engine itself ended the operation.
    Cancelled,
    /// The engine's message is not known to taskpull; it is reported unchanged.
    Unknown,
}

impl Class {
    /// Whether the failure is an outage: there was no usable answer, and a later request may
    /// succeed.
    #[must_use]
    pub fn is_outage(self) -> bool {
        matches!(self, Self::Unavailable | Self::Throttled | Self::TimedOut)
    }

    /// How often a retry of the same request is useful. A refusal is an answer, so only
    /// unavailability is worth a wait. An unknown failure is treated as an outage once.
    #[must_use]
    pub fn retryability(self) -> Retryability {
        match self {
            Self::Unavailable | Self::Throttled | Self::EngineBusy => Retryability::Always,
            Self::Unknown => Retryability::Once,
            Self::Invalid
            | Self::Refused
            | Self::Absent
            | Self::Unsupported
            | Self::TimedOut
            | Self::DiskFull
            | Self::EngineGone
            | Self::Cancelled => Retryability::Never,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Absent => "absent",
            Self::Unsupported => "unsupported",
            Self::Unavailable => "unavailable",
            Self::Throttled => "throttled",
            Self::TimedOut => "timed out",
            Self::DiskFull => "disk full",
            Self::EngineGone => "engine gone",
            Self::EngineBusy => "engine busy",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        })
    }
}

/// How often a retry of the same request is useful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retryability {
    /// The answer will be the same.
    Never,
    /// The failure may have been an outage. If it occurs twice in a row, it was not.
    Once,
    /// A retry is useful as long as attempts are left.
    Always,
}

impl Retryability {
    /// Whether a retry is useful after a failure of this kind. `previous` is the retryability of
    /// the failure before it, if there was one.
    #[must_use]
    pub fn allows_retry(self, previous: Option<Self>) -> bool {
        match self {
            Self::Never => false,
            Self::Once => previous != Some(Self::Once),
            Self::Always => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Retryability;
    use crate::error::Class;

    #[test]
    fn an_unknown_failure_is_retried_once() {
        let unknown = Class::Unknown.retryability();
        assert!(unknown.allows_retry(None));
        assert!(unknown.allows_retry(Some(Retryability::Always)), "the failure before was a different one");
        assert!(!unknown.allows_retry(Some(unknown)));
    }

    #[test]
    fn a_busy_engine_is_retried_and_a_refusal_is_not() {
        assert!(Class::EngineBusy.retryability().allows_retry(Some(Retryability::Always)));
        assert!(!Class::Refused.retryability().allows_retry(None));
    }
}
