//! Why the agent has no socket to listen on.

use std::io;
use std::path::PathBuf;

use crate::error::{Class, Explain, Link};

/// The socket of the agent cannot be created or taken over.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another agent is listening on the socket.
    #[error("socket {path} is in use by another agent", path = .path.display())]
    InUse {
        /// Path of the socket.
        path: PathBuf,
    },
    /// The path exists and is not a socket.
    #[error("{path} exists and is not a socket", path = .path.display())]
    NotASocket {
        /// Path of the file.
        path: PathBuf,
    },
    /// The system refuses to create the socket.
    #[error("cannot create socket {path}", path = .path.display())]
    Create {
        /// Path of the socket.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The service manager passed a file descriptor that is not a listening Unix socket.
    #[error("the service manager did not pass a listening Unix socket")]
    Activation(#[source] io::Error),
}

impl Explain for SocketError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        match self {
            Self::InUse { path } | Self::NotASocket { path } | Self::Create { path, .. } => path.display().to_string(),
            Self::Activation(_) => "LISTEN_FDS".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::InUse { .. } => "stop the other agent, or set `agent.socket` to another path",
            Self::NotASocket { .. } => "move the file away, or set `agent.socket` to another path",
            Self::Create { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "create its directory; for the service, systemd creates /run/taskpull"
            }
            Self::Create { .. } => "let the agent write the directory of `agent.socket`, or set another path",
            Self::Activation(_) => "give taskpull.socket one `ListenStream=` with the path of the socket",
        };
        Some(hint.to_owned())
    }
}
