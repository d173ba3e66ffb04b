//! One row of the table of settings, and the values that a setting accepts.

use std::time::Duration;

/// The values that a setting accepts.
#[derive(Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// A text that another module parses; the string describes its form.
    Text(&'static str),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `true` or `false` in the file. In the environment, any value means true, as in Docker.
    Switch,
    /// A whole number from the first to the second, both included.
    Number(u32, u32),
    /// A number of bytes.
    Size,
    /// A duration (`1s`, `2m30s`) from the first to the second, both included.
    Time(Duration, Duration),
    /// A text that contains secrets; the string describes its form.
    Secret(&'static str),
}

impl ValueKind {
    /// The accepted values, in words that complete "must be …".
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Text(form) | Self::Secret(form) => (*form).to_owned(),
            Self::OneOf(words) => alternatives(words),
            Self::Switch => "`true` or `false`".to_owned(),
            Self::Number(min, max) => format!("a number from {min} to {max}"),
            Self::Size => "a size such as `512MiB`, `20GiB` or `0`".to_owned(),
            Self::Time(min, max) => {
                let [min, max] = [*min, *max].map(humantime::format_duration);
                format!("a duration from {min} to {max}")
            }
        }
    }
}

/// The words as code, with "or" before the last.
fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Everything there is to know about one setting. The reader of the settings, the error texts and
/// the documents take it from here.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// The setting's key in the file, `table.name`.
    pub key: &'static str,
    /// The environment variable that sets it.
    pub variable: &'static str,
    /// The value where no source sets it; `None` where it is then unset.
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
