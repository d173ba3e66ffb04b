//! Computes when a cached value is fetched again: pure functions of time and a random number.

use std::time::Duration;

/// The longest pause after a fetch that failed because AWS is unavailable. Without it, every pull
/// would wait for the deadline during an outage.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// When a value that is usable for `lifetime` is due for a refresh: after 75 % to 95 % of that time.
/// The moment is random, so that hosts that started together do not refresh together.
pub(super) fn refresh_after(lifetime: Duration, random: f64) -> Duration {
    lifetime.mul_f64(0.95 - 0.2 * random.clamp(0.0, 1.0))
}

/// How long a cached value is used without another attempt after a fetch failed because AWS is
/// unavailable: between half of the longest pause and all of it.
pub(super) fn pause_after_outage(random: f64) -> Duration {
    MAX_PAUSE.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{MAX_PAUSE, pause_after_outage, refresh_after};

    proptest! {
        #[test]
        fn refresh_falls_into_the_last_quarter_of_the_lifetime(lifetime: Duration, random: f64) {
            let refresh = refresh_after(lifetime, random);
            let nanosecond = Duration::from_nanos(1);
            prop_assert!(refresh <= lifetime);
            prop_assert!(refresh + nanosecond >= lifetime.mul_f64(0.749));
        }

        #[test]
        fn pause_after_an_outage_is_bounded(random: f64) {
            let pause = pause_after_outage(random);
            prop_assert!(MAX_PAUSE / 2 <= pause && pause <= MAX_PAUSE);
        }
    }
}
