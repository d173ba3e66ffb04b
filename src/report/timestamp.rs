//! Timestamps in reports and events: RFC 3339, in UTC.

use std::time::{Duration, SystemTime};

/// A time to the second, as AWS writes it.
pub(crate) fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// A time to the millisecond. A clock outside the years 1970 to 9999 is clamped, not an error.
pub(super) fn timestamp_millis(time: SystemTime) -> String {
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    humantime::format_rfc3339_millis(time.clamp(SystemTime::UNIX_EPOCH, end)).to_string()
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
