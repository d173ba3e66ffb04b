//! Exponential backoff as a pure function of the number of failures and a random number.
//!
//! The caller passes in the random number and sleeps. The jitter is full: uniform between zero
//! and the exponential bound, as "Exponential Backoff And Jitter" in the AWS architecture blog
//! recommends, so that hosts which failed together do not come back together.

use std::num::NonZeroU32;
use std::time::Duration;

/// An exponential backoff. Its only state is the number of failures, which the caller counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    attempts: NonZeroU32,
}

impl Backoff {
    /// The bound of a delay is `min` after the first failure and doubles with each further one,
    /// up to `max`. The number of attempts is not limited.
    #[must_use]
    pub const fn exponential(min: Duration, max: Duration) -> Self {
        Self { min, max, attempts: NonZeroU32::MAX }
    }

    /// The same delays with a limit on the number of attempts, the first one included.
    #[must_use]
    pub const fn with_attempts(self, attempts: NonZeroU32) -> Self {
        Self { attempts, ..self }
    }

    /// The delay after this number of failed attempts, or `None` if no attempt is left.
    /// `random` is uniform in `0.0..1.0`.
    #[must_use]
    pub fn delay(&self, failures: u32, random: f64) -> Option<Duration> {
        if failures == 0 || failures >= self.attempts.get() {
            return None;
        }
        let bound = self.max_delay(failures);
        let seconds = bound.as_secs_f64() * random.clamp(0.0, 1.0);
        // The conversion fails for NaN and where rounding exceeds the longest Duration.
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(bound).min(bound))
    }

    /// The longest delay after this number of failed attempts, whatever the limit on attempts is.
    #[must_use]
    pub fn max_delay(&self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.min.saturating_mul(factor).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Backoff;

    const SECOND: Duration = Duration::from_secs(1);
    const FROM_ONE_TO_FIVE: Backoff = Backoff::exponential(SECOND, Duration::from_secs(5));

    #[test]
    fn delays_double_up_to_the_maximum_and_end_with_the_attempts() {
        let backoff = FROM_ONE_TO_FIVE.with_attempts(NonZeroU32::new(5).unwrap());
        let delays: Vec<_> = (0..6).map(|failures| backoff.delay(failures, 1.0)).collect();
        assert_eq!(delays, [None, Some(SECOND), Some(2 * SECOND), Some(4 * SECOND), Some(5 * SECOND), None]);
    }

    #[test]
    fn jitter_is_uniform_from_zero_to_the_bound() {
        assert_eq!(FROM_ONE_TO_FIVE.delay(1, 0.0), Some(Duration::ZERO));
        assert_eq!(FROM_ONE_TO_FIVE.delay(2, 0.25), Some(SECOND / 2));
    }

    fn duration() -> impl Strategy<Value = Duration> {
        prop_oneof![Just(Duration::ZERO), Just(Duration::MAX), (0..u64::MAX / 2).prop_map(Duration::from_nanos)]
    }

    proptest! {
        #[test]
        fn the_bound_never_shrinks_and_never_exceeds_the_maximum(min in duration(), max in duration(), failures: u32) {
            let backoff = Backoff::exponential(min, max);
            let bound = backoff.max_delay(failures);
            prop_assert!(bound <= max && bound >= min.min(max));
            prop_assert!(bound <= backoff.max_delay(failures.saturating_add(1)));
        }

        #[test]
        fn a_delay_stays_within_its_bound_and_the_attempts(
            min in duration(),
            max in duration(),
            attempts: NonZeroU32,
            failures: u32,
            random in prop_oneof![0.0..1.0, any::<f64>()],
        ) {
            let backoff = Backoff::exponential(min, max).with_attempts(attempts);
            let delay = backoff.delay(failures, random);
            prop_assert_eq!(delay.is_some(), failures > 0 && failures < attempts.get());
            prop_assert!(delay.is_none_or(|delay| delay <= backoff.max_delay(failures)));
        }
    }
}
