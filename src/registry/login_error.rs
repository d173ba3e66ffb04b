//! The error of a login check.

use http::StatusCode;

use super::http_client::RegistryError;
use crate::error::{Class, Explain, Link};

/// Why a registry did not accept a login, or why it could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The request failed, so there is no usable response.
    #[error("the request to {host} failed")]
    Unreachable {
        /// The host that received the request.
        host: String,
        /// Why the request failed.
        source: RegistryError,
    },
    /// The time limit passed.
    #[error("{host} did not answer in time")]
    TimedOut {
        /// The host that received the request.
        host: String,
    },
    /// The response is not one of a registry.
    #[error("{host} answered HTTP {code}", code = .status.as_u16())]
    Status {
        /// The host that received the request.
        host: String,
        /// The status of the response.
        status: StatusCode,
    },
    /// The registry requires a kind of authentication that taskpull does not support.
    #[error("{host} requires a kind of authentication that taskpull does not support")]
    Challenge {
        /// The host that received the request.
        host: String,
    },
    /// The registry names a token service to which a login may not be sent.
    #[error("{host} names a token service without TLS or with an invalid address; the login was not sent there")]
    Realm {
        /// The registry that names the service.
        host: String,
    },
    /// The response of the token service has no token.
    #[error("{host} answered without a token")]
    NoToken {
        /// The host that received the request.
        host: String,
    },
    /// The registry or its token service does not accept the login.
    #[error("{host} does not accept this login (HTTP {code})", code = .status.as_u16())]
    Refused {
        /// The host that received the request.
        host: String,
        /// The status of the response.
        status: StatusCode,
    },
    /// The login is accepted, but may not read the repository.
    #[error("{host} accepts this login, but does not let it read {repository} (HTTP {code})", code = .status.as_u16())]
    Repository {
        /// The host that received the request.
        host: String,
        /// The repository that was requested.
        repository: String,
        /// The status of the response.
        status: StatusCode,
    },
    /// The image does not exist, or the registry hides it from this login.
    #[error("{host} accepts this login, but has no image {image} that the login may read")]
    Absent {
        /// The host that received the request.
        host: String,
        /// The image that was requested, with its tag or digest.
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
                "taskpull contacts the registry directly, without a proxy, by https (on this machine by http): check DNS, routes, the firewall and the system's certificates"
            }
            Self::Status { status, .. } if status.is_redirection() => {
                "a login is not sent to a different address: name the registry that answers without a redirect"
            }
            Self::Status { .. } if self.class() != Class::Unsupported => {
                "the registry is overloaded or has a fault: try again later"
            }
            Self::Status { .. } => "check that the host is a registry; its API is under /v2/",
            Self::Refused { .. } => {
                "compare the user name and the token with the registry: the token may be revoked, expired, or of a different account"
            }
            Self::Repository { .. } => {
                "let the token read the repository (its scope, the permission of its account), and check the spelling of the name"
            }
            Self::Absent { .. } => {
                "check the spelling of repository and tag; some registries give this answer for an image that the login may not read"
            }
            Self::Challenge { .. } | Self::Realm { .. } | Self::NoToken { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
