//! A mutex that ignores poisoning.

use std::sync::{MutexGuard, PoisonError};

/// A [`std::sync::Mutex`] whose lock does not fail.
///
/// A panic in one request must not make every later one fail. The values behind these locks are
/// maps and counters that are consistent after each statement, so the state that a panicking
/// thread leaves behind is usable.
#[derive(Debug, Default)]
pub struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// Wraps a value in a mutex.
    pub const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    /// Blocks until the lock is free. Do not hold the guard across an await.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the value, without locking.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Mutex;

    #[test]
    fn a_panic_while_locked_leaves_the_mutex_usable() {
        let mutex = Mutex::new(1);
        let panics = std::panic::catch_unwind(|| {
            let mut value = mutex.lock();
            *value = 2;
            panic!("in a test");
        });
        assert!(panics.is_err());
        assert_eq!(*mutex.lock(), 2);
        assert_eq!(mutex.into_inner(), 2);
    }
}
