//! `[[identity.account]]`: the roles that read the secrets of other accounts.

use serde::Deserialize;

/// The key of the list.
pub(super) const KEY: &str = "identity.account";

/// One entry as written in the file; `identity` validates it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// The account that owns the secrets, 12 digits.
    pub id: String,
    /// ARN of the role that reads the account's secrets.
    pub role_arn: String,
    /// The value that the role's trust policy requires as `sts:ExternalId`.
    pub external_id: Option<String>,
    /// The identity that assumes the role.
    #[serde(default)]
    pub via: AssumingIdentity,
}

/// The identity that assumes an account's role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssumingIdentity {
    /// The host's own identity.
    #[default]
    Host,
    /// The task's execution role; the host if the task has none or the role is ignored.
    ExecutionRole,
}
