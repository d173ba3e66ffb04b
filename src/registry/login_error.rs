//! Why a registry did not let a login in.

use http::StatusCode;

use super::registry_error::RegistryError;
use crate::error::{Class, Explain, Link};

/// A login that was tried and did not get in, or could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No answer.
    #[error("{host} cannot be asked")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// Why not.
        source: RegistryError,
    },
    /// The deadline passed.
    #[error("{host} did not answer in time")]
    TimedOut {
        /// Who was asked.
        host: String,
    },
    /// An answer that is none of this API's.
    #[error("{host} answered HTTP {code}", code = .status.as_u16())]
    Status {
        /// Who was asked.
        host: String,
        /// What it answered.
        status: StatusCode,
    },
    /// It wants neither a login nor a token.
    #[error("{host} asks for a login in a way that is not known here")]
    Challenge {
        /// Who was asked.
        host: String,
    },
    /// The token service is not where a login may be sent.
    #[error("{host} names a token service without TLS, or one that is no address; the login was not sent there")]
    Realm {
        /// Who named it.
        host: String,
    },
    /// No token in the answer.
    #[error("{host} answered without a token")]
    NoToken {
        /// Who was asked.
        host: String,
    },
    /// The login itself.
    #[error("{host} does not accept this login (HTTP {code})", code = .status.as_u16())]
    Refused {
        /// Who was asked.
        host: String,
        /// What it answered.
        status: StatusCode,
    },
    /// The login is accepted, and does not reach the repository.
    #[error("{host} accepts this login, and does not let it read {repository} (HTTP {code})", code = .status.as_u16())]
    Repository {
        /// Who was asked.
        host: String,
        /// What it was asked for.
        repository: String,
        /// What it answered.
        status: StatusCode,
    },
    /// There is no such image, or the registry does not say that there is.
    #[error("{host} accepts this login, and has no {image} that it may see")]
    Absent {
        /// Who was asked.
        host: String,
        /// What it was asked for.
        image: String,
    },
}

impl Explain for LoginError {
    fn link(&self) -> Link {
        match self {
            Self::Repository { .. } => Link::Repository,
            Self::Absent { .. } => Link::Manifest,
            _ => Link::Registry,
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Unreachable { .. } => Class::Unavailable,
            Self::TimedOut { .. } => Class::TimedOut,
            Self::Status { status, .. } if *status == StatusCode::TOO_MANY_REQUESTS => Class::Throttled,
            Self::Status { status, .. } if status.is_server_error() => Class::Unavailable,
            Self::Status { .. } | Self::Challenge { .. } | Self::Realm { .. } | Self::NoToken { .. } => {
                Class::Unsupported
            }
            Self::Refused { .. } | Self::Repository { .. } => Class::Refused,
            Self::Absent { .. } => Class::Absent,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Repository { host, repository, .. } => format!("{host}/{repository}"),
            Self::Absent { host, image } => format!("{host}/{image}"),
            Self::Unreachable { host, .. }
            | Self::TimedOut { host }
            | Self::Status { host, .. }
            | Self::Challenge { host }
            | Self::Realm { host }
            | Self::NoToken { host }
            | Self::Refused { host, .. } => host.clone(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => {
                "it is asked directly, without a proxy, by https (by http on this machine): see DNS, route, firewall, and the system's certificates"
            }
            Self::Status { status, .. } if status.is_redirection() => {
                "a login is not carried to another address: name the registry that answers itself"
            }
            Self::Status { .. } => "is it a registry? its API is under /v2/",
            Self::Refused { .. } => {
                "compare user name and token with the registry: was the token revoked, has it ended, is it another account's?"
            }
            Self::Repository { .. } => {
                "let the token read the repository (its scope, the account's permission), and see the name for a slip"
            }
            Self::Absent { .. } => {
                "see repository and tag for a slip; some registries say this of what a login may not see"
            }
            Self::Challenge { .. } | Self::Realm { .. } | Self::NoToken { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
