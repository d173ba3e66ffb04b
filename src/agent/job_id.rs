//! The id of a job.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Identifies a request: 20 hexadecimal digits in lower case. The first 12 are the time of its
/// acceptance, in milliseconds since 1970. A request that was accepted later has the higher id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct JobId(#[schemars(regex(pattern = "^[0-9a-f]{20}$"))] String);

impl JobId {
    /// The id of a job that is accepted now. `random` distinguishes the jobs of one millisecond.
    #[must_use]
    pub fn new(now: SystemTime, random: u32) -> Self {
        let milliseconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() & 0xffff_ffff_ffff;
        Self(format!("{milliseconds:012x}{random:08x}"))
    }

    /// The id of a job that is accepted now, and that sorts after `previous` even if the clock
    /// was set back or has not advanced.
    #[must_use]
    pub fn following(previous: &Self, now: SystemTime, random: u32) -> Self {
        let id = Self::new(now, random);
        if id > *previous {
            return id;
        }
        // Twenty hexadecimal digits fit into a u128, and the highest id is 8,900 years away.
        let successor = u128::from_str_radix(&previous.0, 16).map(|number| format!("{:020x}", number + 1));
        Self(successor.unwrap_or_else(|_| previous.0.clone()))
    }

    /// Parses an id from untrusted text. An id is always safe to use as a file name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 20 && text.bytes().all(is_hex)).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for JobId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("the id of a request has 20 hexadecimal digits")
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::JobId;

    fn id(milliseconds: u64, random: u32) -> JobId {
        JobId::new(UNIX_EPOCH + Duration::from_millis(milliseconds), random)
    }

    #[test]
    fn later_jobs_sort_after_earlier_ones() {
        assert!(id(1, 9) < id(2, 0));
        assert!(id(0xff, 0) < id(0x100, 0));
    }

    #[test]
    fn a_path_is_not_a_job_id() {
        for text in ["", "../../../etc/passwd", "0123456789abcdef012/", "0123456789ABCDEF0123", "0123456789abcdef01234"]
        {
            assert_eq!(JobId::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn job_id_round_trips_through_text(milliseconds in 0_u64..1 << 48, random: u32) {
            let id = id(milliseconds, random);
            prop_assert_eq!(JobId::parse(&id.to_string()), Some(id));
        }

        #[test]
        fn only_the_text_of_a_job_id_is_parsed(text in prop_oneof![any::<String>(), "[0-9a-fA-F/.]{19,21}"]) {
            let is_id = text.len() == 20 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
            let parsed = JobId::parse(&text).map(|id| id.to_string());
            prop_assert_eq!(parsed, is_id.then_some(text));
        }

        #[test]
        fn the_following_job_id_is_higher_whatever_the_clock_says(
            previous in 0_u64..1 << 47, random: u32, now in 0_u64..1 << 47, next: u32,
        ) {
            let previous = id(previous, random);
            let following = JobId::following(&previous, UNIX_EPOCH + Duration::from_millis(now), next);
            prop_assert!(following > previous);
            prop_assert!(JobId::parse(&following.to_string()).is_some());
        }
    }
}
