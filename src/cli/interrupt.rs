//! Ctrl-C and SIGTERM: the first asks the work to end, the second ends it.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::tell;

/// Runs the work beside the signals. The work ends by itself once the token is cancelled.
pub(super) async fn until_interrupted<T>(
    interrupt: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, std::io::Error> {
    let mut signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
    let [ctrl_c, terminate] = &mut signals;
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            _ = ctrl_c.recv() => {}
            _ = terminate.recv() => {}
            done = &mut work => return Ok(done),
        }
        if interrupt.is_cancelled() {
            #[expect(clippy::disallowed_methods, reason = "asked for twice, and what is left to lose is the report")]
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        tell("interrupted: ending the pulls (once more to end at once)");
        interrupt.cancel();
    }
}
