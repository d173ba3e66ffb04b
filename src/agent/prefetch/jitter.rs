//! The jitter of repeated actions: scans, and pulls of unchanged definitions.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest interval, whatever the settings say.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// When an action is due again that happens now: after the interval, give or take a tenth of it at
/// random. Hosts that started together, and the files of one folder, thus spread out over time.
pub(super) fn next_due(interval: Duration) -> Instant {
    Instant::now() + with_jitter(interval, fastrand::f64())
}

/// `random` is uniform in `0.0..1.0`.
fn with_jitter(interval: Duration, random: f64) -> Duration {
    interval.max(MIN_INTERVAL).mul_f64(0.9 + 0.2 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::with_jitter;

    #[test]
    fn jitter_is_a_tenth_of_the_interval() {
        let minutes = [0.0, 0.5, 1.0].map(|random| {
            let delay = with_jitter(Duration::from_hours(1), random);
            (delay + Duration::from_millis(500)).as_secs() / 60
        });
        assert_eq!(minutes, [54, 60, 66]);
    }

    #[test]
    fn interval_is_never_much_below_one_second() {
        assert!(with_jitter(Duration::from_nanos(1), 0.0) > Duration::from_millis(800));
    }
}
