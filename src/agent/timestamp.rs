//! Wall-clock times, as the API and the journal write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A time of the host's clock, to the millisecond, as RFC 3339 in UTC: `2026-01-31T12:00:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Timestamp(SystemTime);

impl Timestamp {
    /// The time as a timestamp. A time outside the years 1970 to 9999, which RFC 3339 cannot
    /// express, becomes the nearest time that it can.
    #[must_use]
    pub fn new(time: SystemTime) -> Self {
        let latest = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        Self(time.clamp(UNIX_EPOCH, latest))
    }

    /// The current time of the clock.
    #[must_use]
    pub fn now() -> Self {
        Self::new(SystemTime::now())
    }

    /// How long ago this was, or zero if the clock has been set back since.
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::Timestamp;

    #[test]
    fn timestamp_is_rfc_3339_in_utc_with_milliseconds() {
        let timestamp = Timestamp::new(UNIX_EPOCH + Duration::from_millis(1_769_860_800_123));
        assert_eq!(String::from(timestamp), "2026-01-31T12:00:00.123Z");
    }

    proptest! {
        #[test]
        fn timestamp_round_trips_through_text(milliseconds in 0_u64..253_402_300_800_000) {
            let timestamp = Timestamp::new(UNIX_EPOCH + Duration::from_millis(milliseconds));
            prop_assert_eq!(Timestamp::try_from(String::from(timestamp)), Ok(timestamp));
        }

        #[test]
        fn any_time_can_be_written(seconds in 0_u64..1 << 62, nanoseconds in 0_u32..1_000_000_000) {
            if let Some(time) = UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds)) {
                let text = String::from(Timestamp::new(time));
                prop_assert!(Timestamp::try_from(text).is_ok());
            }
        }

        #[test]
        fn text_that_is_parsed_as_a_timestamp_can_be_written(
            text in prop_oneof![
                any::<String>(),
                r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,9})?Z",
            ],
        ) {
            if let Ok(timestamp) = Timestamp::try_from(text) {
                prop_assert!(Timestamp::try_from(String::from(timestamp)).is_ok());
            }
        }
    }
}
