//! The definitions of a run with `--pin`, and where they are to be written.

use std::path::{Path, PathBuf};

use super::pin_destinations::PinDestinations;
use crate::cli::command_error::CommandError;
use crate::cli::terminal::stderr::print_line;
use crate::cli::terminal::stdout;
use crate::error::ExitCode;
use crate::pipeline::{Input, pin_definitions};
use crate::report::Report;

/// The definitions of a run with `--pin`, and where they are to be written.
pub(in crate::cli) struct Pins {
    destinations: PinDestinations,
    inputs: Vec<Input>,
}

impl Pins {
    /// Checks the value of `--pin` against the paths of the command line and the inputs that were read
    /// from them. Returns `None` without the option.
    pub(in crate::cli) fn new(
        destination: Option<&Path>,
        paths: &[PathBuf],
        inputs: &[Input],
    ) -> Result<Option<Self>, CommandError> {
        let Some(destination) = destination else { return Ok(None) };
        let destinations = PinDestinations::new(destination, paths, inputs)
            .map_err(|message| CommandError::Message(format!("--pin: {message}"), ExitCode::Usage))?;
        Ok(Some(Self { destinations, inputs: inputs.to_vec() }))
    }

    /// Writes the definitions after a run with this exit code, and returns the final exit code.
    pub(in crate::cli) fn write(&self, report: &Report, exit_code: ExitCode) -> ExitCode {
        let texts = match pin_definitions(&self.inputs, report) {
            Ok(texts) => texts,
            Err(error) => {
                print_line(&format!("error: no definition was pinned: {error}"));
                return if exit_code == ExitCode::Success { ExitCode::Failed } else { exit_code };
            }
        };
        let result = match &self.destinations {
            PinDestinations::Stdout => stdout::print(&texts.join(&b"\n"[..])).map_err(|error| error.to_string()),
            PinDestinations::Files(files) => files.write(&texts).map_err(|error| error.to_string()),
        };
        match result {
            Ok(()) => exit_code,
            Err(error) => {
                let text = format!("cannot write the pinned definitions: {error}");
                CommandError::Message(text, ExitCode::Internal).print()
            }
        }
    }
}
