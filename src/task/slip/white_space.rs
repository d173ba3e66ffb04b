//! White space and invisible characters in a value.

use std::fmt;

/// A character of a value that is white space or invisible, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WhiteSpace {
    character: char,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    Within,
    End,
}

impl WhiteSpace {
    /// Finds the first such character at the ends of a value, and then within it.
    pub(super) fn find(text: &str) -> Option<Self> {
        let at = |character: Option<char>, place| {
            character.filter(|character| is_white_space(*character)).map(|character| Self { character, place })
        };
        at(text.chars().next_back(), Place::End)
            .or_else(|| at(text.chars().next(), Place::Start))
            .or_else(|| at(text.chars().find(|character| is_white_space(*character)), Place::Within))
    }

    /// Whether the character is at an end of the value.
    pub(super) fn is_at_end(self) -> bool {
        self.place != Place::Within
    }

    /// The value without white space and invisible characters at its ends.
    pub(super) fn trim(text: &str) -> &str {
        text.trim_matches(is_white_space)
    }
}

/// Whether a character is white space, a control character or one without a width.
fn is_white_space(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl fmt::Display for WhiteSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let character = match self.character {
            ' ' => "a space".to_owned(),
            '\n' => "a line end (`\\n`)".to_owned(),
            '\r' => "a carriage return (`\\r`)".to_owned(),
            '\t' => "a tab (`\\t`)".to_owned(),
            '\u{a0}' => "a no-break space (U+00A0)".to_owned(),
            '\u{feff}' => "a byte order mark (U+FEFF)".to_owned(),
            other => format!("the invisible character U+{:04X}", u32::from(other)),
        };
        match self.place {
            Place::Start => write!(f, "it begins with {character}"),
            Place::Within => write!(f, "it has {character} in the middle"),
            Place::End => write!(f, "it ends with {character}"),
        }
    }
}
