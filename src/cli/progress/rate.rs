//! How fast bytes come, over the last seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What is older says nothing about now.
const WINDOW: Duration = Duration::from_secs(5);

/// Two samples are no nearer than this, so that a window has few of them.
const STEP: Duration = Duration::from_millis(250);

/// A count that only grows, looked at now and then.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate {
    /// When, and how many bytes there were; oldest first.
    samples: VecDeque<(Instant, u64)>,
}

impl Rate {
    /// So many bytes there are by now.
    pub(super) fn take(&mut self, now: Instant, bytes: u64) {
        let (first, last) = (self.samples.front().map(|it| it.1), self.samples.back().map(|it| it.1));
        // The wait for the first byte, or one longer than a window, is not slowness: the rate
        // is that from here on.
        if last == Some(0) || (first == last && last == Some(bytes)) {
            self.samples.clear();
        }
        let nearest = self.samples.len().checked_sub(2).map(|at| self.samples[at].0);
        match self.samples.back_mut() {
            Some(last) if nearest.is_some_and(|nearest| now.duration_since(nearest) < STEP) => *last = (now, bytes),
            _ => self.samples.push_back((now, bytes)),
        }
        // The one at the window's edge stays: the rate is measured from it.
        while self.samples.get(1).is_some_and(|(when, _)| now.duration_since(*when) >= WINDOW) {
            self.samples.pop_front();
        }
    }

    /// Bytes in a second, once that can be said. It falls while nothing comes.
    pub(super) fn per_second(&self, now: Instant) -> Option<u64> {
        let (since, first) = *self.samples.front()?;
        let (_, last) = *self.samples.back()?;
        let milliseconds = u64::try_from(now.duration_since(since).as_millis()).ok()?;
        if milliseconds < 500 {
            return None;
        }
        Some((last - first).saturating_mul(1_000) / milliseconds)
    }
}

/// Bytes as people read them, in powers of a thousand like Docker's own.
pub(super) fn amount(bytes: u64) -> String {
    let (number, unit) = scaled(bytes, bytes);
    format!("{number} {unit}")
}

/// `12.3/45.6 MB`
pub(super) fn of(bytes: u64, total: u64) -> String {
    let ((done, _), (total, unit)) = (scaled(bytes, total), scaled(total, total));
    format!("{done}/{total} {unit}")
}

/// The number in the unit that fits `like`.
fn scaled(bytes: u64, like: u64) -> (String, &'static str) {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut unit, mut at) = (1_u64, 0);
    // 999,950 would be written as 1000.0 kB.
    while at + 1 < units.len() && like / unit >= 1_000 - u64::from(at > 0) {
        unit *= 1_000;
        at += 1;
    }
    if at == 0 {
        return (bytes.to_string(), units[at]);
    }
    let tenths = u128::from(bytes) * 10 / u128::from(unit);
    (format!("{}.{}", tenths / 10, tenths % 10), units[at])
}

/// A time as people read a clock: `42 s`, `12:34`, `3:05:00`.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        3_600..360_000 => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
        _ => "days".to_owned(),
    }
}

/// When so many bytes will be here.
pub(super) fn left(bytes: u64, per_second: u64) -> Option<Duration> {
    (per_second > 0).then(|| Duration::from_secs(bytes.div_ceil(per_second)))
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, Rate, amount, clock, left, of};

    #[test]
    fn a_rate_is_that_of_the_last_seconds_and_falls_in_silence() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(start), None);
        rate.take(start, 0);
        assert_eq!(rate.per_second(at(100)), None, "too early to say");
        for tick in 1..=100 {
            rate.take(at(tick * 100), tick * 1_000);
        }
        assert_eq!(rate.per_second(at(10_000)), Some(10_000));
        for tick in 101..=200 {
            rate.take(at(tick * 100), 100_000 + (tick - 100) * 100);
        }
        assert_eq!(rate.per_second(at(20_000)), Some(1_000));
        assert!(rate.samples.len() < 30);
        assert!(rate.per_second(at(60_000)).unwrap() < 200);
    }

    #[test]
    fn numbers_are_short_whatever_their_size() {
        assert_eq!([0, 999, 1_000, 999_950, 12_345_678].map(amount), ["0 B", "999 B", "1.0 kB", "0.9 MB", "12.3 MB"]);
        assert_eq!(of(12_345_678, 4_567_000_000), "0.0/4.5 GB");
        assert_eq!(of(u64::MAX, u64::MAX), "18.4/18.4 EB");
        let seconds = [0, 59, 60, 3_599, 3_600, 360_000];
        assert_eq!(seconds.map(|s| clock(Duration::from_secs(s))), ["0 s", "59 s", "1:00", "59:59", "1:00:00", "days"]);
        assert_eq!((left(10, 0), left(10, 3)), (None, Some(Duration::from_secs(4))));
    }
}
