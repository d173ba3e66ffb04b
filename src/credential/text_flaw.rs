//! What is wrong with a user name, a password or a token as a text: the traces of the ways in which
//! people copy one. Nothing of the text leaves this file.

use super::content::text_form::decode_base64;
use super::text_shape::TextShape;

/// A flaw of a user name, a password or a token. Each text completes "the password …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFlaw {
    /// A line end, such as the one that `echo` adds.
    #[error("ends in white space (a line break)")]
    LineEnd,
    /// A blank, a tab or a no-break space in front of it.
    #[error("begins with white space")]
    SpaceBefore,
    /// A blank, a tab or a no-break space after it.
    #[error("ends in white space")]
    SpaceAfter,
    /// The mark that editors on Windows write in front of a text.
    #[error("begins with a byte order mark")]
    ByteOrderMark,
    /// A character without width, such as one from a web page.
    #[error("contains an invisible character")]
    Invisible,
    /// The key or the certificate of a service in place of a token.
    #[error("is a PEM block")]
    Pem,
    /// A whole document in place of a token.
    #[error("is JSON")]
    Json,
    /// More than one line.
    #[error("has more than one line")]
    Lines,
    /// A control character within it.
    #[error("contains a control character")]
    Control,
    /// Quotes that belong to a shell, YAML or an env file.
    #[error("is in quotes")]
    Quotes,
    /// A user name and a colon in front of it.
    #[error("begins with a user name and a colon")]
    UserAndToken,
    /// The base64 of the user name, a colon and the token, as in Docker's `auth`.
    #[error("is the base64 of the user name, a colon and the token")]
    EncodedLogin,
    /// A scheme of HTTP's `Authorization` header in front of it.
    #[error("begins like an HTTP header")]
    Header,
    /// The name of a variable in front of it.
    #[error("is an assignment, such as `TOKEN=…`")]
    Assignment,
    /// A command, or the prompt of a shell.
    #[error("is a command or has a prompt in front of it")]
    Command,
    /// The ARN of a resource in place of its content.
    #[error("is an ARN")]
    Arn,
    /// The address of a web page or of a repository.
    #[error("is a URL")]
    Url,
    /// The name of a file in place of its content.
    #[error("is the name of a file")]
    FileName,
    /// A variable or another placeholder that was not filled in.
    #[error("is a placeholder that was not filled in")]
    Placeholder,
    /// What programs show in place of a token.
    #[error("is a row of equal characters, as programs show in place of a token")]
    Mask,
}

/// User names whose password is the key file of a Google service account.
const GOOGLE_KEY_USERS: [&str; 2] = ["_json_key", "_json_key_base64"];

impl TextFlaw {
    /// All flaws of a text. If the text is a password, `username` is the user name of the same login.
    pub(crate) fn find(text: &str, username: Option<&str>) -> Vec<Self> {
        let mut flaws: Vec<_> = Self::of_ends(text).into_iter().flatten().collect();
        let inner = text.trim_matches(is_outside);
        flaws.extend(Self::of_content(inner, username));
        flaws
    }

    /// All flaws of a user name. Few texts cannot be one.
    pub(crate) fn find_in_username(text: &str) -> Vec<Self> {
        let mut flaws = Self::find(text, None);
        flaws.retain(|flaw| !matches!(flaw, Self::Mask | Self::FileName | Self::Command));
        flaws
    }

    /// The flaws at the ends, and characters that no login has.
    fn of_ends(text: &str) -> [Option<Self>; 4] {
        let after = &text[text.trim_end().len()..];
        let end = match after {
            "" => None,
            _ if after.contains(['\n', '\r']) => Some(Self::LineEnd),
            _ => Some(Self::SpaceAfter),
        };
        let has_mark = text.starts_with('\u{feff}');
        [
            has_mark.then_some(Self::ByteOrderMark),
            (text.trim_start().len() < text.len()).then_some(Self::SpaceBefore),
            end,
            text.trim_start_matches('\u{feff}').contains(is_invisible).then_some(Self::Invisible),
        ]
    }

