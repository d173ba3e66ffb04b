//! What a user wrote, in the form in which an error may show it.
//!
//! Users put logins into the wrong field: into an image, a secret's name, a path. An error that quotes
//! such a text must show neither the login nor a part of it. So an error never holds the text itself:
//! it holds an [`Excerpt`], and only [`InputText`] makes one.

use std::fmt;

use super::input_kind::InputKind;
use super::login_shape::{Visible, holds_login, visible_part};
use super::printable::{Printable, is_invisible};

/// What is shown in place of a text that may hold a login.
const WITHHELD: &str = "[withheld]";

/// A text that a user wrote, which may hold a login.
#[derive(Clone, Copy)]
pub struct InputText<'a> {
    kind: InputKind,
    text: &'a str,
}

impl<'a> InputText<'a> {
    /// Takes the whole text of a field, before any part of it is split off: whether a part may be shown
    /// depends on the whole.
    #[must_use]
    pub fn new(kind: InputKind, text: &'a str) -> Self {
        Self { kind, text }
    }

    /// The whole text, without what may be a login.
    #[must_use]
    pub fn whole(&self) -> Excerpt {
        Excerpt(match visible_part(self.kind, self.text) {
            Visible::Everything => escape(self.text),
            Visible::From(start) => format!("{WITHHELD}{}", escape(&self.text[start..])),
            Visible::Nothing => WITHHELD.to_owned(),
        })
    }

    /// A part of the text. It is withheld unless the whole shows it too.
    #[must_use]
    pub fn part(&self, part: &str) -> Excerpt {
        let part = escape(part);
        if self.whole().0.contains(&part) { Excerpt(part) } else { Excerpt(WITHHELD.to_owned()) }
    }

    /// Whether the text has the shape of a login, or has one within.
    #[must_use]
    pub fn holds_login(&self) -> bool {
        holds_login(self.kind, self.text)
    }
}

impl fmt::Debug for InputText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InputText").field(&self.whole()).finish()
    }
}

/// A text of a user, or a part of it, that an error may show: one line of at most 1,000 characters without
/// what may be a login. White space other than a blank is written as an escape, such as `\n`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Excerpt(String);

impl Excerpt {
    /// The longest excerpt, in characters.
    const LIMIT: usize = 1_000;

    /// The text as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<Excerpt> for Printable {
    fn from(excerpt: Excerpt) -> Self {
        Self::new(&excerpt.0)
    }
}

/// Makes white space, control characters and invisible characters visible, and cuts the text at the limit.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().min(Excerpt::LIMIT));
    let mut characters = text.chars();
    for character in characters.by_ref().take(Excerpt::LIMIT) {
        match character {
            ' ' => escaped.push(' '),
            _ if character.is_whitespace() || character.is_control() || is_invisible(character) => {
                escaped.extend(character.escape_default());
            }
            _ => escaped.push(character),
        }
    }
    if characters.next().is_some() {
        escaped.push('…');
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Excerpt, InputText};
    use crate::error::{InputKind, Printable};

    fn shown(kind: InputKind, text: &str) -> String {
        InputText::new(kind, text).whole().to_string()
    }

    #[test]
    fn white_space_is_shown_as_an_escape() {
        assert_eq!(shown(InputKind::Image, " app:1\r\n"), " app:1\\r\\n");
        assert_eq!(shown(InputKind::Image, "app\u{a0}\u{200b}:1\t"), "app\\u{a0}\\u{200b}:1\\t");
    }

    #[test]
    fn a_part_is_shown_only_if_the_whole_shows_it() {
        let text = InputText::new(InputKind::Image, "alice:hunter2@shared.example/app:1");
        assert_eq!(text.whole().as_str(), "[withheld]@shared.example/app:1");
        assert_eq!(text.part("shared.example/app:1").as_str(), "shared.example/app:1");
        assert_eq!(text.part("hunter2").as_str(), "[withheld]");
        assert!(!format!("{text:?}").contains("hunter2"));
    }

    #[test]
    fn a_long_text_is_cut() {
        let excerpt = InputText::new(InputKind::Image, &"a".repeat(3_000)).whole();
        assert_eq!(excerpt.as_str().chars().count(), Excerpt::LIMIT + 1);
    }

    proptest! {
        #[test]
        fn an_excerpt_is_one_line_that_survives_printing(text in any::<String>()) {
            for kind in [InputKind::Image, InputKind::Name, InputKind::Label, InputKind::Path, InputKind::Setting] {
                let excerpt = InputText::new(kind, &text).whole();
                let has_unsafe = excerpt.as_str().chars().any(char::is_control);
                prop_assert!(!has_unsafe);
                let printable = Printable::from(excerpt.clone());
                prop_assert_eq!(printable.as_str(), excerpt.as_str().trim());
            }
        }
    }
}
