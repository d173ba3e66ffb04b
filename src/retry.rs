//! Backoff as a pure function: what to wait before attempt *n*, given a random number.
//!
//! Time and chance come in as values; the caller sleeps. Full jitter, as the AWS
//! architecture blog's "Exponential Backoff And Jitter" recommends it: uniformly between
//! zero and the exponential bound, so that hosts which failed together do not come back
//! together.

use std::num::NonZeroU32;
use std::time::Duration;

/// An exponential backoff whose state is only the attempt's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    attempts: u32,
}

/// Why a backoff cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBackoff {
    /// The first wait is zero or longer than the longest one.
    #[error("the first wait must be above zero and at most the longest one")]
    Waits,
    /// No attempt at all is allowed.
    #[error("at least one attempt is needed")]
    Attempts,
}

impl Backoff {
    /// Waits grow from `first` to `most`, doubling; `attempts` counts the first try too.
    ///
    /// # Errors
    /// When a wait is zero, the waits are in the wrong order, or there is no attempt.
    pub const fn new(first: Duration, most: Duration, attempts: u32) -> Result<Self, InvalidBackoff> {
        if first.is_zero() || first.as_nanos() > most.as_nanos() {
            return Err(InvalidBackoff::Waits);
        }
        if attempts == 0 {
            return Err(InvalidBackoff::Attempts);
        }
        Ok(Self { first, most, attempts })
    }

    /// The same waits, for another number of attempts.
    #[must_use]
    pub const fn with_attempts(self, attempts: NonZeroU32) -> Self {
        Self { attempts: attempts.get(), ..self }
    }

    /// How long to wait after `failed` attempts have failed, or `None` when none is left.
    /// `chance` is uniform in `0.0..1.0`.
    #[must_use]
    pub fn wait(&self, failed: u32, chance: f64) -> Option<Duration> {
        if failed == 0 || failed >= self.attempts {
            return None;
        }
        Some(self.bound(failed).mul_f64(chance.clamp(0.0, 1.0)))
    }

    /// The longest wait after so many failed attempts, however many are allowed.
    #[must_use]
    pub fn bound(&self, failed: u32) -> Duration {
        let doublings = 2_u32.saturating_pow(failed.saturating_sub(1));
        self.first.saturating_mul(doublings).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Backoff, InvalidBackoff};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_the_longest_and_end_with_the_attempts() {
        let backoff = Backoff::new(SECOND, 5 * SECOND, 5).unwrap();
        let waits: Vec<_> = (1..6).map(|failed| backoff.wait(failed, 1.0)).collect();
        assert_eq!(waits, [Some(SECOND), Some(2 * SECOND), Some(4 * SECOND), Some(5 * SECOND), None]);
    }

    #[test]
    fn jitter_is_full() {
        let backoff = Backoff::new(SECOND, 5 * SECOND, 3).unwrap();
        assert_eq!(backoff.wait(1, 0.0), Some(Duration::ZERO));
        assert_eq!(backoff.wait(2, 0.25), Some(SECOND / 2));
    }

    #[test]
    fn a_thousand_failures_do_not_overflow() {
        let backoff = Backoff::new(SECOND, 5 * SECOND, u32::MAX).unwrap();
        assert_eq!(backoff.wait(1_000, 1.0), Some(5 * SECOND));
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Backoff::new(Duration::ZERO, SECOND, 1), Err(InvalidBackoff::Waits));
        assert_eq!(Backoff::new(2 * SECOND, SECOND, 1), Err(InvalidBackoff::Waits));
        assert_eq!(Backoff::new(SECOND, SECOND, 0), Err(InvalidBackoff::Attempts));
    }
}
