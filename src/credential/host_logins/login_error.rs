//! Why a login of the host that the plan names cannot be read.

use crate::error::{Class, Explain, Link};

/// A login of the host cannot be read. Each variant contains the registry, or the path in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum HostLoginError {
    /// The host's logins have changed since the plan was made.
    #[error("the host has no login for {0}")]
    NotFound(String),
    /// Docker leaves such an entry when it gives the login to a credential store.
    #[error("the Docker config's entry for {0} is empty, and no credential helper is configured for it")]
    EmptyEntry(String),
    /// The code that reads the login has panicked.
    #[error("reading the host's login for {0} ended without a result")]
    Panicked(String),
}

impl Explain for HostLoginError {
    fn link(&self) -> Link {
        Link::InstanceCredentials
    }

    fn class(&self) -> Class {
        match self {
            Self::NotFound(_) | Self::EmptyEntry(_) => Class::Absent,
            Self::Panicked(_) => Class::Unknown,
        }
    }

    fn resource(&self) -> String {
        let (Self::NotFound(scope) | Self::EmptyEntry(scope) | Self::Panicked(scope)) = self;
        scope.clone()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound(_) => return None,
            Self::EmptyEntry(_) => {
                "put the login into the entry, or set its helper in `credHelpers` or `credsStore`; remove the entry if the registry needs no login"
            }
            Self::Panicked(_) => "this is a bug in taskpull: please report it, with the output of RUST_LOG=debug",
        };
        Some(hint.to_owned())
    }
}
