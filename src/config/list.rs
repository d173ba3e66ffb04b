//! A setting that is a list of tables, and thus only in the file.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::config_error::ConfigError;

/// Reads the list of this key in the file at this path.
pub(super) fn read<T: DeserializeOwned>(
    path: &Path,
    list: &'static str,
    value: toml::Value,
) -> Result<Vec<T>, ConfigError> {
    let wrong = |at, message| ConfigError::Entry { path: path.to_owned(), list, at, message };
    let toml::Value::Array(entries) = value else {
        return Err(wrong(1, format!("it must be a list of tables: write [[{list}]]")));
    };
    let read = |(at, entry): (usize, toml::Value)| {
        // Not in the parser's words: they repeat what stands there.
        if !entry.is_table() {
            return Err(wrong(at + 1, format!("it must be a table: write [[{list}]]")));
        }
        entry.try_into().map_err(|error: toml::de::Error| wrong(at + 1, error.message().to_owned()))
    };
    entries.into_iter().enumerate().map(read).collect()
}
