//! The async runtime of a command.

use tokio::runtime::Builder;

use super::command_error::CommandError;

/// Where the runtime runs the tasks that the future spawns, such as signal handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    /// On the calling thread, between the steps of the future.
    Calling,
    /// On this number of worker threads; the future itself runs on the calling thread.
    Workers(usize),
}

/// Runs the future on a new runtime. Threads that are blocked at the end, for example in a name
/// resolution without an answer, are abandoned.
pub(super) fn run<T>(threads: Threads, future: impl Future<Output = T>) -> Result<T, CommandError> {
    let mut builder = match threads {
        Threads::Calling => Builder::new_current_thread(),
        Threads::Workers(count) => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(count);
            builder
        }
    };
    let runtime = builder.enable_all().build().map_err(CommandError::runtime)?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(result)
}
