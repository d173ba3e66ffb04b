//! Why a login of the host's own that the plan names cannot be had.

use crate::error::{Class, Explain, Link};

/// There is none; each with what it would have been for.
#[derive(Debug, thiserror::Error)]
pub(super) enum HostLoginError {
    /// A plan was made with other credentials than those it is carried out with.
    #[error("there is no login for {0} among the host's own")]
    NotThere(String),
    /// Docker leaves such an entry when it gives the login to a credential store.
    #[error("the Docker config's entry for {0} is empty, and no credential helper is named that has its login")]
    Empty(String),
    /// A fault of ours.
    #[error("the search for the host's login for {0} ended without an answer")]
    Lost(String),
}

impl Explain for HostLoginError {
    fn link(&self) -> Link {
        Link::InstanceCredentials
    }

    fn class(&self) -> Class {
        match self {
            Self::NotThere(_) | Self::Empty(_) => Class::Absent,
            Self::Lost(_) => Class::Unknown,
        }
    }

    fn resource(&self) -> String {
        let (Self::NotThere(scope) | Self::Empty(scope) | Self::Lost(scope)) = self;
        scope.clone()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotThere(_) => return None,
            Self::Empty(_) => {
                "put the login into the entry, or name the helper that has it in `credHelpers` or `credsStore`; a registry that needs no login needs no entry"
            }
            Self::Lost(_) => "this is a fault of taskpull's: please report it, with what RUST_LOG=debug shows",
        };
        Some(hint.to_owned())
    }
}
