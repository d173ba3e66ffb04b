//! Why the agent did not do what was asked of it, for whoever asked.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::api::ProblemView;
use crate::error::{Class, Explain, Link};

/// Why it did not.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no agent answers at {socket}", socket = .socket.display())]
    NotRunning {
        /// The socket.
        socket: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// This user may not open the socket.
    #[error("this user may not open the agent's socket {socket}", socket = .socket.display())]
    Denied {
        /// The socket.
        socket: PathBuf,
        /// The group that may.
        group: Option<String>,
        /// The system's word.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to the agent at {socket} broke", socket = .socket.display())]
    Broken {
        /// The socket.
        socket: PathBuf,
        /// How.
        source: io::Error,
    },
    /// It took too long.
    #[error("the agent at {socket} has not answered within {} s", .within.as_secs(), socket = .socket.display())]
    Silent {
        /// The socket.
        socket: PathBuf,
        /// How long.
        within: Duration,
    },
    /// It said why not.
    #[error("the agent: {}: {}", .problem.title, .problem.detail)]
    Problem {
        /// The socket.
        socket: PathBuf,
        /// What it said.
        problem: Box<ProblemView>,
    },
    /// It said something that this program does not know.
    #[error("the agent at {socket} said what this program does not understand", socket = .socket.display())]
    NotUnderstood {
        /// The socket.
        socket: PathBuf,
        /// What is odd about it.
        source: serde_json::Error,
    },
}

impl ClientError {
    /// Whether the agent may be back soon: it is not there, or went away.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::NotRunning { .. } | Self::Broken { .. } | Self::Silent { .. })
    }
}

impl Explain for ClientError {
    fn link(&self) -> Link {
        Link::Agent
    }

    fn class(&self) -> Class {
        match self {
            Self::NotRunning { .. } | Self::Broken { .. } => Class::Unavailable,
            Self::Denied { .. } => Class::Refused,
            Self::Silent { .. } => Class::TimedOut,
            Self::Problem { problem, .. } => match (&problem.failure, problem.status) {
                (Some(failure), _) => failure.class,
                (None, 403) => Class::Refused,
                (None, 404) => Class::Absent,
                (None, 429) => Class::Throttled,
                (None, 500..) => Class::Unavailable,
                (None, _) => Class::Invalid,
            },
            Self::NotUnderstood { .. } => Class::Unsupported,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::NotRunning { socket, .. }
            | Self::Denied { socket, .. }
            | Self::Broken { socket, .. }
            | Self::Silent { socket, .. }
            | Self::Problem { socket, .. }
            | Self::NotUnderstood { socket, .. } => socket.display().to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotRunning { .. } => Some(
                "start it: `systemctl start taskpull`, or `taskpull serve`; or say where it is: `agent.socket`"
                    .to_owned(),
            ),
            Self::Denied { group: Some(group), .. } => Some(format!(
                "members of the group {group} may: `usermod --append --groups {group} USER`, then log in anew"
            )),
            Self::Denied { group: None, .. } => Some("the agent's own user may: `agent.socket_group`".to_owned()),
            Self::Problem { problem, .. } => problem.failure.as_ref()?.hint.as_ref().map(ToString::to_string),
            Self::NotUnderstood { .. } => Some("is it of the same version? `taskpull --version`".to_owned()),
            Self::Broken { .. } | Self::Silent { .. } => None,
        }
    }
}
