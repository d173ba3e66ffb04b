//! Text from outside, made safe for a terminal.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Text that is safe to print on a terminal: one line of bounded length, without control
/// characters, invisible characters or the password of a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Printable(String);

impl<'de> Deserialize<'de> for Printable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

impl Printable {
    /// The longest text, in characters; an engine may quote a whole HTML page.
    const LIMIT: usize = 1_000;

    /// Makes any text printable: it replaces unsafe characters, removes the logins of URLs and
    /// cuts the text at 1,000 characters.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = &*without_user_information(text);
        let mut safe = String::with_capacity(text.len().min(Self::LIMIT));
        let mut characters = text.trim().chars();
        for character in characters.by_ref().take(Self::LIMIT) {
            if character.is_whitespace() {
                safe.push(' ');
            } else if character.is_control() || is_invisible(character) {
                safe.push('\u{fffd}');
            } else {
                safe.push(character);
            }
        }
        if characters.next().is_some() {
            safe.push('…');
        }
        Self(safe)
    }

    /// The text: one line of at most 1,000 characters, and an ellipsis if it was longer.
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

/// Replaces the `user:password` in the URLs of a text, such as a proxy's address, by `…`.
fn without_user_information(text: &str) -> Cow<'_, str> {
    if !(text.contains("://") && text.contains('@')) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("://");
    let mut safe = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let authority = part.find(|c: char| c == '/' || c == '"' || c.is_whitespace()).unwrap_or(part.len());
        let at_sign = part[..authority].rfind('@').unwrap_or(0);
        safe += "://";
        safe += if at_sign > 0 { "…" } else { "" };
        safe += &part[at_sign..];
    }
    Cow::Owned(safe)
}

/// Whether a character is invisible. Unicode's bidirectional controls reorder the text for the
/// reader (CVE-2021-42574); tags and characters without width make two names look alike.
pub(super) fn is_invisible(character: char) -> bool {
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
    fn control_characters_do_not_reach_the_terminal() {
        let text = Printable::new("one\ntwo\u{1b}[31mred\u{202e}tfel\u{7} a\u{200b}p\u{feff}p\u{e0041}");
        assert_eq!(text.as_str(), "one two\u{fffd}[31mred\u{fffd}tfel\u{fffd} a\u{fffd}p\u{fffd}p\u{fffd}");
    }

    #[test]
    fn a_url_loses_its_password() {
        let text = Printable::new("proxy http://me:hunter2@proxy:3128/a@b and https://b@c");
        assert_eq!(text.as_str(), "proxy http://…@proxy:3128/a@b and https://…@c");
    }

    #[test]
    fn a_long_text_is_cut_at_the_limit() {
        let text = Printable::new(&"x".repeat(5_000));
        assert_eq!(text.as_str().chars().count(), Printable::LIMIT + 1);
        assert!(text.as_str().ends_with('…'));
    }
}
