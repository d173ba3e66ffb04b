//! `[[rewrite]]`: the upstream registries whose images are pulled through a rule.

use serde::Deserialize;

/// The key of the list.
pub(super) const KEY: &str = "rewrite";

/// One entry as it stands in the file; `plan` reads what it means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewriteEntry {
    /// An upstream registry, and a path in it where not all of it is meant.
    pub from: String,
    /// The ECR registry with the rule, and the rule's prefix.
    pub to: String,
}
