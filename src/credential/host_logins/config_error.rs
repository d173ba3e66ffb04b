//! Why the documents with the host's logins cannot be used.
//!
//! No text repeats an unknown key or a value of a document.

use std::io;

use crate::credential::{
    content::EntryFault, content::ForeignForm, scope::REGISTRY_KEY_HINT, scope::SAME_REGISTRY_HINT,
};
use crate::error::{Class, Explain, Link};

/// The ECS agent's variable that contains logins.
pub(super) const AUTH_DATA: &str = "ECS_ENGINE_AUTH_DATA";

/// A document with the host's logins cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct HostLoginConfigError {
    /// The environment variable, or the path of the file.
    pub(super) place: String,
    pub(super) fault: HostLoginConfigFault,
}

/// What is wrong with the document. Entries are counted from 1.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostLoginConfigFault {
    /// `ECS_ENGINE_AUTH_TYPE` without `ECS_ENGINE_AUTH_DATA`.
    #[error("it is not set, but ECS_ENGINE_AUTH_TYPE is")]
    NoData,
    /// `ECS_ENGINE_AUTH_DATA` without `ECS_ENGINE_AUTH_TYPE`.
    #[error("it is set, but ECS_ENGINE_AUTH_TYPE is not")]
    NoType,
    #[error("logins of the host are supported on EC2 instances, not on {0}")]
    UnsupportedHost(&'static str),
    #[error("it cannot be read ({0})")]
    Unreadable(io::ErrorKind),
    #[error("it is not a regular file")]
    NotRegular,
    #[error("it is longer than 1 MiB")]
    TooLong,
    #[error("it is not UTF-8 text")]
    NotText,
    #[error("it is not JSON (line {line}, column {column}){}", reason(form.as_ref()))]
    NotJson { line: usize, column: usize, form: Option<ForeignForm> },
    #[error("it is JSON, but not an object{}", reason(.0.as_ref()))]
    NotAnObject(Option<ForeignForm>),
    /// `ECS_ENGINE_AUTH_DATA` with the `auths` of a Docker config around its entries; the first
    /// registry, if it may be shown.
    #[error("its entries are inside `auths`, as in a Docker config.json")]
    OuterAuths(Option<String>),
    #[error("it has none of `auths`, `credHelpers` and `credsStore`{}", reason(.0.as_ref()))]
    NoLoginKeys(Option<ForeignForm>),
    #[error("it is a login without its registry")]
    NoRegistry,
    /// An unknown key that is probably a misspelling, which Docker would ignore.
    #[error("it has an unknown key that resembles `{0}`")]
    SimilarKey(&'static str),
    /// A key occurs twice, perhaps in two spellings.
    #[error("`{0}` occurs twice")]
    DuplicateKey(&'static str),
    #[error("`{key}` is not {expected}")]
    WrongType { key: &'static str, expected: &'static str },
    #[error("the key of entry {0} is not a registry's host, with or without a path")]
    NotARegistry(usize),
    #[error("entry {0} has no login")]
    NoLogin(usize),
    #[error("entry {0}: {1}")]
    InvalidEntry(usize, EntryFault),
    /// Two entries by their keys, or by their numbers if their keys may not be shown.
    #[error("{0} and {1} are the same registry and path, and differ")]
    DuplicateEntry(String, String),
    /// The name of a helper could be a path or an argument.
    #[error("`{0}` has a helper name with characters other than letters, digits, `-` and `_`")]
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
            HostLoginConfigFault::InvalidEntry(_, EntryFault::RegistryToken)
            | HostLoginConfigFault::UnsupportedHost(_) => Class::Unsupported,
            _ => Class::Invalid,
        }
    }

    fn resource(&self) -> String {
        self.place.clone()
    }

    fn hint(&self) -> Option<String> {
        let is_variable = self.place == AUTH_DATA;
        let hint = match &self.fault {
            HostLoginConfigFault::OuterAuths(host) => {
                let host = host.as_deref().unwrap_or("HOST");
                return Some(format!("leave out the outer `auths`: {}", ecs_config_lines(host)));
            }
            HostLoginConfigFault::NoRegistry
            | HostLoginConfigFault::NotJson { .. }
            | HostLoginConfigFault::NotAnObject(_)
            | HostLoginConfigFault::NoLogin(_)
            | HostLoginConfigFault::InvalidEntry(_, EntryFault::NotAnObject | EntryFault::UnknownKey(_))
                if is_variable =>
            {
                return Some(ecs_config_lines("HOST"));
            }
            HostLoginConfigFault::NoRegistry
            | HostLoginConfigFault::NotJson { .. }
            | HostLoginConfigFault::NotAnObject(_)
            | HostLoginConfigFault::NoLoginKeys(Some(_)) => {
                r#"write it as `docker login` does: {"auths": {"HOST": {"auth": "…"}}}, where `auth` is the base64 of `user:password`"#
            }
            HostLoginConfigFault::NoData | HostLoginConfigFault::NoType => "set both variables, or neither",
            HostLoginConfigFault::UnsupportedHost(_) => {
                "remove this setting, and set a secret in each container's repositoryCredentials.credentialsParameter, which works on every host"
            }
            HostLoginConfigFault::Unreadable(io::ErrorKind::PermissionDenied) => {
                "give the user that runs taskpull read permission on the file, and search permission (`x`) on each folder above it"
            }
            HostLoginConfigFault::Unreadable(_) | HostLoginConfigFault::NotRegular => {
                "set instance.docker_config to the path of a regular file"
            }
            HostLoginConfigFault::NoLoginKeys(None) => {
                "set instance.docker_config to a Docker config.json; if the file contains no logins on purpose, write {\"auths\": {}} into it"
            }
            HostLoginConfigFault::SimilarKey(_) => {
                "correct the spelling, or remove the key: the logins under an unknown key would be ignored"
            }
            HostLoginConfigFault::NotARegistry(_) => REGISTRY_KEY_HINT,
            HostLoginConfigFault::DuplicateEntry(..) => SAME_REGISTRY_HINT,
            HostLoginConfigFault::HelperName(_) => "write the part of the program's name after `docker-credential-`",
            HostLoginConfigFault::InvalidEntry(_, EntryFault::RegistryToken) => {
                "use a user name and a password, or an identity token"
            }
            _ => {
                "docs/instance-credentials.md shows each format; the document is not quoted here because it contains logins"
            }
        };
        Some(hint.to_owned())
    }
}

/// The two variables for a registry, as they are written into the ECS agent's configuration file.
fn ecs_config_lines(host: &str) -> String {
    format!(
        r#"write these lines into /etc/ecs/ecs.config, without quotes around the values: `ECS_ENGINE_AUTH_TYPE=dockercfg` and `{AUTH_DATA}={{"{host}":{{"auth":"…"}}}}`, where `auth` is the base64 of `user:password`"#
    )
}

fn reason(form: Option<&ForeignForm>) -> String {
    form.map(|form| format!(": {form}")).unwrap_or_default()
}