    /// The flaw of a text without white space around it.
    fn of_content(text: &str, username: Option<&str>) -> Option<Self> {
        let is_google_key = username.is_some_and(|name| GOOGLE_KEY_USERS.contains(&name));
        let lower: String = text.chars().take(32).collect::<String>().to_ascii_lowercase();
        let starts = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
        let name = username.filter(|name| !name.is_empty());
        let is_encoded = |name| decode_base64(text).is_some_and(|text| is_login_of(&text, name));
        let shape = TextShape::of(text);
        let is = |expected| shape == Some(expected);
        let rules = [
            (is(TextShape::Pem), Self::Pem),
            (!is_google_key && is_json(text), Self::Json),
            (is(TextShape::Command), Self::Command),
            (text.contains(['\n', '\r']) && !is_google_key, Self::Lines),
            (text.contains(|c: char| c.is_control() && c != '\n' && c != '\r'), Self::Control),
            (starts(&["bearer ", "basic ", "token ", "authorization:", "x-registry-auth"]), Self::Header),
            (is_quoted(text), Self::Quotes),
            (name.is_some_and(|name| is_login_of(text, name)) || has_issued_token(text), Self::UserAndToken),
            (name.is_some_and(is_encoded), Self::EncodedLogin),
            (is_assignment(text), Self::Assignment),
            (is(TextShape::Arn), Self::Arn),
            (is(TextShape::Url), Self::Url),
            (is(TextShape::FileName), Self::FileName),
            (is(TextShape::Placeholder), Self::Placeholder),
            (is_mask(text), Self::Mask),
        ];
        rules.into_iter().find(|(applies, _)| *applies).map(|(_, flaw)| flaw)
    }
}

fn is_outside(character: char) -> bool {
    character.is_whitespace() || is_invisible(character)
}

/// Whether a character has no width: a mark, a joiner, a soft hyphen, a direction.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn is_json(text: &str) -> bool {
    (text.starts_with('{') && text.ends_with('}') && text.contains(':'))
        || (text.starts_with("[{") && text.ends_with("}]"))
}

fn is_quoted(text: &str) -> bool {
    let pairs = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];
    let mut characters = text.chars();
    let ends = (characters.next(), characters.next_back());
    pairs.iter().any(|(open, close)| ends == (Some(*open), Some(*close)))
}

fn is_login_of(text: &str, name: &str) -> bool {
    text.strip_prefix(name).is_some_and(|rest| rest.len() > 1 && rest.starts_with(':'))
}

/// Whether the text after the first colon is a token as registries issue them.
fn has_issued_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(user, token)| !user.contains(char::is_whitespace) && is_issued_token(token))
}

/// Whether a text begins as the tokens of a registry do.
pub(super) fn is_issued_token(text: &str) -> bool {
    const STARTS: [&str; 10] =
        ["dckr_pat_", "dckr_oat_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "gldt-", "dop_v1_", "AKCp"];
    text.len() >= 16 && STARTS.iter().any(|start| text.starts_with(start))
}

/// `export TOKEN=…`, `password: …`, `$env:TOKEN = "…"`, `ENV TOKEN …`.
fn is_assignment(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let rest = ["export ", "set ", "setx ", "env ", "arg ", "let ", "const ", "$env:", "--", "- "]
        .iter()
        .find_map(|word| lower.strip_prefix(word))
        .unwrap_or(&lower);
    let Some((name, value)) = rest.split_once(['=', ':']) else { return false };
    let name = name.trim().trim_matches(['"', '\'']);
    let words = ["token", "password", "passwd", "pass", "secret", "pat", "key", "pwd", "username", "user", "login"];
    let is_name =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or_default();
    is_name
        && !value.trim().is_empty()
        && (words.contains(&last) || (words.iter().any(|word| last.ends_with(word)) && last.len() <= 16))
}

/// Whether the text is a row of asterisks, bullets, dots or the letter `x`.
fn is_mask(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next().unwrap_or_default();
    text.chars().count() >= 3 && "*•●xX.·-…".contains(first) && characters.all(|c| c == first)
}
