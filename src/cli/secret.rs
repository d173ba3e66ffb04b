//! `taskpull secret seal`: a login from stdin, its envelope on stdout. And what the commands
//! about secrets have in common.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

use super::arguments::Seal;
use super::{complain, log, setup, tell};
use crate::aws::AwsClient;
use crate::config::{Settings, Sources};
use crate::error::ExitCode;
use crate::error::Failure;
use crate::secret_authoring::{self, Binding, PLAINTEXT_LIMIT, Plaintext};

/// What every command about a secret begins with.
pub(super) struct SecretCommandContext {
    pub store: AwsClient,
    pub runtime: Runtime,
}

/// Reads the settings, starts the log and makes what asks AWS. What cannot be is told.
pub(super) fn prepare(config: Option<&Path>) -> Result<SecretCommandContext, ExitCode> {
    let settings = Sources::from_process(config).and_then(|sources| Settings::read(&sources));
    let settings = settings.map_err(|error| {
        complain(&Failure::from(error));
        ExitCode::Configuration
    })?;
    log::start(&settings.log.filter);
    let store = setup::store(&settings).map_err(|failure| {
        complain(&failure);
        ExitCode::Configuration
    })?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
        tell(&format!("error: the runtime could not be started: {error}"));
        ExitCode::Internal
    })?;
    Ok(SecretCommandContext { store, runtime })
}

/// Runs it. The arguments are judged before a byte is read.
pub(super) fn seal(arguments: &Seal) -> ExitCode {
    let SecretCommandContext { store, runtime } = match prepare(arguments.config.as_deref()) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let binding = match Binding::new(&arguments.key, &arguments.context) {
        Ok(binding) => binding,
        Err(error) => {
            complain(&Failure::from(error));
            return ExitCode::Usage;
        }
    };
    if io::stdin().is_terminal() {
        tell("error: the login is read from stdin, and stdin is a terminal, which would show it");
        tell("  hint: `taskpull secret seal --key ARN < login.json`");
        return ExitCode::Usage;
    }
    let plaintext = match read() {
        Ok(bytes) => Plaintext::new(bytes),
        Err(error) => {
            tell(&format!("error: stdin could not be read: {error}"));
            return ExitCode::BadInput;
        }
    };
    let plaintext = match plaintext {
        Ok(plaintext) => plaintext,
        Err(error) => {
            complain(&Failure::from(error));
            return ExitCode::BadInput;
        }
    };
    let sealed = runtime.block_on(secret_authoring::seal(&store, &binding, &plaintext));
    // A name resolution that hangs blocks a thread of the runtime, and nobody waits for it.
    runtime.shutdown_background();
    match sealed {
        Ok(envelope) => write(&(envelope.to_json() + "\n")),
        Err(error) => {
            complain(&Failure::from(error));
            ExitCode::Failed
        }
    }
}

/// As much as may be sealed and one byte more, in a buffer that does not grow: an old one
/// would keep what was in it.
fn read() -> io::Result<Vec<u8>> {
    let most = PLAINTEXT_LIMIT + 1;
    let mut bytes = Vec::with_capacity(most);
    io::stdin().lock().take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A result for programs.
pub(super) fn write_json(result: &impl Serialize) -> ExitCode {
    match serde_json::to_string_pretty(result) {
        Ok(text) => write(&(text + "\n")),
        Err(error) => {
            tell(&format!("error: the result could not be written: {error}"));
            ExitCode::Internal
        }
    }
}

/// A result as it is.
pub(super) fn write(text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::Success,
        Err(error) => {
            tell(&format!("error: the result could not be written: {error}"));
            ExitCode::Internal
        }
    }
}
