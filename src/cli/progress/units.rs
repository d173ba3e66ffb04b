//! Numbers of bytes and times as people read them.

use std::time::Duration;

const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// A number scaled to a unit.
struct Scaled {
    number: String,
    unit: &'static str,
}

/// A number of bytes, in powers of 1,000 as Docker uses them: `12.3 MB`.
pub(super) fn bytes(count: u64) -> String {
    let Scaled { number, unit } = scale(count, count);
    format!("{number} {unit}")
}

/// A part of a number of bytes, in the unit of the total: `12.3/45.6 MB`.
pub(super) fn part_of_bytes(part: u64, total: u64) -> String {
    let Scaled { number, unit } = scale(total, total);
    format!("{}/{number} {unit}", scale(part, total).number)
}

/// Scales a number to the unit that fits `reference`.
fn scale(count: u64, reference: u64) -> Scaled {
    let (mut size, mut unit) = (1_u64, 0);
    // From kB on, a unit ends at 999: 999,950 B would round to 1000.0 kB.
    while unit + 1 < UNITS.len() && reference / size >= 1_000 - u64::from(unit > 0) {
        size *= 1_000;
        unit += 1;
    }
    let number = if unit == 0 {
        count.to_string()
    } else {
        let tenths = u128::from(count) * 10 / u128::from(size);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    Scaled { number, unit: UNITS[unit] }
}

/// A duration: `42 s`, `12:34` or `3:05:00`; from 100 hours on `days`.
pub(super) fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        3_600..360_000 => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
        _ => "days".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Duration, bytes, clock, part_of_bytes};

    #[test]
    fn numbers_have_the_unit_that_fits() {
        assert_eq!([0, 999, 1_000, 999_950, 12_345_678].map(bytes), ["0 B", "999 B", "1.0 kB", "0.9 MB", "12.3 MB"]);
        assert_eq!(part_of_bytes(12_345_678, 4_567_000_000), "0.0/4.5 GB");
        assert_eq!(part_of_bytes(u64::MAX, u64::MAX), "18.4/18.4 EB");
        let seconds = [0, 59, 60, 3_599, 3_600, 360_000];
        assert_eq!(seconds.map(|s| clock(Duration::from_secs(s))), ["0 s", "59 s", "1:00", "59:59", "1:00:00", "days"]);
    }

    proptest! {
        #[test]
        fn every_number_fits_its_column(part: u64, total: u64, seconds: u64) {
            prop_assert!(bytes(total).len() <= 8);
            prop_assert!(part_of_bytes(part.min(total), total).len() <= 14);
            prop_assert!(clock(Duration::from_secs(seconds)).len() <= 8);
        }
    }
}
