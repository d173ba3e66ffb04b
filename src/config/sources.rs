//! The sources of settings: command line, environment, file and default.

use std::collections::HashMap;
use std::env::VarError;
use std::path::{Path, PathBuf};

use super::config_error::ConfigError;
use super::file_settings::FileSettings;
use super::table::{SETTINGS, Setting};
use super::{credential_folder, proxy};
use crate::error::{InputKind, InputText};
use crate::secret::Secret;

/// The file that is read if neither `--config` nor [`FILE_VARIABLE`] names one. It need not exist.
const DEFAULT_FILE: &str = "/etc/taskpull/taskpull.toml";

/// The environment variable that names the file.
const FILE_VARIABLE: &str = "TASKPULL_CONFIG";

/// The kind of source that sets a value. A later one takes precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    File,
    Environment,
    CommandLine,
}

/// The text of a setting, before it is parsed.
#[derive(Debug)]
pub(super) struct SourcedText<'a> {
    pub text: &'a str,
    /// The flag, variable or file that the text is from, as error messages name it.
    pub origin: String,
}

/// A setting on the command line.
#[derive(Debug)]
struct Flag {
    name: &'static str,
    text: String,
}

/// The texts that settings are parsed from, as they were at one moment.
#[derive(Debug, Default)]
pub struct Sources {
    flags: HashMap<&'static str, Flag>,
    variables: HashMap<&'static str, String>,
    secrets: HashMap<&'static str, Secret>,
    path: Option<PathBuf>,
    file: FileSettings,
    home: Option<PathBuf>,
    journal_stream: Option<String>,
}

impl Sources {
    /// Reads the environment and the file: `path`, else `TASKPULL_CONFIG`, else
    /// `/etc/taskpull/taskpull.toml` if it exists.
    ///
    /// # Errors
    /// [`ConfigError`] if the file cannot be read or has an unknown key, if a variable is not
    /// valid UTF-8, or if one of the variables that name a proxy is malformed.
    pub fn from_process(path: Option<&Path>) -> Result<Self, ConfigError> {
        proxy::check(variable)?;
        let mut sources = Self::default();
        let credentials = variable(credential_folder::VARIABLE)?.map(PathBuf::from);
        for setting in SETTINGS {
            let value = variable(setting.variable)?;
            if setting.is_secret() {
                let secret = match (value, &credentials) {
                    (Some(value), _) => Some(Secret::new(value)),
                    (None, Some(folder)) => credential_folder::read(folder, setting)?,
                    (None, None) => None,
                };
                sources.secrets.extend(secret.map(|secret| (setting.key, secret)));
            } else {
                sources.variables.extend(value.map(|value| (setting.key, value)));
            }
        }
        let selected = match path {
            Some(path) => Some(path.to_owned()),
            None => variable(FILE_VARIABLE)?.map(PathBuf::from),
        };
        sources.path = selected.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()));
        sources.file = sources.path.as_deref().map(FileSettings::read).transpose()?.unwrap_or_default();
        sources.home = variable("HOME")?.map(PathBuf::from);
        sources.journal_stream = variable("JOURNAL_STREAM")?;
        Ok(sources)
    }

    /// Adds a value from the command line, which takes precedence over all other sources.
    #[must_use]
    pub fn with_flag(mut self, setting: &'static Setting, name: &'static str, value: Option<String>) -> Self {
        self.flags.extend(value.map(|text| (setting.key, Flag { name, text })));
        self
    }

    /// The text of a setting, from the source with the highest precedence; `None` if it is unset.
    pub(super) fn find(&self, setting: &Setting) -> Option<SourcedText<'_>> {
        if let Some(Flag { name, text }) = self.flags.get(setting.key) {
            Some(SourcedText { text, origin: (*name).to_owned() })
        } else if let Some(text) = self.variables.get(setting.key) {
            Some(SourcedText { text, origin: setting.variable.to_owned() })
        } else if let (Some(text), Some(path)) = (self.file.values.get(setting.key), &self.path) {
            Some(SourcedText { text, origin: path.display().to_string() })
        } else {
            setting.default.map(|text| SourcedText { text, origin: "its default".to_owned() })
        }
    }

    /// Parses the text of a setting; an unset one is parsed as an empty text.
    pub(super) fn parse<T>(&self, setting: &Setting, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, ConfigError> {
        let SourcedText { text, origin } =
            self.find(setting).unwrap_or(SourcedText { text: "", origin: String::new() });
        parse(text.trim()).ok_or_else(|| {
            let value = if setting.may_be_shown() { text } else { "…" };
            ConfigError::InvalidValue {
                key: setting.key,
                value: InputText::new(InputKind::Setting, value).whole(),
                origin,
                expected: setting.kind.describe(),
            }
        })
    }

    /// The kind of source that sets a setting; `None` if only its default does.
    pub(super) fn origin(&self, setting: &Setting) -> Option<Origin> {
        if self.flags.contains_key(setting.key) {
            Some(Origin::CommandLine)
        } else if self.variables.contains_key(setting.key) {
            Some(Origin::Environment)
        } else {
            self.file.values.contains_key(setting.key).then_some(Origin::File)
        }
    }

    pub(super) fn secret(&self, setting: &Setting) -> Option<Secret> {
        self.secrets.get(setting.key).cloned()
    }

    pub(super) fn file(&self) -> &FileSettings {
        &self.file
    }

    /// The device and inode that systemd connects to its journal, as `JOURNAL_STREAM` has them.
    pub(super) fn journal_stream(&self) -> Option<&str> {
        self.journal_stream.as_deref()
    }

    /// The home folder that the environment names; a service may have none.
    pub(super) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }
}

