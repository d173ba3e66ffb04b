//! The error of a login check.

use super::login_target::LoginTarget;
use super::meaning::meaning;
use super::registry_error::RegistryError;
use crate::answers::{Reaction, SentLogin};
use crate::error::{Class, Explain, Link};

/// Why a registry did not accept a login, or why it could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// A request failed, or its answer is an error.
    #[error("{}: {}", target.name(), meaning(target, login, source).explanation)]
    Request {
        /// The registry or image that was checked.
        target: Box<LoginTarget>,
        /// What the request had: the login or a token for it, or nothing.
        login: SentLogin,
        /// Why the request failed.
        source: RegistryError,
    },
    /// The login is accepted, but may not read the repository.
    #[error("{} accepts this login, but does not let it read {}", target.host(), target.reference().repository())]
    Repository {
        /// The image that was checked.
        target: Box<LoginTarget>,
        /// The registry's answer about the repository.
        source: RegistryError,
    },
    /// The registry accepts the login for the image, but does not ask for it where engines look.
    #[error(
        "{host} lets the login read {image}, but answers `/v2/` without asking for a login, so that Docker Engine sends none unless it uses the containerd image store"
    )]
    NotAsked {
        /// The host that received the request.
        host: String,
        /// The image that was requested, with its tag or digest.
        image: String,
    },
    /// The time limit passed.
    #[error("{host} did not answer in time")]
    TimedOut {
        /// The host that received the request.
        host: String,
    },
}

impl LoginError {
    /// The same error, after the registry has accepted the login elsewhere.
    pub(super) fn about_repository(self) -> Self {
        match self {
            Self::Request { target, source, .. } => Self::Repository { target, source },
            other => other,
        }
    }

    /// Whether the registry did not accept the login itself.
    pub(super) fn is_refused_login(&self) -> bool {
        let Self::Request { target, login, source } = self else { return false };
        let meaning = meaning(target, login, source);
        *login != SentLogin::Anonymous && meaning.link == Link::Registry && meaning.reaction == Reaction::NewerLogin
    }
}

impl Explain for LoginError {
    fn link(&self) -> Link {
        match self {
            Self::Request { target, login, source } => meaning(target, login, source).link,
            Self::Repository { .. } => Link::Repository,
            Self::NotAsked { .. } | Self::TimedOut { .. } => Link::Registry,
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Request { target, login, source } => meaning(target, login, source).class,
            Self::Repository { .. } => Class::Refused,
            Self::NotAsked { .. } => Class::Unsupported,
            Self::TimedOut { .. } => Class::TimedOut,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Request { target, .. } => target.name(),
            Self::Repository { target, .. } => target.reference().name(),
            Self::NotAsked { host, image } => format!("{host}/{image}"),
            Self::TimedOut { host } => host.clone(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Request { target, login, source } => meaning(target, login, source).hint.map(Into::into),
            Self::Repository { .. } => Some(
                "let the token read the repository (its scope, the permission of its account), and check the spelling of the name"
                    .to_owned(),
            ),
            Self::NotAsked { .. } => Some(
                "make the registry answer `/v2/` with 401 and a `WWW-Authenticate` header: switch off its anonymous access, or forward the header in the proxy in front of it"
                    .to_owned(),
            ),
            Self::TimedOut { .. } => Some(
                "taskpull contacts the registry directly, without a proxy, by https (on this machine by http): check DNS, routes and the firewall"
                    .to_owned(),
            ),
        }
    }
}
