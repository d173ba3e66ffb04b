//! The kind of a failure, and whether a retry can help.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of failure it is, which decides whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// What was given cannot be right, whatever the world answers.
    Invalid,
    /// Somebody said no; asking again gets the same answer.
    Refused,
    /// The thing is not there.
    Absent,
    /// The thing is there and cannot be used here.
    Unsupported,
    /// Nobody answered, or with a server error: it may pass.
    Unavailable,
    /// Too many requests: it passes.
    Throttled,
    /// A deadline of ours ended the wait.
    TimedOut,
    /// No space left.
    DiskFull,
    /// The engine cannot be reached at all.
    EngineGone,
    /// The engine answers and has no room for another pull: it passes.
    EngineBusy,
    /// The user, a signal, `--fail-fast`, or the engine by itself ended it.
    Cancelled,
    /// The engine said something we do not know; its words are kept.
    Unknown,
}

/// How often the same request is worth making again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The answer will be the same.
    Never,
    /// It may have been an outage; said twice in a row, it was not.
    Once,
    /// For as long as there are attempts.
    WhileItMay,
}

impl Patience {
    /// Whether another attempt is worth its wait, after a failure with this patience and one
    /// with `last` before it, where there was one.
    #[must_use]
    pub fn allows(self, last: Option<Self>) -> bool {
        match self {
            Self::Never => false,
            Self::Once => last != Some(Self::Once),
            Self::WhileItMay => true,
        }
    }
}

impl Class {
    /// Whether nobody gave an answer that could be used. It may pass by itself.
    #[must_use]
    pub fn is_outage(self) -> bool {
        matches!(self, Self::Unavailable | Self::Throttled | Self::TimedOut)
    }

    /// Whether the same request may succeed a little later: a refusal is information, only
    /// availability is worth a wait. What nobody here has read before is taken for an outage,
    /// once.
    #[must_use]
    pub fn patience(self) -> Patience {
        match self {
            Self::Unavailable | Self::Throttled | Self::EngineBusy => Patience::WhileItMay,
            Self::Unknown => Patience::Once,
            Self::Invalid
            | Self::Refused
            | Self::Absent
            | Self::Unsupported
            | Self::TimedOut
            | Self::DiskFull
            | Self::EngineGone
            | Self::Cancelled => Patience::Never,
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

#[cfg(test)]
mod tests {
    use super::{Class, Patience};

    #[test]
    fn what_nobody_knows_is_an_outage_once() {
        let unknown = Class::Unknown.patience();
        assert!(unknown.allows(None));
        assert!(unknown.allows(Some(Patience::WhileItMay)), "the outage before it was another one");
        assert!(!unknown.allows(Some(unknown)));
        assert!(Class::EngineBusy.patience().allows(Some(Patience::WhileItMay)));
        assert!(!Class::Refused.patience().allows(None));
    }
}
