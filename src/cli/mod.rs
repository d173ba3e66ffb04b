//! The command line: arguments, one file or folder for each command, and the terminal.
//!
//! Data goes to stdout, everything else to stderr. A command returns its exit code, or a
//! `CommandError` that `program` prints. A command must not call AWS, a registry or
//! the engine before all of its arguments have been checked.

mod agent_client;
mod app_context;
mod arguments;
mod cancel;
mod cluster;
mod command_error;
mod credential;
mod log;
mod pin;
mod program;
mod progress;
mod pull;
mod runtime;
mod secret;
mod serve;
mod setup;
mod signals;
mod status;
mod terminal;
#[cfg(test)]
mod tests;

pub use arguments::command;
pub use program::main;
