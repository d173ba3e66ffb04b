//! The configuration file: TOML in which an unknown key is an error, and lists of tables such as
//! `[[registry]]`, which only the file can have.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde::de::DeserializeOwned;

use super::account_entry::{self, AccountEntry};
use super::config_error::ConfigError;
use super::registry_entry::{self, RegistryEntry};
use super::rewrite_entry::{self, RewriteEntry};
use super::table::{SETTINGS, Setting};
use crate::error::{InputKind, InputText};

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
                    settings.registries = read_entries(path, registry_entry::KEY, entries)?;
                }
                (rewrite_entry::KEY, entries) => {
                    settings.rewrites = read_entries(path, rewrite_entry::KEY, entries)?;
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
            self.accounts = read_entries(path, account_entry::KEY, value)?;
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
                    value: InputText::new(InputKind::Setting, other.type_str()).whole(),
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

/// Parses the list with this key from the file at this path.
fn read_entries<T: DeserializeOwned>(
    path: &Path,
    list: &'static str,
    value: toml::Value,
) -> Result<Vec<T>, ConfigError> {
    let invalid = |index, message| ConfigError::InvalidEntry { path: path.to_owned(), list, index, message };
    let toml::Value::Array(entries) = value else {
        return Err(invalid(1, format!("must be a list of tables: write [[{list}]]")));
    };
    let parse = |(index, entry): (usize, toml::Value)| {
        // The parser's own message would quote the value.
        if !entry.is_table() {
            return Err(invalid(index + 1, format!("must be a table: write [[{list}]]")));
        }
        entry.try_into().map_err(|error: toml::de::Error| invalid(index + 1, error.message().to_owned()))
    };
    entries.into_iter().enumerate().map(parse).collect()
}
