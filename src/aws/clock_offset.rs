//! The difference between AWS's clock and this host's, as the `Date` of AWS's answers shows it.
//!
//! The SDK corrects the time of its signatures after the first refusal. Registries, certificates
//! and the expiry of credentials are not corrected, so a large difference is worth a warning.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_sdk_secretsmanager::primitives::{DateTime, DateTimeFormat};

use crate::error::{Warning, WarningId};

/// The largest difference that AWS accepts in the time of a request.
const LIMIT: Duration = Duration::from_mins(5);

/// The last difference of the clocks.
#[derive(Debug, Default)]
pub(crate) struct ClockOffset {
    /// Seconds by which this host's clock is ahead of AWS's; negative if it is behind.
    ahead: AtomicI64,
}

impl ClockOffset {
    /// Records the `Date` of an answer that arrived at `now`. A malformed one is ignored.
    pub(super) fn record(&self, date: &str, now: SystemTime) {
        let Ok(date) = DateTime::from_str(date, DateTimeFormat::HttpDate) else { return };
        let now = DateTime::from(now);
        self.ahead.store(now.secs() - date.secs(), Ordering::Relaxed);
    }

    /// The warning, if the clocks differ by more than five minutes.
    pub(super) fn warning(&self) -> Option<Warning> {
        let ahead = self.ahead.load(Ordering::Relaxed);
        if ahead.unsigned_abs() <= LIMIT.as_secs() {
            return None;
        }
        let (minutes, direction) = (ahead.unsigned_abs() / 60, if ahead < 0 { "behind" } else { "ahead of" });
        let message = format!(
            "the clock of this host is {minutes} minutes {direction} AWS's; requests are corrected, but certificates and the expiry of credentials are not: set the clock, `timedatectl` shows whether it is synchronized"
        );
        Some(Warning::new(WarningId::ClockSkew, &message))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::ClockOffset;

    const DATE: &str = "Thu, 01 Jan 1970 02:00:00 GMT";

    fn warning(now: u64) -> Option<String> {
        let clock = ClockOffset::default();
        clock.record(DATE, SystemTime::UNIX_EPOCH + Duration::from_secs(now));
        clock.warning().map(|warning| warning.to_string())
    }

    #[test]
    fn a_clock_that_is_off_by_more_than_five_minutes_is_warned_about() {
        assert_eq!((warning(7_200), warning(7_500), warning(6_900)), (None, None, None));
        assert!(warning(3_600).unwrap().starts_with("the clock of this host is 60 minutes behind AWS's"));
        assert!(warning(7_801).unwrap().starts_with("the clock of this host is 10 minutes ahead of AWS's"));
    }

    #[test]
    fn a_malformed_date_is_no_clock() {
        let clock = ClockOffset::default();
        clock.record("yesterday", SystemTime::now());
        assert_eq!(clock.warning(), None);
    }
}
