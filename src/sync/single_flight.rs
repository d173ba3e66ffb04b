//! Single flight: concurrent callers of the same key share one fetch.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, FutureExt as _, Shared, WeakShared};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::Instrument as _;

/// The fetches in flight, at most one for each key.
///
/// It contains no lock: its owner protects it with the lock that also guards the cache, so that a
/// cache lookup and the start of a fetch are one step, and two callers never both start a fetch. It
/// does not store results; a fetch stores its result in the owner's cache before it finishes, and
/// checks [`is_latest`](Self::is_latest) first.
///
/// A panic in a fetch, or the end of the runtime that ran it, gives all its callers the fallback
/// result, and the next caller starts a new fetch.
#[derive(Debug)]
pub struct SingleFlight<K, T> {
    flights: HashMap<K, Entry<T>>,
    last_id: FlightId,
}

/// The number of a fetch. A later fetch has a greater number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlightId(u64);

/// What happens to a fetch when all its callers are cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// It runs in its own task, and completes. It must have a deadline.
    OutlivesCallers,
    /// It is dropped, together with everything that it owns, such as a child process.
    EndsWithCallers,
}

/// A fetch that callers await; cloning it adds a caller.
#[derive(Clone, Debug)]
pub struct Flight<T: Clone> {
    id: FlightId,
    started: Instant,
    result: Shared<BoxFuture<'static, T>>,
}

#[derive(Debug)]
struct Entry<T> {
    id: FlightId,
    started: Instant,
    result: Handle<T>,
}

#[derive(Debug)]
enum Handle<T> {
    /// A fetch that runs in its own task. The task shows whether it has finished; the shared future
    /// shows that only if a caller polls it.
    Task(AbortHandle, Shared<BoxFuture<'static, T>>),
    /// A fetch that exists only as long as its callers; `None` if it finished immediately.
    Callers(Option<WeakShared<BoxFuture<'static, T>>>),
}

impl<K, T> Default for SingleFlight<K, T> {
    fn default() -> Self {
        Self { flights: HashMap::new(), last_id: FlightId::default() }
    }
}

impl<K: Clone + Eq + Hash, T: Clone + Send + Sync + 'static> SingleFlight<K, T> {
    /// The running fetch of this key, if there is one.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Flight<T>> {
        let Entry { id, started, result } = self.flights.get(key)?;
        let result = result.running()?;
        Some(Flight { id: *id, started: *started, result })
    }

    /// Starts a fetch. It replaces a running fetch of the same key, which continues for its own
    /// callers.
    ///
    /// `fetch` gets the number of the fetch; `fallback` is the result if it panics or its runtime
    /// ends.
    pub fn start<F>(
        &mut self,
        key: &K,
        lifetime: Lifetime,
        fetch: impl FnOnce(FlightId) -> F,
        fallback: impl FnOnce() -> T + Send + 'static,
    ) -> Flight<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.flights.retain(|_, entry| entry.result.running().is_some());
        self.last_id.0 += 1;
        let (id, started) = (self.last_id, Instant::now());
        let fetch = fetch(id).in_current_span();
        let (result, handle) = match lifetime {
            Lifetime::OutlivesCallers => {
                // If every caller is cancelled, an unpolled future would keep its permits.
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the fetch has a deadline, whether or not a caller waits"
                )]
                let task = tokio::spawn(fetch);
                let handle = task.abort_handle();
                let result = async move { task.await.unwrap_or_else(|_| fallback()) }.boxed().shared();
                (result.clone(), Handle::Task(handle, result))
            }
            Lifetime::EndsWithCallers => {
                let fetch = AssertUnwindSafe(fetch).catch_unwind();
                let result = async move { fetch.await.unwrap_or_else(|_| fallback()) }.boxed().shared();
                let handle = Handle::Callers(result.downgrade());
                (result, handle)
            }
        };
        self.flights.insert(key.clone(), Entry { id, started, result: handle });
        Flight { id, started, result }
    }

    /// The running fetch of this key, or a new one.
    pub fn get_or_start<F>(
        &mut self,
        key: &K,
        lifetime: Lifetime,
        fetch: impl FnOnce(FlightId) -> F,
        fallback: impl FnOnce() -> T + Send + 'static,
    ) -> Flight<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.get(key).unwrap_or_else(|| self.start(key, lifetime, fetch, fallback))
    }

    /// Lets the next caller start a new fetch. The callers of this fetch still get its result, but
    /// it is no longer the latest.
    ///
    /// A fetch in a task of its own detaches itself when it stores its result: its entry would
    /// otherwise keep the result in memory, and a caller that comes before the task has ended would
    /// get an old result.
    pub fn detach(&mut self, key: &K, id: FlightId) {
        if self.is_latest(key, id) {
            self.flights.remove(key);
        }
    }

    /// Whether no later fetch of this key has replaced this one. Only the latest fetch may change
    /// the cache.
    #[must_use]
    pub fn is_latest(&self, key: &K, id: FlightId) -> bool {
        self.flights.get(key).is_some_and(|entry| entry.id == id)
    }
}

