//! The clock that ages go by: nobody sets it, and it goes on while the host is suspended.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// Now, by that clock: further on than [`Instant::now`] by all the time that the host has
/// been suspended. For ages alone; whoever sleeps until then waits too long.
pub(super) fn now() -> Instant {
    Instant::now() + suspended()
}

/// The time since `then`, which that clock has told.
pub(super) fn since(then: Instant) -> Duration {
    now().saturating_duration_since(then)
}

/// To the second, since the two clocks are not read at the same moment.
fn suspended() -> Duration {
    let of = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
    let awake = of(ClockId::Monotonic);
    let suspended = Duration::from_secs(of(ClockId::Boottime).saturating_sub(awake).as_secs());
    #[cfg(test)]
    let suspended = suspended + tests::SUSPENDED.get();
    suspended
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    thread_local! {
        /// For how long the host of a test was suspended; its runtime has one thread.
        pub(in crate::credential::cache) static SUSPENDED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    #[test]
    fn the_clock_goes_on_while_the_host_is_suspended() {
        let then = super::now();
        assert!(super::since(then) < Duration::from_mins(1));
        SUSPENDED.set(Duration::from_hours(8));
        assert!(super::since(then) >= Duration::from_hours(8));
    }
}
