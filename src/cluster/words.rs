//! The words of an expression.

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// What has a meaning of its own, such as `(` and `==`.
    Symbol(&'static str),
    /// Anything else: a name, a value, an operator that is a word.
    Text(String),
    /// A value in quotes, which is never an operator.
    Quoted(String),
}

impl Word {
    /// As an operator.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Symbol(text) => text,
            Self::Text(text) => text,
            Self::Quoted(_) => "",
        }
    }

    /// As a name or a value.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Symbol(_) => None,
            Self::Text(text) | Self::Quoted(text) => Some(text),
        }
    }
}

/// The longer ones first.
const SYMBOLS: [&str; 17] =
    ["!exists", "!in", "==", "!=", "=~", "!~", ">=", "<=", "&&", "||", ">", "<", "!", "(", ")", "[", "]"];

/// Divides a text; `None` where a quote does not end.
pub(super) fn words(text: &str) -> Option<Vec<Word>> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let expects_pattern = matches!(words.last().map(Word::text), Some("=~" | "!~" | "matches" | "not_matches"));
        let taken = if first == '"' || first == '\'' {
            let end = rest[1..].find(first)?;
            words.push(Word::Quoted(rest[1..=end].to_owned()));
            end + 2
        } else if expects_pattern {
            let end = pattern_end(rest);
            words.push(Word::Text(rest[..end].to_owned()));
            end
        } else if let Some(symbol) = symbol(rest) {
            words.push(Word::Symbol(symbol));
            symbol.len()
        } else {
            let is_end = |c: char| c.is_whitespace() || "()[],=!<>&|'\"".contains(c);
            let end = rest.find(is_end).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            words.push(Word::Text(rest[..end].to_owned()));
            end
        };
        rest = rest.get(taken..)?.trim_start();
    }
    Some(words)
}

fn symbol(text: &str) -> Option<&'static str> {
    let begins = |symbol: &&str| {
        let rest = text.strip_prefix(*symbol);
        // `!inside` is no `!in`.
        let is_word = symbol.ends_with(char::is_alphabetic);
        rest.is_some_and(|rest| !is_word || !rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    if text.starts_with(',') { Some(",") } else { SYMBOLS.into_iter().find(begins) }
}

/// A pattern goes to the next white space or the parenthesis around the expression; its own
/// parentheses are balanced.
fn pattern_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return at.max(1),
            ')' => depth -= 1,
            _ if character.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}
