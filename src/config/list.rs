//! A setting that is a list of tables, and thus only in the file.

use serde::de::DeserializeOwned;

/// Reads the list of this key; an error is the entry's place, from 1, and what is wrong with it.
pub(super) fn read<T: DeserializeOwned>(key: &str, value: toml::Value) -> Result<Vec<T>, (usize, String)> {
    let toml::Value::Array(entries) = value else {
        return Err((1, format!("it must be a list of tables: write [[{key}]]")));
    };
    let read = |(at, entry): (usize, toml::Value)| {
        // Not in the parser's words: they repeat what stands there.
        if !entry.is_table() {
            return Err((at + 1, format!("it must be a table: write [[{key}]]")));
        }
        entry.try_into().map_err(|error: toml::de::Error| (at + 1, error.message().to_owned()))
    };
    entries.into_iter().enumerate().map(read).collect()
}
