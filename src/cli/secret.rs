//! `taskpull secret seal`: a login from stdin, its envelope on stdout.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use tokio::runtime::Builder;

use super::arguments::Seal;
use super::exit::Exit;
use super::{complain, log, setup, tell};
use crate::config::{Settings, Sources};
use crate::error::Failure;
use crate::pipeline::{Binding, PLAINTEXT_LIMIT, Plaintext};

/// Runs it. The arguments are judged before a byte is read.
pub(super) fn seal(arguments: &Seal) -> Exit {
    let settings = Sources::of_process(arguments.config.as_deref()).and_then(|sources| Settings::read(&sources));
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            complain(&Failure::from(&error));
            return Exit::Configuration;
        }
    };
    log::start(&settings.log_filter);
    let binding = match Binding::new(&arguments.key, &arguments.context) {
        Ok(binding) => binding,
        Err(error) => {
            complain(&Failure::from(&error));
            return Exit::Usage;
        }
    };
    let store = match setup::store(&settings) {
        Ok(store) => store,
        Err(failure) => {
            complain(&failure);
            return Exit::Configuration;
        }
    };
    if io::stdin().is_terminal() {
        tell("error: the login is read from stdin, and stdin is a terminal, which would show it");
        tell("  hint: `taskpull secret seal --key ARN < login.json`");
        return Exit::Usage;
    }
    let plaintext = match read() {
        Ok(bytes) => Plaintext::new(bytes),
        Err(error) => {
            tell(&format!("error: stdin could not be read: {error}"));
            return Exit::BadInput;
        }
    };
    let plaintext = match plaintext {
        Ok(plaintext) => plaintext,
        Err(error) => {
            complain(&Failure::from(&error));
            return Exit::BadInput;
        }
    };
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(&format!("error: the runtime could not be started: {error}"));
            return Exit::Internal;
        }
    };
    let sealed = runtime.block_on(store.seal(&binding, &plaintext));
    // A name resolution that hangs blocks a thread of the runtime, and nobody waits for it.
    runtime.shutdown_background();
    match sealed {
        Ok(envelope) => write(&(envelope.to_json() + "\n")),
        Err(failure) => {
            complain(&failure);
            Exit::SomeFailed
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

fn write(text: &str) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Good,
        Err(error) => {
            tell(&format!("error: the envelope could not be written: {error}"));
            Exit::Internal
        }
    }
}
