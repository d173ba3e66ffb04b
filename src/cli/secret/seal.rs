//! `taskpull secret seal`: reads a login from stdin and writes its envelope to stdout.

use std::io::{self, IsTerminal as _, Read as _};

use super::client;
use crate::cli::arguments::SealArguments;
use crate::cli::command_error::CommandError;
use crate::cli::runtime::{self, Threads};
use crate::cli::terminal::stderr::print_line;
use crate::cli::terminal::stdout::write_result;
use crate::error::ExitCode;
use crate::secret_authoring::{self, Binding, PLAINTEXT_LIMIT, Plaintext};

/// Runs the command.
pub(in crate::cli) fn seal(arguments: &SealArguments) -> Result<ExitCode, CommandError> {
    let settings = client::settings(arguments.config.as_deref())?;
    let aws = client::build(&settings)?;
    let binding = Binding::new(&arguments.key, &arguments.context).map_err(CommandError::usage)?;
    if io::stdin().is_terminal() {
        print_line("error: stdin is a terminal, which would show the login");
        print_line("  hint: redirect a file: `taskpull secret seal --key ARN < login.json`");
        return Ok(ExitCode::Usage);
    }
    let plaintext = Plaintext::new(read_login().map_err(CommandError::stdin)?, settings.secrets.access_token)
        .map_err(|error| CommandError::new(error, ExitCode::BadInput))?;
    for remark in &plaintext.remarks {
        print_line(&format!("note: {remark}"));
    }
    let envelope = runtime::run(Threads::Calling, secret_authoring::seal(&aws, &binding, &plaintext))?
        .map_err(|error| CommandError::new(error, ExitCode::Failed))?;
    write_result((envelope.to_json() + "\n").as_bytes())
}

/// Reads at most one byte more than may be sealed. The buffer does not grow, because that would leave
/// copies of the login in freed memory.
fn read_login() -> io::Result<Vec<u8>> {
    let limit = PLAINTEXT_LIMIT + 1;
    let mut bytes = Vec::with_capacity(limit);
    io::stdin().lock().take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
