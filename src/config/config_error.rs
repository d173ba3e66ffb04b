//! Why a configuration cannot be used.

use std::io;
use std::path::PathBuf;

use super::table::SETTINGS;
use super::{account_entry, registry_entry, rewrite_entry};
use crate::error::{Class, Excerpt, Explain, Link};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file cannot be read.
    #[error("cannot read the configuration file {path}", path = .path.display())]
    UnreadableFile {
        /// Path of the file.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
    /// A secret that the service manager passes cannot be read.
    #[error("cannot read the credential {path}", path = .path.display())]
    UnreadableCredential {
        /// Path of the file in the credentials folder.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
    /// The configuration file is not TOML.
    #[error("the configuration file {path}, line {line}: {message}", path = .path.display())]
    NotToml {
        /// Path of the file.
        path: PathBuf,
        /// Line of the error, from 1.
        line: usize,
        /// The parser's message, which does not quote the line.
        message: String,
    },
    /// The value of an environment variable is not text.
    #[error("the environment variable {variable} is not valid UTF-8")]
    NotUnicode {
        /// Name of the variable.
        variable: &'static str,
    },
    /// An environment variable that names a proxy contains no proxy's address.
    #[error("the environment variable {variable} is not the address of a proxy")]
    InvalidProxy {
        /// Name of the variable.
        variable: &'static str,
    },
    /// An environment variable that the AWS SDK reads has a value that it cannot use.
    #[error("the environment variable {variable} {flaw}")]
    InvalidVariable {
        /// Name of the variable.
        variable: &'static str,
        /// What is wrong, as a verb phrase. It shows the value only if that is no part of a login.
        flaw: String,
    },
    /// The configuration file has an unknown key.
    #[error("the configuration file {path} has an unknown setting `{key}`", path = .path.display())]
    UnknownKey {
        /// Path of the file.
        path: PathBuf,
        /// The key, as written in the file.
        key: String,
    },
    /// The configuration file contains a secret.
    #[error("the configuration file {path} has `{key}`, a secret that must not be in a file", path = .path.display())]
    SecretInFile {
        /// Path of the file.
        path: PathBuf,
        /// Key of the setting.
        key: &'static str,
        /// The environment variable to set instead.
        variable: &'static str,
    },
    /// An entry of a list is malformed.
    #[error("the configuration file {path}, [[{list}]], entry {index}: {message}", path = .path.display())]
    InvalidEntry {
        /// Path of the file.
        path: PathBuf,
        /// Key of the list.
        list: &'static str,
        /// Position of the entry, from 1.
        index: usize,
        /// What is wrong with the entry; does not quote it.
        message: String,
    },
    /// One source sets two settings that exclude each other.
    #[error("{first} and {second} are both set by {origin}; set one of them")]
    Conflict {
        /// Key of the first setting.
        first: &'static str,
        /// Key of the second setting.
        second: &'static str,
        /// The file or flag that sets both.
        origin: String,
    },
    /// The value of a setting is in a wrong form or means something else.
    #[error("{key} is `{value}`: {reason}")]
    MistakenValue {
        /// Key of the setting.
        key: &'static str,
        /// The value without what may be a login.
        value: Excerpt,
        /// What is wrong with the value.
        reason: String,
        /// What to write in its place, if that is known.
        hint: Option<String>,
    },
    /// A setting does not accept its value.
    #[error("{key} is `{value}` (from {origin}), but must be {expected}")]
    InvalidValue {
        /// Key of the setting.
        key: &'static str,
        /// The value without what may be a login, or `…` if it must not be shown.
        value: Excerpt,
        /// The flag, variable or file that sets it.
        origin: String,
        /// The values that the setting accepts.
        expected: String,
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
            Self::UnreadableFile { path, .. }
            | Self::UnreadableCredential { path, .. }
            | Self::NotToml { path, .. } => path.display().to_string(),
            Self::UnknownKey { key, .. } => key.clone(),
            Self::InvalidEntry { list, .. } => (*list).to_owned(),
            Self::NotUnicode { variable }
            | Self::InvalidProxy { variable }
            | Self::InvalidVariable { variable, .. } => (*variable).to_owned(),
            Self::InvalidValue { key, .. }
            | Self::MistakenValue { key, .. }
            | Self::SecretInFile { key, .. }
            | Self::Conflict { first: key, .. } => (*key).to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnreadableFile { .. } | Self::UnreadableCredential { .. } => {
                Some("check that the file exists and that this user may read it".to_owned())
            }
            Self::UnknownKey { key, .. } => {
                let table = key.split_once('.').map(|(table, _)| table);
                Some(match keys(table) {
                    keys if keys.is_empty() => format!("the tables are: {}", tables().join(", ")),
                    keys => format!("the settings of this table are: {}", keys.join(", ")),
                })
            }
            Self::SecretInFile { key, variable, .. } => Some(format!(
                "set the environment variable {variable}, or for a systemd service LoadCredential={key}:FILE"
            )),
            Self::MistakenValue { hint: Some(hint), .. } => Some(hint.clone()),
            Self::NotUnicode { .. } => Some("set it to UTF-8 text, or unset it".to_owned()),
            Self::InvalidProxy { .. } => Some(
                "use `http://host:port` or `https://host:port`, with a percent-encoded login before the host if the \
                 proxy needs one; the value may contain a password and is not shown"
                    .to_owned(),
            ),
            Self::InvalidVariable { variable, .. } => Some(format!(
                "correct it where it is set (the shell, `Environment=` or the env file of the service, the task definition), or unset it: `unset {variable}`"
            )),
            Self::InvalidValue { key, .. } => {
                let default = SETTINGS.iter().find(|setting| setting.key == *key).and_then(|setting| setting.default);
                let example = default.map(|default| format!("write a value such as its default, `{default}`; "));
                Some(example.unwrap_or_default() + DOCUMENT)
            }
            _ => Some(DOCUMENT.to_owned()),
        }
    }
}

