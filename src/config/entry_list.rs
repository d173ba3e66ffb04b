//! A list of tables, such as `[[registry]]`, which only the file can have.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::config_error::ConfigError;

/// Parses the list with this key from the file at this path.
pub(super) fn read<T: DeserializeOwned>(
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
