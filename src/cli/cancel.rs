//! `taskpull cancel`: cancels requests of the agent.

use super::agent_client;
use super::arguments::CancelArguments;
use super::command_error::CommandError;
use super::runtime::{self, Threads};
use super::terminal::stderr::print_line;
use crate::error::ExitCode;

/// Cancels every request that can be cancelled. The exit code tells whether all of them were.
pub(super) fn run(CancelArguments { ids, socket, config }: &CancelArguments) -> Result<ExitCode, CommandError> {
    let client = agent_client::client(socket.clone(), config.as_deref())?;
    runtime::run(Threads::Workers(1), async {
        let mut exit_code = ExitCode::Success;
        for id in ids {
            match client.cancel(id).await {
                Ok(view) => print_line(&format!("request {id} ({}) cancelled", view.source)),
                Err(error) => exit_code = CommandError::from(error).print(),
            }
        }
        exit_code
    })
}
