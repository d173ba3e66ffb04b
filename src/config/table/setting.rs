//! One row of the table of settings.

use crate::config::value_kind::ValueKind;

/// All facts about one setting. The reader of the settings, the error texts and
/// the documents take it from here.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// The setting's key in the file, `table.name`.
    pub key: &'static str,
    /// The environment variable that sets it.
    pub variable: &'static str,
    /// The value if no source sets one; `None` if the setting is then unset.
    pub default: Option<&'static str>,
    /// The values that it accepts.
    pub kind: ValueKind,
    /// What it does, as Markdown for `docs/configuration.md`.
    pub description: &'static str,
    /// Whether an error must not quote its value, although the value is no secret.
    pub hide_value: bool,
}

impl Setting {
    /// Whether the value is a secret: it comes from the environment or the service manager only,
    /// and is never shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, ValueKind::Secret(_))
    }

    /// Whether an error may quote the value.
    pub(in crate::config) fn may_be_shown(&self) -> bool {
        !self.is_secret() && !self.hide_value
    }
}
