//! The clock of the AWS services, and the two formats of a time.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;

/// Seconds since 1970-01-01 UTC.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970");
    i64::try_from(since.as_secs()).expect("a clock before the year 292 billion")
}

/// `2026-01-31T09:30:00Z`, the format in responses.
pub fn extended(time: i64) -> String {
    let (year, month, day) = date(time.div_euclid(DAY));
    let seconds = time.rem_euclid(DAY);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `20260131T093000Z`, the format in signatures.
pub fn basic(time: i64) -> String {
    extended(time).replace(['-', ':'], "")
}

/// Parses the format in signatures.
pub fn read_basic(text: &str) -> Option<i64> {
    let digits = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let days = days(digits(0, 4)?, digits(4, 6)?, digits(6, 8)?);
    let time = digits(9, 11)? * 3600 + digits(11, 13)? * 60 + digits(13, 15)?;
    Some(days * DAY + time)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so
/// that the leap day is the last day of a year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day
        - 719_469
}

/// The inverse of [`days`].
fn date(days_since: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days_since.div_euclid(366);
    while days(year + 1, 1, 1) <= days_since {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days(year, month + 1, 1) <= days_since {
        month += 1;
    }
    (year, month, days_since - days(year, month, 1) + 1)
}
