//! Events on stdout, one JSON line each, while they happen.
//!
//! A reader that is slow must not hold up a pull: lines wait here, and a future beside the
//! work writes them. What says only how far a pull is, is left out where a newer line will
//! say it better. A reader that has gone away ends the telling and nothing else.

use std::io;

use tokio::io::AsyncWriteExt as _;

use crate::report::Report;
use crate::report::ndjson::EventQueue;

/// Does the work and writes what it has to tell, up to the report as the last line. Ends with
/// the work and the writing.
pub(super) async fn beside(lines: &EventQueue, work: impl Future<Output = Report>) -> (Report, io::Result<()>) {
    let work = async {
        let report = work.await;
        lines.end(&report);
        report
    };
    let write = async {
        let written = write(lines).await;
        // Nobody reads any more.
        lines.close();
        written
    };
    futures_util::future::join(work, write).await
}

async fn write(lines: &EventQueue) -> io::Result<()> {
    let mut stdout = tokio::io::stdout();
    while let Some(lines) = lines.next().await {
        stdout.write_all(&lines).await?;
        stdout.flush().await?;
    }
    Ok(())
}
