//! What can go wrong between us and the engine.

use std::io;

use crate::error::{Class, Explain, Link};

/// The engine could not do it, or could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Nobody can be asked (G3).
    #[error("no Docker Engine at {host}: {why}")]
    Unreachable {
        /// The engine's address.
        host: String,
        /// Why not.
        why: Unreachable,
    },
    /// The engine said no, before the stream (with its HTTP status) or within it (200).
    #[error("{text}")]
    Said {
        /// HTTP status.
        status: u16,
        /// The stream's `errorDetail.code`, where it has one.
        code: Option<i64>,
        /// The engine's own words.
        text: String,
    },
    /// The engine's answer is not what the API says.
    #[error("the engine at {host} does not speak the Docker Engine API as expected: {why}")]
    Garbled {
        /// The engine's address.
        host: String,
        /// What was odd.
        why: String,
    },
}

/// Why the engine cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The socket is not there.
    #[error("there is no such socket")]
    NoSocket,
    /// The socket is there and may not be opened.
    #[error("this user may not open the socket")]
    Forbidden,
    /// Nobody listens.
    #[error("nobody listens there")]
    NobodyListens,
    /// It listens and does not answer.
    #[error("it does not answer")]
    Silent,
    /// This process, or the system, has no file descriptor left.
    #[error("too many files are open")]
    TooManyFiles,
    /// The connection ended too early.
    #[error("the connection broke: {0}")]
    Broke(String),
    /// The address cannot be used.
    #[error("{0}")]
    Address(&'static str),
}

impl From<&io::Error> for Unreachable {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoSocket,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            io::ErrorKind::ConnectionRefused => Self::NobodyListens,
            // EMFILE and ENFILE have no kind of their own.
            _ if matches!(error.raw_os_error(), Some(23 | 24)) => Self::TooManyFiles,
            _ => Self::Broke(error.to_string()),
        }
    }
}

impl Explain for EngineError {
    fn link(&self) -> Link {
        Link::Engine
    }

    fn class(&self) -> Class {
        match self {
            Self::Unreachable { why: Unreachable::Address(_), .. } => Class::Invalid,
            Self::Unreachable { why: Unreachable::TooManyFiles, .. } => Class::Unavailable,
            Self::Unreachable { .. } => Class::EngineGone,
            Self::Garbled { .. } => Class::Unsupported,
            Self::Said { .. } => Class::Unknown,
        }
    }

    fn thing(&self) -> String {
        match self {
            Self::Unreachable { host, .. } | Self::Garbled { host, .. } => host.clone(),
            Self::Said { .. } => "Docker Engine".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreachable { why: Unreachable::NoSocket, .. } => {
                "install and start Docker (`systemctl start docker`), or set DOCKER_HOST; in a container mount the host's socket"
            }
            Self::Unreachable { why: Unreachable::Forbidden, .. } => {
                "run as root or as a member of the group that owns the socket (`ls -l` shows it, usually `docker`)"
            }
            Self::Unreachable { why: Unreachable::NobodyListens, .. } => {
                "the daemon is down: `systemctl status docker` and `journalctl -u docker` say why"
            }
            Self::Unreachable { why: Unreachable::Silent, .. } => {
                "the daemon hangs: `journalctl -u docker` may say why, `systemctl restart docker` helps"
            }
            Self::Unreachable { why: Unreachable::TooManyFiles, .. } => {
                "raise the limit of open files (`ulimit -n`), or lower pull.concurrency"
            }
            Self::Unreachable { why: Unreachable::Broke(_), .. } => {
                "the daemon ended or was restarted: `journalctl -u docker` says why; then run this again"
            }
            Self::Unreachable { why: Unreachable::Address(_), .. } => {
                "DOCKER_HOST or engine.host is `unix:///path/to/socket` or `tcp://host:port`"
            }
            Self::Garbled { .. } => "Docker Engine 20.10 (API 1.41) or newer is needed: `docker version` shows it",
            Self::Said { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
