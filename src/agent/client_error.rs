//! Why a request to the agent failed, for the user of the command line.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::api::ProblemView;
use crate::error::{Class, Explain, Link};

/// A request to the agent failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No process accepts connections on the socket.
    #[error("no agent is listening on {socket}", socket = .socket.display())]
    NotRunning {
        /// Path of the socket.
        socket: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The user may not open the socket.
    #[error("this user may not open the agent's socket {socket}", socket = .socket.display())]
    Denied {
        /// Path of the socket.
        socket: PathBuf,
        /// Name of the group that may open the socket, if it has a name.
        group: Option<String>,
        /// The error of the system.
        source: io::Error,
    },
    /// The connection ended before the response.
    #[error("the connection to the agent on {socket} was lost", socket = .socket.display())]
    ConnectionLost {
        /// Path of the socket.
        socket: PathBuf,
        /// The error of the connection.
        source: io::Error,
    },
    /// The response did not arrive in time.
    #[error("the agent on {socket} did not respond within {} s", .within.as_secs(), socket = .socket.display())]
    TimedOut {
        /// Path of the socket.
        socket: PathBuf,
        /// Time that the client waited.
        within: Duration,
    },
    /// The response is a problem.
    #[error("the request to the agent failed: {}: {}", .problem.title, .problem.detail)]
    Problem {
        /// Path of the socket.
        socket: PathBuf,
        /// The problem details of the response.
        problem: Box<ProblemView>,
    },
    /// The response is not in the expected format.
    #[error("the agent on {socket} sent a response that this program cannot read", socket = .socket.display())]
    InvalidResponse {
        /// Path of the socket.
        socket: PathBuf,
        /// The error of the JSON parser.
        source: serde_json::Error,
    },
}

impl ClientError {
    /// Returns whether the agent may be restarting, so that a retry can succeed.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::NotRunning { .. } | Self::ConnectionLost { .. } | Self::TimedOut { .. })
    }
}

impl Explain for ClientError {
    fn link(&self) -> Link {
        Link::Agent
    }

    fn class(&self) -> Class {
        match self {
            Self::NotRunning { .. } | Self::ConnectionLost { .. } => Class::Unavailable,
            Self::Denied { .. } => Class::Refused,
            Self::TimedOut { .. } => Class::TimedOut,
            Self::Problem { problem, .. } => match (&problem.failure, problem.status) {
                (Some(failure), _) => failure.class,
                (None, 403) => Class::Refused,
                (None, 404) => Class::Absent,
                (None, 429) => Class::Throttled,
                (None, 500..) => Class::Unavailable,
                (None, _) => Class::Invalid,
            },
            Self::InvalidResponse { .. } => Class::Unsupported,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::NotRunning { socket, .. }
            | Self::Denied { socket, .. }
            | Self::ConnectionLost { socket, .. }
            | Self::TimedOut { socket, .. }
            | Self::Problem { socket, .. }
            | Self::InvalidResponse { socket, .. } => socket.display().to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotRunning { .. } => Some(
                "start the agent with `systemctl start taskpull` or `taskpull serve`, or set `agent.socket` to the path of its socket"
                    .to_owned(),
            ),
            Self::Denied { group: Some(group), .. } => Some(format!(
                "add the user to the group {group}: `usermod --append --groups {group} USER`, then log in again"
            )),
            Self::Denied { group: None, .. } => {
                Some("run this as the agent's own user, or set `agent.socket_group` to a group of this user".to_owned())
            }
            Self::Problem { problem, .. } => problem.failure.as_ref()?.hint.as_ref().map(ToString::to_string),
            Self::InvalidResponse { .. } => {
                Some("compare `taskpull --version` with the version of the agent".to_owned())
            }
            Self::ConnectionLost { .. } | Self::TimedOut { .. } => {
                Some("see the log of the agent: `journalctl --unit taskpull`".to_owned())
            }
        }
    }
}
