//! The agent's socket, and the rights of its callers.

use crate::agent;
use crate::agent::api::{Access, Socket, SocketError};
use crate::cli::terminal::stderr::print_line;
use crate::config::{AgentSettings, Settings};

/// Takes the socket that systemd passed, or binds one. Must be called before there is a second thread,
/// because it removes environment variables.
pub(super) fn socket(settings: &AgentSettings) -> Result<Socket, SocketError> {
    let socket = match agent::take_activation_socket().map_err(SocketError::Activation)? {
        Some(listener) => Socket::activated(listener),
        None => Socket::bind(&settings.socket, &settings.socket_group)?,
    };
    if let Some(warning) = socket.warning() {
        print_line(&format!("warning: {warning}"));
    }
    Ok(socket)
}

/// Resolves the users and groups of `access.*` to their numbers.
pub(super) fn access(settings: &Settings) -> Access {
    let (access, unknown) = Access::resolve(&settings.access);
    // The warning about a missing group of the socket has been printed already.
    for name in unknown.iter().filter(|name| **name != format!("group {}", settings.agent.socket_group)) {
        print_line(&format!("warning: `access.*` names {name}, which does not exist"));
    }
    access
}
