//! Ctrl-C and SIGTERM in a command: the first cancels the work, the second exits at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::error::ExitCode;

/// Starts a task that waits for the signals on a worker thread of the runtime, so that a blocked terminal
/// or file cannot delay them. Must be called within the runtime; the task ends with it.
pub(super) fn watch(interrupt: CancellationToken) -> io::Result<()> {
    let ctrl_c = signal(SignalKind::interrupt())?;
    let terminate = signal(SignalKind::terminate())?;
    #[expect(clippy::disallowed_methods, reason = "the runtime owns the task, and ends it")]
    tokio::spawn(wait(ctrl_c, terminate, interrupt));
    Ok(())
}

async fn wait(mut ctrl_c: Signal, mut terminate: Signal, interrupt: CancellationToken) {
    loop {
        tokio::select! {
            _ = ctrl_c.recv() => {}
            _ = terminate.recv() => {}
        }
        if interrupt.is_cancelled() {
            #[expect(clippy::disallowed_methods, reason = "the user asked twice, and only the report is lost")]
            std::process::exit(i32::from(ExitCode::Interrupted.code()));
        }
        interrupt.cancel();
    }
}
