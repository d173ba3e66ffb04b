//! The table as a document.

use std::fmt::Write as _;

use super::{SETTINGS, Setting};

/// The table as Markdown, for `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "| in the file | environment variable | default | takes | what it does |\n|---|---|---|---|---|\n",
    );
    for setting @ Setting { key, variable, default, kind, purpose } in SETTINGS {
        let key = if setting.is_secret() { String::new() } else { format!("`{key}`") };
        let default = default.map(|default| format!("`{default}`")).unwrap_or_default();
        let takes = kind.describe();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {key} | `{variable}` | {default} | {takes} | {purpose} |");
    }
    text
}
