//! `[[identity.account]]`: the roles that read other accounts' secrets.

use serde::Deserialize;

/// The key of the list.
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
    pub via: AssumeFrom,
}

/// Who assumes an account's role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssumeFrom {
    /// The host's own identity.
    #[default]
    Host,
    /// The task's execution role; the host where a task has none or it is ignored.
    ExecutionRole,
}
