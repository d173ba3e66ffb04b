//! What can be wrong with the host's own credentials before anything is pulled.
//!
//! None of it repeats a key or a value of the data.

use std::io;

use crate::credential::EntryFault;
use crate::credential::scope::WRITE_A_REGISTRY;
use crate::error::{Class, Explain, Link};

/// The host's own credentials cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct HostLoginConfigError {
    /// The variable or the file.
    pub(super) place: String,
    /// What is wrong with it.
    pub(super) fault: HostLoginConfigFault,
}

/// What is wrong. Entries are counted from 1.
#[derive(Debug, thiserror::Error)]
pub(super) enum HostLoginConfigFault {
    /// `ECS_ENGINE_AUTH_TYPE` without `ECS_ENGINE_AUTH_DATA`.
    #[error("it is not set, but ECS_ENGINE_AUTH_TYPE is")]
    NoData,
    /// `ECS_ENGINE_AUTH_DATA` without `ECS_ENGINE_AUTH_TYPE`.
    #[error("it is set, but ECS_ENGINE_AUTH_TYPE is not")]
    NoType,
    /// The host is of a kind that has no logins of its own.
    #[error("a host's own logins are for EC2 instances, not for {0}")]
    NotOn(&'static str),
    /// The file cannot be read.
    #[error("it cannot be read ({0})")]
    Unreadable(io::ErrorKind),
    /// A folder, a pipe, a device, …
    #[error("it is not a regular file")]
    NotRegular,
    /// Longer than any such file.
    #[error("it is longer than 1 MiB")]
    Long,
    /// Not UTF-8.
    #[error("it is not text in UTF-8")]
    NotText,
    /// Not JSON.
    #[error("it is not JSON (line {0}, column {1})")]
    NotJson(usize, usize),
    /// JSON, and not an object.
    #[error("it is JSON, but not an object")]
    NotAnObject,
    /// A Docker config that says nothing about logins.
    #[error("it has none of `auths`, `credHelpers` and `credsStore`")]
    Nothing,
    /// A key that was probably meant for another, which Docker would pass over.
    #[error("it has a key that resembles `{0}` and is another")]
    Resembles(&'static str),
    /// A key stands there twice, if need be in two spellings.
    #[error("`{0}` stands there twice")]
    KeyTwice(&'static str),
    /// A key's value is of another kind.
    #[error("`{0}` is not {1}")]
    Form(&'static str, &'static str),
    /// A key that names no registry.
    #[error("the key of entry {0} is not a registry's host, with or without a path")]
    NoRegistry(usize),
    /// Nothing to log in with.
    #[error("entry {0} has no login")]
    NoLogin(usize),
    /// An entry is no login.
    #[error("entry {0}: {1}")]
    Entry(usize, EntryFault),
    /// Two entries for the same.
    #[error("entry {0} is for the same registry and path as one before it")]
    Twice(usize),
    /// A helper's name that could be a path or an argument.
    #[error("`{0}` names a helper with other characters than letters, digits, `-` and `_`")]
    HelperName(&'static str),
}

impl Explain for HostLoginConfigError {
    fn link(&self) -> Link {
        Link::InstanceCredentials
    }

    fn class(&self) -> Class {
        match self.fault {
            HostLoginConfigFault::Unreadable(io::ErrorKind::PermissionDenied) => Class::Refused,
            HostLoginConfigFault::Unreadable(_) => Class::Absent,
            HostLoginConfigFault::Entry(_, EntryFault::RegistryToken) | HostLoginConfigFault::NotOn(_) => {
                Class::Unsupported
            }
            _ => Class::Invalid,
        }
    }

    fn resource(&self) -> String {
        self.place.clone()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self.fault {
            HostLoginConfigFault::NoData | HostLoginConfigFault::NoType => "set both or neither",
            HostLoginConfigFault::NotOn(_) => {
                "unset it, and name a secret in each container's repositoryCredentials.credentialsParameter: that works on every host"
            }
            HostLoginConfigFault::Unreadable(io::ErrorKind::PermissionDenied) => {
                "the user that runs taskpull needs read access to the file, and search access (`x`) to each folder above it"
            }
            HostLoginConfigFault::Unreadable(_) | HostLoginConfigFault::NotRegular => {
                "instance.docker_config must name a file that is there"
            }
            HostLoginConfigFault::Nothing => {
                "name a Docker config.json; one that has no logins on purpose says so: {\"auths\": {}}"
            }
            HostLoginConfigFault::Resembles(_) => {
                "spell it so, or take it out: an unknown key would be passed over, with its logins"
            }
            HostLoginConfigFault::NoRegistry(_) => WRITE_A_REGISTRY,
            HostLoginConfigFault::Twice(_) => {
                "leave one: docker.io, index.docker.io and registry-1.docker.io are one registry"
            }
            HostLoginConfigFault::HelperName(_) => "give what follows `docker-credential-` in the program's name",
            HostLoginConfigFault::Entry(_, EntryFault::RegistryToken) => {
                "log in with a user name and a password, or with an identity token"
            }
            _ => "docs/instance-credentials.md shows each form; the text is not repeated here, as it holds logins",
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::{HostLoginConfigError, HostLoginConfigFault};
    use crate::error::{Class, Explain as _};

    #[test]
    fn a_file_that_may_not_be_read_is_told_from_one_that_is_not_there() {
        let of = |kind| HostLoginConfigError {
            place: "/etc/taskpull/docker.json".to_owned(),
            fault: HostLoginConfigFault::Unreadable(kind),
        };
        let (denied, absent) = (of(ErrorKind::PermissionDenied), of(ErrorKind::NotFound));
        assert_eq!((denied.class(), absent.class()), (Class::Refused, Class::Absent));
        assert!(denied.hint().unwrap().contains("the user that runs taskpull needs read access"));
        assert_ne!(denied.hint(), absent.hint());
        assert_eq!(denied.to_string(), "/etc/taskpull/docker.json: it cannot be read (permission denied)");
    }
}
