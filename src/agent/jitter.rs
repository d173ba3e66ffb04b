//! When something is done again: a file pulled, a cluster looked at.

use std::time::Duration;

use tokio::time::Instant;

/// However short the interval: nothing is done twice in a second.
const LEAST: Duration = Duration::from_secs(1);

/// The next time, a tenth of the interval sooner or later as chance has it (from 0 to 1): of
/// a thousand hosts that were started together, and of a thousand files, no two stay together.
pub(super) fn next(now: Instant, interval: Duration, chance: f64) -> Instant {
    now + interval.max(LEAST).mul_f64(0.9 + 0.2 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::next;

    #[test]
    fn the_next_time_is_the_interval_give_or_take_a_tenth() {
        let now = Instant::now();
        let after =
            |seconds, chance| (next(now, Duration::from_secs(seconds), chance) - now).as_millis().div_ceil(10) / 100;
        assert_eq!([0.0, 0.5, 1.0].map(|chance| after(3_600, chance)), [3_240, 3_600, 3_960]);
        assert!(next(now, Duration::from_nanos(1), 0.0) - now > Duration::from_millis(800));
    }
}
