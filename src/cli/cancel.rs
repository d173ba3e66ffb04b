//! `taskpull cancel`.

use super::arguments::Cancel;
use super::{agent_client, tell};
use crate::error::ExitCode;

/// Runs it: each of them is tried, whatever became of the one before.
pub(super) fn run(arguments: &Cancel) -> ExitCode {
    cancel(arguments).unwrap_or_else(|exit| exit)
}

fn cancel(Cancel { ids, socket, config }: &Cancel) -> Result<ExitCode, ExitCode> {
    let client = agent_client::client(socket.clone(), config.as_deref())?;
    let runtime = agent_client::runtime()?;
    Ok(runtime.block_on(async {
        let mut exit = ExitCode::Success;
        for id in ids {
            match client.cancel(id).await {
                Ok(view) => tell(&format!("request {id} ({}) is called off", view.source)),
                Err(error) => exit = agent_client::failed(&error),
            }
        }
        exit
    }))
}
