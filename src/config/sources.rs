//! Where settings come from: command line, environment, file, default.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::settings::{SETTINGS, Setting};
use crate::error::{Class, Explain, Link};

/// Read when `--config` and `TASKPULL_CONFIG` are absent; it need not exist.
const DEFAULT_FILE: &str = "/etc/taskpull/taskpull.toml";

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path} is not TOML", path = .path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// The file has a key that means nothing.
    #[error("the configuration file {path} has a setting `{key}` that does not exist", path = .path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
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
        Link::Definition
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn thing(&self) -> String {
        match self {
            Self::Unreadable { path, .. } | Self::NotToml { path, .. } => path.display().to_string(),
            Self::UnknownKey { key, .. } => key.clone(),
            Self::Value { key, .. } => (*key).to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { .. } => {
                let keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
                Some(format!("there are: {}", keys.join(", ")))
            }
            _ => Some("docs/configuration.md has every setting".to_owned()),
        }
    }
}

/// The texts that settings are read from.
#[derive(Debug, Default)]
pub struct Sources {
    flags: HashMap<&'static str, (&'static str, String)>,
    variables: HashMap<&'static str, String>,
    file: Option<PathBuf>,
    file_values: HashMap<String, String>,
}

impl Sources {
    /// Reads the environment and the file: `path`, else `TASKPULL_CONFIG`, else
    /// `/etc/taskpull/taskpull.toml` where that exists.
    ///
    /// # Errors
    /// [`ConfigError`], when the file cannot be read or has an unknown key.
    pub fn of_process(path: Option<&Path>) -> Result<Self, ConfigError> {
        let variables = SETTINGS.iter().filter_map(|s| Some((s.variable, variable(s.variable)?))).collect();
        let named = path.map(Path::to_path_buf).or_else(|| variable("TASKPULL_CONFIG").map(PathBuf::from));
        let file = match named {
            Some(path) => Some(path),
            None => Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()),
        };
        let file_values = match &file {
            Some(path) => read_file(path)?,
            None => HashMap::new(),
        };
        Ok(Self { flags: HashMap::new(), variables, file, file_values })
    }

    /// A value from the command line, which wins over all others.
    #[must_use]
    pub fn with_flag(mut self, key: &'static str, flag: &'static str, value: Option<String>) -> Self {
        debug_assert!(SETTINGS.iter().any(|setting| setting.key == key), "{key} is in the table");
        if let Some(value) = value {
            self.flags.insert(key, (flag, value));
        }
        self
    }

    pub(super) fn read<T>(
        &self,
        setting: &Setting,
        wanted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let (value, origin) = if let Some((flag, value)) = self.flags.get(setting.key) {
            (value.as_str(), (*flag).to_owned())
        } else if let Some(value) = self.variables.get(setting.variable) {
            (value.as_str(), setting.variable.to_owned())
        } else if let (Some(value), Some(file)) = (self.file_values.get(setting.key), &self.file) {
            (value.as_str(), file.display().to_string())
        } else {
            (setting.default, "its default".to_owned())
        };
        parse(value.trim()).ok_or_else(|| ConfigError::Value {
            key: setting.key,
            value: value.to_owned(),
            origin,
            wanted: wanted.to_owned(),
        })
    }

    pub(super) fn duration(&self, setting: &Setting, least: Duration, most: Duration) -> Result<Duration, ConfigError> {
        let [from, to] = [least, most].map(humantime::format_duration);
        self.read(setting, &format!("a time from {from} to {to}"), |text| {
            humantime::parse_duration(text).ok().filter(|time| (least..=most).contains(time))
        })
    }
}

/// An environment variable that is set to something.
fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    let value = std::env::var(name).ok();
    value.filter(|value| !value.is_empty())
}

fn read_file(path: &Path) -> Result<HashMap<String, String>, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let document: toml::Table =
        text.parse().map_err(|source| ConfigError::NotToml { path: path.to_owned(), source: Box::new(source) })?;
    let mut values = HashMap::new();
    for (table, entries) in document {
        let unknown = |key: String| ConfigError::UnknownKey { path: path.to_owned(), key };
        let toml::Value::Table(entries) = entries else { return Err(unknown(table)) };
        for (name, value) in entries {
            let key = format!("{table}.{name}");
            if !SETTINGS.iter().any(|setting| setting.key == key) {
                return Err(unknown(key));
            }
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(choice) => choice.to_string(),
                _ => return Err(unknown(key)),
            };
            values.insert(key, value);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, Sources};
    use crate::config::Settings;
    use std::io::Write as _;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let file = file("[pull]\nconcurrency = 7\nidle_timeout = \"5s\"\n");
        let sources = Sources::of_process(Some(file.path())).unwrap();
        assert_eq!(Settings::read(&sources).unwrap().concurrency.get(), 7);
        let sources = sources.with_flag("pull.concurrency", "--concurrency", Some("2".to_owned()));
        let settings = Settings::read(&sources).unwrap();
        assert_eq!(settings.concurrency.get(), 2);
        assert_eq!(settings.idle_timeout.as_secs(), 5);
    }

    #[test]
    fn a_wrong_value_is_named_with_its_place() {
        let file = file("[pull]\nconcurrency = 0\n");
        let sources = Sources::of_process(Some(file.path())).unwrap();
        let said = Settings::read(&sources).unwrap_err().to_string();
        assert!(said.starts_with("pull.concurrency is `0` (from /"), "{said}");
        assert!(said.ends_with("but must be a number from 1 to 1000"), "{said}");
    }

    #[test]
    fn a_slip_in_a_key_is_an_error() {
        for text in ["[pull]\nconcurency = 1\n", "concurrency = 1\n", "[pool]\nconcurrency = 1\n"] {
            let file = file(text);
            assert!(matches!(Sources::of_process(Some(file.path())), Err(ConfigError::UnknownKey { .. })), "{text}");
        }
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let missing = std::path::Path::new("/nonexistent/taskpull.toml");
        assert!(matches!(Sources::of_process(Some(missing)), Err(ConfigError::Unreadable { .. })));
    }
}
