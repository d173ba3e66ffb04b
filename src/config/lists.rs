//! The settings that are lists of tables, and thus stand in the file only.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::accounts;

/// The keys of the file that are no rows of the table.
pub(super) const KEYS: [&str; 2] = [accounts::KEY, REWRITE];

/// The key of [`RewriteEntry`].
pub(super) const REWRITE: &str = "rewrite";

/// One entry of `[[rewrite]]` as it stands in the file; `plan` reads what it means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewriteEntry {
    /// An upstream registry, and a path in it where not all of it is meant.
    pub from: String,
    /// The ECR registry with the rule, and the rule's prefix.
    pub to: String,
}

/// Reads a list; an error is the entry's place, from 1, and what is wrong with it.
pub(super) fn read<T: DeserializeOwned>(key: &str, value: toml::Value) -> Result<Vec<T>, (usize, String)> {
    let toml::Value::Array(entries) = value else {
        return Err((1, format!("it must be a list of tables: write [[{key}]]")));
    };
    let read = |(at, entry): (usize, toml::Value)| {
        entry.try_into().map_err(|error: toml::de::Error| (at + 1, error.message().to_owned()))
    };
    entries.into_iter().enumerate().map(read).collect()
}
