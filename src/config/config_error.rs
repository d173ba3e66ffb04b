//! Why a configuration cannot be used.

use std::io;
use std::path::PathBuf;

use super::table::SETTINGS;
use super::{accounts, registries, rewrites};
use crate::error::{Class, Explain, Link};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What the service manager handed over cannot be read.
    #[error("the credential {path} cannot be read", path = .path.display())]
    Credential {
        /// Its file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path}, line {line}: {message}", path = .path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A variable's value is no text.
    #[error("the environment variable {variable} is not valid UTF-8")]
    NotUnicode {
        /// Its name.
        variable: &'static str,
    },
    /// A variable names a proxy, and no proxy is to be found in it.
    #[error("the environment variable {variable} is not the address of a proxy")]
    Proxy {
        /// Its name.
        variable: &'static str,
    },
    /// The file has a key that means nothing.
    #[error("the configuration file {path} has a setting `{key}` that does not exist", path = .path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// A secret stands in the file.
    #[error("the configuration file {path} has `{key}`, which holds secrets", path = .path.display())]
    SecretInFile {
        /// The file.
        path: PathBuf,
        /// The setting.
        key: &'static str,
        /// The variable that is its place.
        variable: &'static str,
    },
    /// An entry of a list is not what it must be.
    #[error("the configuration file {path}, {list} number {at}: {message}", path = .path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The list.
        list: &'static str,
        /// The entry's place, from 1.
        at: usize,
        /// What is wrong with it.
        message: String,
    },
    /// Two settings of which one place may have one.
    #[error("{one} and {other} are both set, by {origin}")]
    Both {
        /// The one.
        one: &'static str,
        /// The other.
        other: &'static str,
        /// Where.
        origin: String,
    },
    /// A value is not what it must be.
    #[error("{key} is `{value}` (from {origin}), but must be {wanted}")]
    Value {
        /// The setting.
        key: &'static str,
        /// The value found.
        value: String,
        /// Where it was found.
        origin: String,
        /// What it must be.
        wanted: String,
    },
}

impl Explain for ConfigError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        match self {
            Self::Unreadable { path, .. } | Self::Credential { path, .. } | Self::NotToml { path, .. } => {
                path.display().to_string()
            }
            Self::UnknownKey { key, .. } => key.clone(),
            Self::Entry { list, .. } => (*list).to_owned(),
            Self::NotUnicode { variable } | Self::Proxy { variable } => (*variable).to_owned(),
            Self::Value { key, .. } | Self::SecretInFile { key, .. } | Self::Both { one: key, .. } => (*key).to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { .. } => {
                let settings = SETTINGS.iter().filter(|setting| !setting.is_secret());
                let lists = [accounts::KEY, registries::KEY, rewrites::KEY];
                let keys: Vec<_> = settings.map(|setting| setting.key).chain(lists).collect();
                Some(format!("there are: {}", keys.join(", ")))
            }
            Self::SecretInFile { key, variable, .. } => Some(format!(
                "its place is the environment variable {variable}, or for a service of systemd LoadCredential={key}:FILE"
            )),
            Self::Proxy { .. } => Some(
                "it must be `http://host:port` or `https://host:port`, and a login before the host is percent-encoded; its value may hold a password and is not shown".to_owned(),
            ),
            _ => Some("docs/configuration.md has every setting".to_owned()),
        }
    }
}
