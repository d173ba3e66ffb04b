//! One row of the table of settings.

use std::time::Duration;

use super::table::INSTANCE_AUTH_TYPE;

/// One row: everything there is to know about a setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the file, `table.key`.
    pub key: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// Its value where nobody says anything; none means that it is not set then.
    pub default: Option<&'static str>,
    /// What values it takes.
    pub kind: ValueKind,
    /// What it does.
    pub purpose: &'static str,
}

/// What values a setting takes.
#[derive(Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// A text that is read elsewhere; this is what it looks like.
    Text(&'static str),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// On or off, said in Docker's way in the environment.
    Switch,
    /// A whole number from the first to the second.
    Number(u32, u32),
    /// A number of bytes.
    Size,
    /// A time (`1s`, `2m30s`) from the first to the second.
    Time(Duration, Duration),
    /// A text with secrets in it, taken from the environment only and never shown; this is
    /// what it looks like.
    Secret(&'static str),
}

impl Setting {
    /// Whether its value is taken from the environment only, and never shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, ValueKind::Secret(_))
    }

    /// Whether an error may repeat its value. One of the ECS agent's two variables may hold
    /// by mistake what belongs into the other.
    pub(super) fn may_be_shown(&self) -> bool {
        !self.is_secret() && self.key != INSTANCE_AUTH_TYPE.key
    }
}

impl ValueKind {
    /// What it must be, as a sentence says it.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Text(looks) | Self::Secret(looks) => (*looks).to_owned(),
            Self::OneOf(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "),
            Self::Switch => "`true` or `false`; in the environment anything, as with Docker: even `0` is on".to_owned(),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Size => "a size such as `512MiB`, `20GiB` or `0`".to_owned(),
            Self::Time(least, most) => {
                let [least, most] = [*least, *most].map(humantime::format_duration);
                format!("a time from {least} to {most}")
            }
        }
    }
}
