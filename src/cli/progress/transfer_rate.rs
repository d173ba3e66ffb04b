//! The rate of a transfer over the last seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The rate is the mean over this time.
const WINDOW: Duration = Duration::from_secs(5);

/// The minimum time between two samples, which limits their number.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(250);

/// There is no rate before this time, because the first bytes say little.
const MIN_DURATION: u64 = 500;

/// The number of bytes at a time.
#[derive(Clone, Copy, Debug)]
struct Sample {
    time: Instant,
    bytes: u64,
}

/// The rate of a transfer, from a number of bytes that never decreases.
#[derive(Clone, Debug, Default)]
pub(super) struct TransferRate {
    /// The samples of the window, oldest first.
    samples: VecDeque<Sample>,
}

impl TransferRate {
    /// Records the number of bytes that have been transferred so far.
    pub(super) fn record(&mut self, time: Instant, bytes: u64) {
        let (first, last) =
            (self.samples.front().map(|sample| sample.bytes), self.samples.back().map(|sample| sample.bytes));
        // Waiting for the first byte, or without progress for a whole window, is not part of the rate.
        if last == Some(0) || (first == last && last == Some(bytes)) {
            self.samples.clear();
        }
        let before_last = self.samples.len().checked_sub(2).map(|index| self.samples[index].time);
        match self.samples.back_mut() {
            Some(last) if before_last.is_some_and(|before| time.duration_since(before) < SAMPLE_INTERVAL) => {
                *last = Sample { time, bytes };
            }
            _ => self.samples.push_back(Sample { time, bytes }),
        }
        // The newest sample outside the window stays, because the rate is measured from it.
        while self.samples.get(1).is_some_and(|sample| time.duration_since(sample.time) >= WINDOW) {
            self.samples.pop_front();
        }
    }

    /// The rate, or `None` if there are not enough samples yet. It falls while no bytes are transferred.
    pub(super) fn bytes_per_second(&self, now: Instant) -> Option<u64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let milliseconds = u64::try_from(now.duration_since(first.time).as_millis()).ok()?;
        (milliseconds >= MIN_DURATION).then(|| (last.bytes - first.bytes).saturating_mul(1_000) / milliseconds)
    }
}

/// The time to transfer this number of bytes at this rate; `None` without progress.
pub(super) fn time_left(bytes: u64, bytes_per_second: u64) -> Option<Duration> {
    (bytes_per_second > 0).then(|| Duration::from_secs(bytes.div_ceil(bytes_per_second)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Duration, Instant, TransferRate, time_left};

    #[test]
    fn rate_is_that_of_the_window_and_falls_without_progress() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut rate = TransferRate::default();
        assert_eq!(rate.bytes_per_second(start), None);
        rate.record(start, 0);
        assert_eq!(rate.bytes_per_second(at(100)), None, "too early");
        for tick in 1..=100 {
            rate.record(at(tick * 100), tick * 1_000);
        }
        assert_eq!(rate.bytes_per_second(at(10_000)), Some(10_000));
        for tick in 101..=200 {
            rate.record(at(tick * 100), 100_000 + (tick - 100) * 100);
        }
        assert_eq!(rate.bytes_per_second(at(20_000)), Some(1_000));
        assert!(rate.samples.len() < 30);
        assert!(rate.bytes_per_second(at(60_000)).unwrap() < 200);
    }

    #[test]
    fn time_left_is_rounded_up_and_unknown_without_progress() {
        assert_eq!((time_left(10, 0), time_left(10, 3)), (None, Some(Duration::from_secs(4))));
    }

    proptest! {
        #[test]
        fn rate_never_exceeds_the_fastest_step_and_keeps_few_samples(
            steps in prop::collection::vec((1..5_000_u64, 0..1_000_000_000_u64), 1..200),
        ) {
            let mut rate = TransferRate::default();
            let (mut now, mut bytes) = (Instant::now(), 0);
            let mut fastest = 0;
            for (milliseconds, new_bytes) in steps {
                now += Duration::from_millis(milliseconds);
                bytes += new_bytes;
                fastest = fastest.max(new_bytes * 1_000 / milliseconds + 1);
                rate.record(now, bytes);
                prop_assert!(rate.bytes_per_second(now).is_none_or(|rate| rate <= fastest));
                prop_assert!(rate.samples.len() < 50);
            }
        }

        #[test]
        fn constant_rate_is_measured_exactly(interval in 1..2_000_u64, per_tick in 1..1_000_000_u64) {
            let start = Instant::now();
            let mut rate = TransferRate::default();
            for tick in 1..=100 {
                rate.record(start + Duration::from_millis(tick * interval), tick * per_tick);
            }
            let measured = rate.bytes_per_second(start + Duration::from_millis(100 * interval));
            let expected = per_tick * 1_000 / interval;
            prop_assert!(measured.is_none_or(|measured| measured.abs_diff(expected) <= 1), "{measured:?} {expected}");
        }
    }
}
