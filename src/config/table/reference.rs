//! The table of settings as a document.

use super::rows::SETTINGS;
use crate::config::value_kind::{Setting, ValueKind};

const SWITCH_IN_ENVIRONMENT: &str = "; in the environment any value means true, even `0`, as in Docker";

/// The table as Markdown, for `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "| in the file | environment variable | default | accepts | what it does |\n|---|---|---|---|---|\n",
    );
    for setting @ Setting { key, variable, default, kind, description, .. } in SETTINGS {
        let key = if setting.is_secret() { String::new() } else { format!("`{key}`") };
        let default = default.map(|default| format!("`{default}`")).unwrap_or_default();
        let in_environment = if *kind == ValueKind::Switch { SWITCH_IN_ENVIRONMENT } else { "" };
        let accepts = kind.describe() + in_environment;
        text += &format!("| {key} | `{variable}` | {default} | {accepts} | {description} |\n");
    }
    text
}
