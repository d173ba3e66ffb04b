//! `[[rewrite]]`: the upstream registries whose images are pulled through a pull-through cache rule.

use serde::Deserialize;

/// The key of the list.
pub(super) const KEY: &str = "rewrite";

/// One entry as written in the file; `plan` validates it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewriteEntry {
    /// An upstream registry, with a path if the rule covers only a part of it.
    pub from: String,
    /// The ECR registry that has the rule, followed by the rule's prefix.
    pub to: String,
}
