//! `[[identity.account]]`: the one setting that is a list of tables, and thus only in the file.

use serde::Deserialize;

/// The one key of the file that is no row of the table.
pub(super) const KEY: &str = "identity.account";

/// One entry as it stands in the file; `identity` reads what it means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// The account whose secrets are meant, 12 digits.
    pub id: String,
    /// The role that reads them.
    pub role_arn: String,
    /// What the role's trust policy asks for as `sts:ExternalId`.
    pub external_id: Option<String>,
    /// Who assumes the role.
    #[serde(default)]
    pub via: Via,
}

/// Who assumes an account's role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// The host's own identity.
    #[default]
    Host,
    /// The task's execution role; the host where a task has none or it is ignored.
    ExecutionRole,
}

/// Reads the list; an error is the entry's place, from 1, and what is wrong with it.
pub(super) fn read(value: toml::Value) -> Result<Vec<AccountEntry>, (usize, String)> {
    let toml::Value::Array(entries) = value else {
        return Err((1, "it must be a list of tables: write [[identity.account]]".to_owned()));
    };
    let read = |(at, entry): (usize, toml::Value)| {
        entry.try_into().map_err(|error: toml::de::Error| (at + 1, error.message().to_owned()))
    };
    entries.into_iter().enumerate().map(read).collect()
}
