//! The clock for the age of cache entries. It is monotonic, and continues while the host is
//! suspended.

use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// A clock, passed as a value so that a test can suspend its host.
///
/// Its time is ahead of [`Instant::now`] by all the time that the host was suspended. It is for ages
/// only: a timer that is set to such an instant fires too late.
#[derive(Clone)]
pub(super) struct BootClock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Default for BootClock {
    fn default() -> Self {
        Self::new(suspended)
    }
}

impl BootClock {
    /// A clock of a host that has been suspended for the returned time.
    pub(super) fn new(suspended: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(suspended))
    }

    pub(super) fn now(&self) -> Instant {
        Instant::now() + (self.0)()
    }
}

/// How long the host has been suspended, in whole seconds, because the two clocks are not read at
/// the same moment.
fn suspended() -> Duration {
    let read = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
    let awake = read(ClockId::Monotonic);
    Duration::from_secs(read(ClockId::Boottime).saturating_sub(awake).as_secs())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::BootClock;

    #[test]
    fn clock_continues_while_the_host_is_suspended() {
        let (awake, slept) = (BootClock::default(), BootClock::new(|| Duration::from_hours(8)));
        let now = Instant::now();
        assert!(awake.now() >= now);
        assert!(slept.now() >= now + Duration::from_hours(8));
    }
}
