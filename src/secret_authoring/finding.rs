//! One result of checking a secret.

use serde::Serialize;

use crate::error::{Class, Failure, Link, Printable};

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the check: `name`, `content`, …
    pub check: &'static str,
    /// Whether the check passed.
    #[serde(rename = "found")]
    pub status: CheckStatus,
    /// The link of the chain that broke, if a request failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// The kind of that failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The result of the check, in one sentence.
    #[serde(rename = "says")]
    pub message: Printable,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Printable>,
}

/// Whether a check passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// The secret is correct in this respect.
    Good,
    /// The user should know about it, but the secret works.
    Note,
    /// The secret does not work for this use.
    Wrong,
}

impl Finding {
    fn new(check: &'static str, status: CheckStatus, message: &str, hint: Option<&str>) -> Self {
        let (message, hint) = (Printable::new(message), hint.map(Printable::new));
        Self { check, status, link: None, class: None, message, hint }
    }

    /// A check that passed.
    #[must_use]
    pub fn good(check: &'static str, message: &str) -> Self {
        Self::new(check, CheckStatus::Good, message, None)
    }

    /// A check that passed, with something to know.
    #[must_use]
    pub fn note(check: &'static str, message: &str) -> Self {
        Self::new(check, CheckStatus::Note, message, None)
    }

    /// A check that failed, and what to do about it.
    #[must_use]
    pub fn wrong(check: &'static str, message: &str, hint: &str) -> Self {
        Self::new(check, CheckStatus::Wrong, message, Some(hint))
    }

    /// A check that could not be made.
    #[must_use]
    pub fn not_checked(check: &'static str, failure: &Failure) -> Self {
        let causes: Vec<_> = failure.caused_by.iter().map(Printable::as_str).collect();
        let causes = if causes.is_empty() { String::new() } else { format!(" (cause: {})", causes.join(": ")) };
        let message = Printable::new(&format!("{}{causes}", failure.message));
        let (link, class, hint) = (Some(failure.link), Some(failure.class), failure.hint.clone());
        Self { check, status: CheckStatus::Wrong, link, class, message, hint }
    }
}
