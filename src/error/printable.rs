//! Texts that others wrote, as a terminal may show them.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Text that may go to a terminal: one line, bounded, nothing in it that controls or is unseen,
/// no password of a URL's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Printable(String);

impl<'de> Deserialize<'de> for Printable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

impl Printable {
    /// Longest text kept, in characters; an engine may quote a whole HTML page.
    const LIMIT: usize = 1_000;

    /// Takes any text and keeps what a terminal may show of it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = &*without_user_information(text);
        let mut kept = String::with_capacity(text.len().min(Self::LIMIT));
        let mut characters = text.trim().chars();
        for character in characters.by_ref().take(Self::LIMIT) {
            if character.is_whitespace() {
                kept.push(' ');
            } else if character.is_control() || is_unseen(character) {
                kept.push('\u{fffd}');
            } else {
                kept.push(character);
            }
        }
        if characters.next().is_some() {
            kept.push('…');
        }
        Self(kept)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Printable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The text with the `user:password@` of its URLs taken out (a proxy's address has one).
fn without_user_information(text: &str) -> Cow<'_, str> {
    if !(text.contains("://") && text.contains('@')) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("://");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let authority = part.find(|c: char| c == '/' || c == '"' || c.is_whitespace()).unwrap_or(part.len());
        let from = part[..authority].rfind('@').unwrap_or(0);
        kept += "://";
        kept += if from > 0 { "…" } else { "" };
        kept += &part[from..];
    }
    Cow::Owned(kept)
}

/// Unicode's bidirectional controls reorder what the reader sees (CVE-2021-42574); what has no
/// width at all, or is a tag, makes two names look like one.
fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::Printable;

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let text = Printable::new("one\ntwo\u{1b}[31mred\u{202e}tfel\u{7} a\u{200b}p\u{feff}p\u{e0041}");
        assert_eq!(text.as_str(), "one two\u{fffd}[31mred\u{fffd}tfel\u{fffd} a\u{fffd}p\u{fffd}p\u{fffd}");
    }

    #[test]
    fn a_url_loses_its_password() {
        let text = Printable::new("proxy http://me:hunter2@proxy:3128/a@b and https://b@c");
        assert_eq!(text.as_str(), "proxy http://…@proxy:3128/a@b and https://…@c");
    }

    #[test]
    fn a_page_of_html_is_cut() {
        let text = Printable::new(&"x".repeat(5_000));
        assert_eq!(text.as_str().chars().count(), Printable::LIMIT + 1);
        assert!(text.as_str().ends_with('…'));
    }
}
