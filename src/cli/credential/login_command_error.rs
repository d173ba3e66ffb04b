//! Why a command has no login to print.

use crate::error::{Class, Excerpt, Explain, Link};

/// Why a command has no login to print.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum LoginCommandError {
    /// The value of `--registry` is not a registry host.
    #[error("`{0}` is not a registry host")]
    NotARegistry(Excerpt),
    /// taskpull has no login for this registry host.
    #[error("{0} is neither an ECR registry nor listed under [[registry]]")]
    UnknownRegistry(String),
    /// The registry's login is a token that cannot be used as a password.
    #[error("the login of {0} is an identity token, not a password")]
    IdentityToken(String),
}

impl Explain for LoginCommandError {
    fn link(&self) -> Link {
        match self {
            Self::NotARegistry(_) | Self::UnknownRegistry(_) => Link::Configuration,
            Self::IdentityToken(_) => Link::Content,
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::NotARegistry(_) => Class::Invalid,
            Self::UnknownRegistry(_) => Class::Absent,
            Self::IdentityToken(_) => Class::Unsupported,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::NotARegistry(host) => host.to_string(),
            Self::UnknownRegistry(host) | Self::IdentityToken(host) => host.clone(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotARegistry(_) => "write `host` or `host:port`, the part of an image name before the first slash",
            Self::UnknownRegistry(_) => {
                "add a [[registry]] with this host and its secret to the configuration: docs/credential-helper.md"
            }
            Self::IdentityToken(_) => "use Docker's credential helper, which can return identity tokens",
        };
        Some(hint.to_owned())
    }
}
