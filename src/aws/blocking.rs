//! Runs SDK code that reads files.

use tokio::runtime::Handle;

/// Runs `work` on a blocking thread; `None` means that it panicked.
///
/// The SDK reads its files synchronously. A pipe or an unreachable network disk would block the
/// runtime's thread, and with it all deadlines and signals.
pub(super) async fn run_on_blocking_thread<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work)).await.ok()
}
