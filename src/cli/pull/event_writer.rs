//! Writes events to stdout, one line of JSON each, while the pulls run.
//!
//! A slow reader must not delay a pull: the lines wait in a queue, and a future next to the pulls writes
//! them. Progress of a pull is omitted if a newer line will replace it. If the reader closes the pipe,
//! only the events end.

use std::io;

use tokio::io::AsyncWriteExt as _;

use crate::report::Report;
use crate::report::ndjson::EventQueue;

/// Runs the pulls, writes their events and then the report as the last line. Completes when both the
/// pulls and the writing have ended.
pub(super) async fn write_events(events: &EventQueue, pulls: impl Future<Output = Report>) -> (Report, io::Result<()>) {
    let pulls = async {
        let report = pulls.await;
        events.end(&report);
        report
    };
    let write = async {
        let result = write(events).await;
        // After an error, no reader takes lines from the queue any more.
        events.close();
        result
    };
    futures_util::future::join(pulls, write).await
}

async fn write(events: &EventQueue) -> io::Result<()> {
    let mut stdout = tokio::io::stdout();
    while let Some(bytes) = events.next().await {
        stdout.write_all(&bytes).await?;
        stdout.flush().await?;
    }
    Ok(())
}