impl<T: Clone> Flight<T> {
    /// The number of the fetch.
    #[must_use]
    pub fn id(&self) -> FlightId {
        self.id
    }

    /// When the fetch was started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }
}

impl<T: Clone> Future for Flight<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.result.poll_unpin(context)
    }
}

impl<T: Clone> Handle<T> {
    /// The future, unless it has finished or was dropped by its callers.
    fn running(&self) -> Option<Shared<BoxFuture<'static, T>>> {
        match self {
            Self::Task(task, result) => (!task.is_finished()).then(|| result.clone()),
            Self::Callers(result) => result.as_ref()?.upgrade().filter(|result| result.peek().is_none()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;
    use tokio::task::yield_now;

    use super::{Lifetime, SingleFlight};

    const LIFETIMES: [Lifetime; 2] = [Lifetime::OutlivesCallers, Lifetime::EndsWithCallers];

    #[tokio::test]
    async fn concurrent_callers_share_one_fetch() {
        for lifetime in LIFETIMES {
            let mut flights = SingleFlight::default();
            let count = Arc::new(AtomicU32::new(0));
            let fetch = |count: &Arc<AtomicU32>| {
                let count = Arc::clone(count);
                async move {
                    yield_now().await;
                    count.fetch_add(1, Ordering::Relaxed)
                }
            };
            let first = flights.get_or_start(&"key", lifetime, |_| fetch(&count), || 9);
            let second = flights.get_or_start(&"key", lifetime, |_| fetch(&count), || 9);
            let other = flights.get_or_start(&"other", lifetime, |_| fetch(&count), || 9);
            assert_eq!(first.await, second.await);
            other.await;
            assert_eq!(count.load(Ordering::Relaxed), 2, "one fetch for each key");
            assert!(flights.get(&"key").is_none(), "a finished fetch is not joined");
        }
    }

    #[tokio::test]
    async fn a_panic_reaches_only_those_who_wait_for_it() {
        for lifetime in LIFETIMES {
            let mut flights = SingleFlight::default();
            let panics = async { panic!("in a test") };
            assert_eq!(flights.start(&"key", lifetime, |_| panics, || 7).await, 7);
            assert_eq!(flights.get_or_start(&"key", lifetime, |_| ready(1), || 7).await, 1);
        }
    }

    #[tokio::test]
    async fn a_cancelled_caller_does_not_stop_a_fetch_that_outlives_it() {
        let (mut flights, done) = (SingleFlight::default(), Arc::new(Notify::new()));
        let signal = Arc::clone(&done);
        drop(flights.start(&"key", Lifetime::OutlivesCallers, |_| async move { signal.notify_one() }, || ()));
        done.notified().await;
        yield_now().await;
        assert!(flights.get(&"key").is_none(), "a fetch that finished without callers is not joined");
    }

    #[tokio::test]
    async fn a_fetch_that_ends_with_its_callers_is_dropped_with_the_last() {
        let (mut flights, alive) = (SingleFlight::default(), Arc::new(()));
        let owned = Arc::clone(&alive);
        let fetch = async move {
            pending::<()>().await;
            drop(owned);
        };
        let first = flights.start(&"key", Lifetime::EndsWithCallers, |_| fetch, || ());
        let second = flights.get(&"key");
        drop(first);
        assert_eq!(Arc::strong_count(&alive), 2, "one caller is left");
        drop(second);
        assert_eq!(Arc::strong_count(&alive), 1);
        assert!(flights.get(&"key").is_none());
    }

    #[test]
    fn a_fetch_whose_runtime_has_ended_is_started_again() {
        let mut flights = SingleFlight::default();
        let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let first = runtime();
        let entered = first.enter();
        let lost = flights.start(&"key", Lifetime::OutlivesCallers, |_| pending(), || 7);
        drop(entered);
        drop(first);
        let second = runtime();
        assert_eq!(second.block_on(lost), 7);
        let again = async { flights.get_or_start(&"key", Lifetime::OutlivesCallers, |_| ready(1), || 7).await };
        assert_eq!(second.block_on(again), 1);
    }

    #[tokio::test]
    async fn only_the_latest_fetch_of_a_key_is_the_latest() {
        let mut flights = SingleFlight::default();
        let first = flights.start(&"key", Lifetime::OutlivesCallers, |_| pending(), || ());
        assert!(flights.is_latest(&"key", first.id()));
        let second = flights.start(&"key", Lifetime::OutlivesCallers, |_| pending(), || ());
        assert!(first.id() < second.id() && first.started() <= second.started());
        assert!(!flights.is_latest(&"key", first.id()) && flights.is_latest(&"key", second.id()));
    }

    #[tokio::test]
    async fn a_detached_fetch_leaves_no_result_in_memory() {
        let mut flights = SingleFlight::default();
        let result = Arc::new(());
        let fetch = ready(Arc::clone(&result));
        let flight = flights.start(&"key", Lifetime::OutlivesCallers, |_| fetch, || Arc::new(()));
        let id = flight.id();
        drop(flight.await);
        flights.detach(&"key", id);
        assert_eq!(Arc::strong_count(&result), 1);
    }
}
