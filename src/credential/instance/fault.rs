//! What can be wrong with the host's own credentials before anything is pulled.
//!
//! None of it repeats a key or a value of the data.

use std::io;

use crate::error::{Class, Explain, Link};

/// The host's own credentials cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct InstanceError {
    /// The variable or the file.
    pub(super) place: String,
    /// What is wrong with it.
    pub(super) fault: Fault,
}

/// What is wrong. Entries are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
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
    /// Longer than any such file.
    #[error("it is longer than 1 MiB")]
    Long,
    /// Not JSON.
    #[error("it is not JSON (line {0}, column {1})")]
    NotJson(usize, usize),
    /// JSON of another form.
    #[error("it is JSON, but not of the documented form (line {0}, column {1})")]
    Form(usize, usize),
    /// A key that names no registry.
    #[error("the key of entry {0} is not a registry's host, with or without a path")]
    NoRegistry(usize),
    /// Nothing to log in with.
    #[error("entry {0} has no login")]
    NoLogin(usize),
    /// A user name or a password, and not both.
    #[error("entry {0} has a user name without a password, or a password without a user name")]
    HalfALogin(usize),
    /// `auth` cannot be decoded.
    #[error("`auth` of entry {0} is not the base64 of a text")]
    NotBase64(usize),
    /// `auth` decodes to something else.
    #[error("`auth` of entry {0} is not the base64 of `user:password`: it has no colon")]
    NoColon(usize),
    /// `registrytoken`.
    #[error("entry {0} has a `registrytoken`, which is good for one request only")]
    RegistryToken(usize),
    /// Two entries for the same.
    #[error("entry {0} is for the same registry and path as one before it")]
    Twice(usize),
    /// A helper's name that could be a path or an argument.
    #[error("`{0}` names a helper with other characters than letters, digits, `-` and `_`")]
    HelperName(&'static str),
}

impl Explain for InstanceError {
    fn link(&self) -> Link {
        Link::InstanceCredentials
    }

    fn class(&self) -> Class {
        match self.fault {
            Fault::Unreadable(_) => Class::Absent,
            Fault::RegistryToken(_) | Fault::NotOn(_) => Class::Unsupported,
            _ => Class::Invalid,
        }
    }

    fn thing(&self) -> String {
        self.place.clone()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self.fault {
            Fault::NoData | Fault::NoType => "set both or neither",
            Fault::NotOn(_) => {
                "unset it, and name a secret in each container's repositoryCredentials.credentialsParameter: that works on every host"
            }
            Fault::Unreadable(_) => "taskpull must be allowed to read the file that instance.docker_config names",
            Fault::Twice(_) => "leave one: docker.io, index.docker.io and registry-1.docker.io are one registry",
            Fault::HelperName(_) => "give what follows `docker-credential-` in the program's name",
            Fault::RegistryToken(_) => "log in with a user name and a password, or with an identity token",
            _ => "docs/instance-credentials.md shows each form; the text is not repeated here, as it holds logins",
        };
        Some(hint.to_owned())
    }
}
