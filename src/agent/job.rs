//! A request: somebody wants the images of one task definition on this host.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Printable;

/// The name of a request, given when it is accepted. Later ones sort after earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct JobId(#[schemars(regex(pattern = "^[0-9a-f]{20}$"))] String);

impl JobId {
    /// Of a request that is accepted now. `chance` tells those of one millisecond apart.
    #[must_use]
    pub fn new(now: SystemTime, chance: u32) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() & 0xffff_ffff_ffff;
        Self(format!("{since:012x}{chance:08x}"))
    }

    /// Of a request that is accepted now, after the one of this name: also where the clock has
    /// gone back, or does not tell the two apart.
    #[must_use]
    pub fn after(last: &Self, now: SystemTime, chance: u32) -> Self {
        // Twenty hexadecimal digits are a number, and the last one is ages away.
        let next =
            || u128::from_str_radix(&last.0, 16).map_or_else(|_| last.0.clone(), |it| format!("{:020x}", it + 1));
        let own = Self::new(now, chance);
        if own > *last { own } else { Self(next()) }
    }

    /// Reads one, as somebody has written it; it is safe as the name of a file.
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
        Self::parse(&text).ok_or("a request's id is 20 hexadecimal digits")
    }
}

/// Who is at the other end of the socket, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Peer {
    /// The effective user.
    pub uid: u32,
    /// The effective group.
    pub gid: u32,
}

/// Where a submission comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum JobSource {
    /// Somebody at the socket.
    Peer(Peer),
    /// A file of the watched folder.
    Folder,
    /// A task definition of the ECS cluster.
    Cluster,
}

impl JobSource {
    /// The user who sent it, where somebody did.
    #[must_use]
    pub fn user(self) -> Option<u32> {
        if let Self::Peer(peer) = self { Some(peer.uid) } else { None }
    }

    /// Whether its own source is the truth about it: then it is in no journal, waits for its
    /// turn among its like, and is shown for as long as the source wants it.
    #[must_use]
    pub fn is_managed(self) -> bool {
        !matches!(self, Self::Peer(_))
    }
}

/// What somebody hands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    /// What the reports are to call it: a path, or whatever the sender likes.
    pub source: Printable,
    /// The definition, with the keys alone that are read here ([`crate::task::minimal_definition`]).
    pub definition: String,
    /// What the sender says to be told the same answer when he asks twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where it comes from.
    pub submitted_by: JobSource,
}

/// A request that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// What was handed in.
    #[serde(flatten)]
    pub submission: Submission,
}

/// A time by the host's clock, to the millisecond; written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Timestamp(SystemTime);

impl Timestamp {
    /// Of this time; what RFC 3339 cannot write is the nearest that it can.
    #[must_use]
    pub fn new(time: SystemTime) -> Self {
        let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        Self(time.clamp(UNIX_EPOCH, last))
    }

    /// How long ago it was, as far as the clock has not been set since.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed().unwrap_or_default()
    }
}

impl From<Timestamp> for String {
    fn from(Timestamp(time): Timestamp) -> Self {
        humantime::format_rfc3339_millis(time).to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = humantime::TimestampError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        humantime::parse_rfc3339(&text).map(Self)
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobResult {
    /// Every image is there.
    Succeeded,
    /// At least one is not.
    Failed,
    /// Somebody called it off.
    Cancelled,
}

impl JobResult {
    /// As programs have it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{JobId, Timestamp};

    #[test]
    fn later_requests_sort_after_earlier_ones() {
        let id = |milliseconds, chance| JobId::new(UNIX_EPOCH + Duration::from_millis(milliseconds), chance);
        assert!(id(1, 9) < id(2, 0));
        assert!(id(0xff, 0) < id(0x100, 0));
        assert_eq!(JobId::parse(&id(1, 9).to_string()), Some(id(1, 9)));
        let now = UNIX_EPOCH + Duration::from_millis(1);
        for last in [id(1, 9), id(2, u32::MAX)] {
            let next = JobId::after(&last, now, 0);
            assert!(next > last && JobId::parse(&next.to_string()).is_some(), "{next}");
        }
    }

    #[test]
    fn an_id_is_never_a_path() {
        for text in ["", "../../../etc/passwd", "0123456789abcdef012/", "0123456789ABCDEF0123", "0123456789abcdef01234"]
        {
            assert_eq!(JobId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_read_as_it_is_written() {
        let moment = Timestamp::new(UNIX_EPOCH + Duration::from_millis(1_769_860_800_123));
        assert_eq!(String::from(moment), "2026-01-31T12:00:00.123Z");
        assert_eq!(Timestamp::try_from(String::from(moment)).unwrap(), moment);
    }
}
