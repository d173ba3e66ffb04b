//! The tokens of an expression.

/// One token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An operator or a bracket, such as `(` and `==`.
    Symbol(&'static str),
    /// A name, a value, or an operator that is a word.
    Text(String),
    /// A value in quotes, which is never an operator.
    Quoted(String),
}

impl Token {
    /// The token as an operator; empty for a value in quotes.
    pub(super) fn operator(&self) -> &str {
        match self {
            Self::Symbol(text) => text,
            Self::Text(text) => text,
            Self::Quoted(_) => "",
        }
    }

    /// The token as a name or a value.
    pub(super) fn value(&self) -> Option<&str> {
        match self {
            Self::Symbol(_) => None,
            Self::Text(text) | Self::Quoted(text) => Some(text),
        }
    }
}

/// The symbols; a longer one precedes its prefix.
const SYMBOLS: [&str; 17] =
    ["!exists", "!in", "==", "!=", "=~", "!~", ">=", "<=", "&&", "||", ">", "<", "!", "(", ")", "[", "]"];

/// Splits a text into tokens; `None` if a quote does not end.
pub(super) fn tokenize(text: &str) -> Option<Vec<Token>> {
    let (mut tokens, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let expects_pattern =
            matches!(tokens.last().map(Token::operator), Some("=~" | "!~" | "matches" | "not_matches"));
        let length = if first == '"' || first == '\'' {
            let end = rest[1..].find(first)?;
            tokens.push(Token::Quoted(rest[1..=end].to_owned()));
            end + 2
        } else if expects_pattern {
            let end = pattern_end(rest);
            tokens.push(Token::Text(rest[..end].to_owned()));
            end
        } else if let Some(symbol) = symbol(rest) {
            tokens.push(Token::Symbol(symbol));
            symbol.len()
        } else {
            let is_end = |c: char| c.is_whitespace() || "()[],=!<>&|'\"".contains(c);
            let end = rest.find(is_end).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            tokens.push(Token::Text(rest[..end].to_owned()));
            end
        };
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

/// The symbol at the beginning of a text, if there is one.
fn symbol(text: &str) -> Option<&'static str> {
    let is_prefix = |symbol: &&str| {
        let rest = text.strip_prefix(*symbol);
        // `!inside` does not begin with the operator `!in`.
        let is_word = symbol.ends_with(char::is_alphabetic);
        rest.is_some_and(|rest| !is_word || !rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    if text.starts_with(',') { Some(",") } else { SYMBOLS.into_iter().find(is_prefix) }
}

/// The length of a pattern. It ends at white space or at the closing parenthesis around the
/// expression; parentheses within the pattern are balanced.
fn pattern_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return index.max(1),
            ')' => depth -= 1,
            _ if character.is_whitespace() => return index,
            _ => {}
        }
    }
    text.len()
}
