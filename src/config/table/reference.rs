//! The table of settings as a document.

use super::{SETTINGS, Setting};

/// The table as Markdown, for `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "| in the file | environment variable | default | accepts | what it does |\n|---|---|---|---|---|\n",
    );
    for setting @ Setting { key, variable, default, kind, description, .. } in SETTINGS {
        let key = if setting.is_secret() { String::new() } else { format!("`{key}`") };
        let default = default.map(|default| format!("`{default}`")).unwrap_or_default();
        text += &format!("| {key} | `{variable}` | {default} | {} | {description} |\n", kind.describe());
    }
    text
}
