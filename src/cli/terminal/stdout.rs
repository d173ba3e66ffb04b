//! Data on stdout.

use std::io::{self, StdoutLock, Write as _};

use serde::Serialize;

use crate::cli::command_error::CommandError;
use crate::error::ExitCode;

/// The columns that a report needs at least, also on a narrower terminal.
pub(in crate::cli) const MIN_WIDTH: usize = 40;

/// Writes a command's result. A reader that closes the pipe early loses data, which is an error.
pub(in crate::cli) fn write_result(result: &[u8]) -> Result<ExitCode, CommandError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(result).and_then(|()| stdout.flush()).map_err(CommandError::output)?;
    Ok(ExitCode::Success)
}

/// Writes a command's result as indented JSON.
pub(in crate::cli) fn write_json(result: &impl Serialize) -> Result<ExitCode, CommandError> {
    let text = serde_json::to_string_pretty(result).map_err(CommandError::output)?;
    write_result((text + "\n").as_bytes())
}

/// Writes text that a person reads. A reader that closes the pipe early, such as `head`, is no error.
pub(in crate::cli) fn print(text: &[u8]) -> io::Result<()> {
    print_with(|stdout| stdout.write_all(text).and_then(|()| stdout.flush()))
}

/// The same for a writer that produces the text.
pub(in crate::cli) fn print_with(write: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>) -> io::Result<()> {
    let result = write(&mut io::stdout().lock());
    result.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// The columns of the terminal, if stdout is one.
pub(in crate::cli) fn width() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(terminal_size::Width(columns), _)| usize::from(columns).max(MIN_WIDTH))
}
