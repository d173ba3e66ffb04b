//! Ctrl-C and SIGTERM: the first asks the work to end, the second ends the program.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::error::ExitCode;

/// Watches for the signals on a thread of the runtime's own, so that a terminal that takes
/// no output, or a file that does not answer, cannot keep them away. To be called within the
/// runtime; the watch ends with it.
pub(super) fn watch(interrupt: CancellationToken) -> io::Result<()> {
    let ctrl_c = signal(SignalKind::interrupt())?;
    let terminate = signal(SignalKind::terminate())?;
    #[expect(clippy::disallowed_methods, reason = "its owner is the runtime, which it lives and ends with")]
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
            #[expect(clippy::disallowed_methods, reason = "asked for twice, and what is left to lose is the report")]
            std::process::exit(i32::from(ExitCode::Interrupted.code()));
        }
        interrupt.cancel();
    }
}