/// Where a user finds what a setting accepts.
const DOCUMENT: &str = "docs/configuration.md describes every setting";

/// Every key that the file may have, in the order of the documents.
fn all_keys() -> impl Iterator<Item = &'static str> {
    let settings = SETTINGS.iter().filter(|setting| !setting.is_secret()).map(|setting| setting.key);
    settings.chain([account_entry::KEY, registry_entry::KEY, rewrite_entry::KEY])
}

/// The keys of one table.
fn keys(table: Option<&str>) -> Vec<&'static str> {
    all_keys().filter(|key| key.split_once('.').is_some_and(|(name, _)| Some(name) == table)).collect()
}

/// The names of all tables.
fn tables() -> Vec<&'static str> {
    let mut tables = Vec::new();
    for key in all_keys() {
        let table = key.split('.').next().unwrap_or(key);
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::{Path, PathBuf};

    use super::ConfigError;
    use crate::config::table::{CONCURRENCY, ENGINE_CONTEXT, ENGINE_HOST, INSTANCE_AUTH_DATA, INSTANCE_AUTH_TYPE};
    use crate::config::{Settings, Sources, credential_folder, proxy};
    use crate::error::{Failure, catalogue};

    /// The error for a file with this content, under a name that is the same in every run.
    fn error_of(text: &str) -> ConfigError {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let settings = Sources::from_process(Some(file.path())).and_then(|sources| Settings::read(&sources));
        let mut error = settings.unwrap_err();
        match &mut error {
            ConfigError::NotToml { path, .. }
            | ConfigError::UnknownKey { path, .. }
            | ConfigError::SecretInFile { path, .. }
            | ConfigError::InvalidEntry { path, .. } => *path = PathBuf::from("/etc/taskpull/taskpull.toml"),
            ConfigError::InvalidValue { origin, .. } | ConfigError::Conflict { origin, .. } => {
                *origin = "/etc/taskpull/taskpull.toml".to_owned();
            }
            _ => {}
        }
        error
    }

    fn unreadable_credential() -> ConfigError {
        credential_folder::read(Path::new("/dev/null"), &INSTANCE_AUTH_DATA).unwrap_err()
    }

    #[test]
    fn catalogue_of_configuration_errors_is_unchanged() {
        let flag = |setting, name, value: &str| (setting, name, Some(value.to_owned()));
        let flags = |flags: Vec<(&'static crate::config::table::Setting, &'static str, Option<String>)>| {
            let sources = flags
                .into_iter()
                .fold(Sources::default(), |sources, (setting, name, value)| sources.with_flag(setting, name, value));
            Settings::read(&sources).unwrap_err()
        };
        let missing = Path::new("/nonexistent/taskpull.toml");
        let errors = [
            ("UnreadableFile", Sources::from_process(Some(missing)).unwrap_err()),
            ("UnreadableCredential", unreadable_credential()),
            ("NotToml", error_of("[pull]\nconcurrency = = 1\n")),
            ("NotUnicode", ConfigError::NotUnicode { variable: "DOCKER_HOST" }),
            (
                "InvalidProxy",
                proxy::check(|name| Ok(Some("http://me:hunter2@/".to_owned()).filter(|_| name == "https_proxy")))
                    .unwrap_err(),
            ),
            (
                "InvalidVariable",
                ConfigError::InvalidVariable { variable: "AWS_REGION", flaw: "ends with a line end".to_owned() },
            ),
            ("UnknownKey", error_of("[pull]\nconcurency = 1\n")),
            ("UnknownKey, a table", error_of("concurrency = 1\n")),
            ("SecretInFile", error_of("[instance]\nauth_data = \"hunter2\"\n")),
            ("InvalidEntry, a field", error_of("[[identity.account]]\nid = \"1\"\nrole_arm = \"r\"\n")),
            ("InvalidEntry, no list", error_of("[identity]\naccount = \"1\"\n")),
            ("InvalidEntry, no table", error_of("rewrite = [\"hunter2\"]\n")),
            (
                "Conflict",
                flags(vec![
                    flag(&ENGINE_HOST, "the command line", "unix:///a"),
                    flag(&ENGINE_CONTEXT, "--context", "far"),
                ]),
            ),
            ("InvalidValue, a number", flags(vec![flag(&CONCURRENCY, "--concurrency", "0")])),
            ("InvalidValue, a type", error_of("[pull]\nconcurrency = [1]\n")),
            ("InvalidValue, a word", error_of("[pull]\nbehavior = \"sometimes\"\n")),
            ("InvalidValue, a duration", error_of("[secrets]\nmax_age = \"5\"\n")),
            ("InvalidValue, a size", error_of("[disk]\nskip_check_above = \"1G\"\n")),
            ("InvalidValue, a switch", error_of("[engine]\ntls_verify = 1\n")),
            ("InvalidValue, not shown", flags(vec![flag(&INSTANCE_AUTH_TYPE, "ECS_ENGINE_AUTH_TYPE", "hunter2")])),
        ];
        let failures = errors.into_iter().map(|(name, error)| (name, Failure::from(error)));
        insta::assert_snapshot!(catalogue::render(failures));
    }
}
