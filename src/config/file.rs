//! The configuration file: TOML, in which a key that means nothing is an error.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::accounts::{self, AccountEntry};
use super::config_error::ConfigError;
use super::list;
use super::registries::{self, RegistryEntry};
use super::rewrites::{self, RewriteEntry};
use super::table::{SETTINGS, Setting};

/// The longest file that is read, in bytes.
const LIMIT: u64 = 1_024 * 1_024;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct FileSettings {
    /// The values of its settings, as texts.
    pub values: HashMap<String, String>,
    /// `[[identity.account]]`
    pub accounts: Vec<AccountEntry>,
    /// `[[registry]]`
    pub registries: Vec<RegistryEntry>,
    /// `[[rewrite]]`
    pub rewrites: Vec<RewriteEntry>,
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<FileSettings, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let length = File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_string(&mut text));
    if length.map_err(unreadable)? as u64 > LIMIT {
        return Err(unreadable(io::Error::other("it is longer than 1 MiB")));
    }
    let document: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The error's own text quotes the line, whatever is in it.
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        ConfigError::NotToml { path: path.to_owned(), line, message: error.message().to_owned() }
    })?;
    let mut settings = FileSettings::default();
    for (table, entries) in document {
        if table == registries::KEY {
            settings.registries = list::read(path, registries::KEY, entries)?;
            continue;
        }
        if table == rewrites::KEY {
            settings.rewrites = list::read(path, rewrites::KEY, entries)?;
            continue;
        }
        let unknown = |key: String| ConfigError::UnknownKey { path: path.to_owned(), key };
        let toml::Value::Table(entries) = entries else { return Err(unknown(table)) };
        for (name, value) in entries {
            let key = format!("{table}.{name}");
            if key == accounts::KEY {
                settings.accounts = list::read(path, accounts::KEY, value)?;
                continue;
            }
            let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
                return Err(unknown(key));
            };
            if setting.is_secret() {
                let Setting { key, variable, .. } = setting;
                return Err(ConfigError::SecretInFile { path: path.to_owned(), key, variable });
            }
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(choice) => choice.to_string(),
                other => {
                    return Err(ConfigError::Value {
                        key: setting.key,
                        value: other.type_str().to_owned(),
                        origin: path.display().to_string(),
                        wanted: setting.kind.describe(),
                    });
                }
            };
            settings.values.insert(key, value);
        }
    }
    Ok(settings)
}
