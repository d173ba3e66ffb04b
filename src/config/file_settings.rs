//! The configuration file: TOML in which an unknown key is an error.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::account_entry::{self, AccountEntry};
use super::config_error::ConfigError;
use super::entry_list;
use super::registry_entry::{self, RegistryEntry};
use super::rewrite_entry::{self, RewriteEntry};
use super::table::{SETTINGS, Setting};

/// Maximum size of the file, in bytes.
const LIMIT: u64 = 1_024 * 1_024;

/// The content of the file.
#[derive(Debug, Default)]
pub(super) struct FileSettings {
    /// The texts of its settings, by key.
    pub values: HashMap<String, String>,
    /// The entries of `[[identity.account]]`.
    pub accounts: Vec<AccountEntry>,
    /// The entries of `[[registry]]`.
    pub registries: Vec<RegistryEntry>,
    /// The entries of `[[rewrite]]`.
    pub rewrites: Vec<RewriteEntry>,
}

impl FileSettings {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut settings = Self::default();
        for (table, content) in parse(path)? {
            match (&*table, content) {
                (registry_entry::KEY, entries) => {
                    settings.registries = entry_list::read(path, registry_entry::KEY, entries)?;
                }
                (rewrite_entry::KEY, entries) => {
                    settings.rewrites = entry_list::read(path, rewrite_entry::KEY, entries)?;
                }
                (_, toml::Value::Table(values)) => {
                    for (name, value) in values {
                        settings.add(path, format!("{table}.{name}"), value)?;
                    }
                }
                _ => return Err(ConfigError::UnknownKey { path: path.to_owned(), key: table }),
            }
        }
        Ok(settings)
    }

    fn add(&mut self, path: &Path, key: String, value: toml::Value) -> Result<(), ConfigError> {
        if key == account_entry::KEY {
            self.accounts = entry_list::read(path, account_entry::KEY, value)?;
            return Ok(());
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
            return Err(ConfigError::UnknownKey { path: path.to_owned(), key });
        };
        if setting.is_secret() {
            let Setting { key, variable, .. } = setting;
            return Err(ConfigError::SecretInFile { path: path.to_owned(), key, variable });
        }
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(choice) => choice.to_string(),
            other => {
                return Err(ConfigError::InvalidValue {
                    key: setting.key,
                    value: other.type_str().to_owned(),
                    origin: path.display().to_string(),
                    expected: setting.kind.describe(),
                });
            }
        };
        self.values.insert(key, text);
        Ok(())
    }
}

fn parse(path: &Path) -> Result<toml::Table, ConfigError> {
    let unreadable = |source| ConfigError::UnreadableFile { path: path.to_owned(), source };
    let mut text = String::new();
    let length = File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_string(&mut text));
    if length.map_err(unreadable)? as u64 > LIMIT {
        return Err(unreadable(io::Error::other("the file is longer than 1 MiB")));
    }
    text.parse().map_err(|error: toml::de::Error| {
        // The parser's own text quotes the line, which may contain a secret.
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        ConfigError::NotToml { path: path.to_owned(), line, message: error.message().to_owned() }
    })
}