/// The value of an environment variable; an empty one counts as unset.
fn variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        // Ignoring it would select another engine or another file.
        Err(VarError::NotUnicode(_)) => Err(ConfigError::NotUnicode { variable: name }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::Sources;
    use crate::config::table::CONCURRENCY;
    use crate::config::{ConfigError, Settings};

    fn read(text: &str) -> Result<Sources, ConfigError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Sources::from_process(Some(file.path()))
    }

    #[test]
    fn command_line_takes_precedence_over_the_file() {
        let sources = read("[pull]\nconcurrency = 7\nidle_timeout = \"5s\"\n").unwrap();
        assert_eq!(Settings::read(&sources).unwrap().pull.concurrency.get(), 7);
        let sources = sources.with_flag(&CONCURRENCY, "--concurrency", Some("2".to_owned()));
        let pull = Settings::read(&sources).unwrap().pull;
        assert_eq!((pull.concurrency.get(), pull.idle_timeout.as_secs()), (2, 5));
    }

    #[test]
    fn secret_in_the_file_is_refused_and_not_quoted() {
        for line in ["auth_data = \"hunter2\"", "auth_type = \"hunter2\""] {
            let error =
                read(&format!("[instance]\n{line}\n")).and_then(|sources| Settings::read(&sources)).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn unknown_key_in_the_file_is_an_error() {
        for text in ["[pull]\nconcurency = 1\n", "concurrency = 1\n", "[pool]\nconcurrency = 1\n"] {
            assert!(matches!(read(text), Err(ConfigError::UnknownKey { .. })), "{text}");
        }
    }

    #[test]
    fn malformed_account_entry_is_reported_with_its_position() {
        let good = "[[identity.account]]\nid = \"444455556666\"\nrole_arn = \"r\"\n";
        for (text, message) in [
            ("[[identity.account]]\nid = \"1\"\nrole_arm = \"r\"\n", "entry 2: unknown field `role_arm`"),
            ("[[identity.account]]\nid = \"1\"\n", "entry 2: missing field `role_arn`"),
            ("[[identity.account]]\nid = 1\nrole_arn = \"r\"\n", "entry 2: invalid type"),
            ("[[identity.account]]\nid = \"1\"\nrole_arn = \"r\"\nvia = \"me\"\n", "entry 2: unknown variant `me`"),
        ] {
            let error = read(&format!("{good}{text}")).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        assert_eq!(Settings::read(&read(good).unwrap()).unwrap().accounts.len(), 1);
    }
}
