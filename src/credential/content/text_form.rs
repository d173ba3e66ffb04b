//! Recognises what a text is that is not JSON, although it should be a login as JSON.
//!
//! A rule must hold for the whole text. Nothing of the text leaves this file except the names of keys
//! that [`KeyName`] allows.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::foreign_form::{ForeignForm, ForeignFormKind as Kind};
use super::json::JsonObject;
use super::key_name::KeyName;
use crate::credential::text_shape::TextShape;

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ENGINES: [GeneralPurpose; 2] = [GeneralPurpose::new(&STANDARD, CONFIG), GeneralPurpose::new(&URL_SAFE, CONFIG)];

/// The shortest text that is taken for Base64, in bytes.
const MIN_BASE64: usize = 8;

/// The form of a text that is not JSON; `None` if it is none that people are known to use.
pub(super) fn of_text(text: &str) -> Option<ForeignForm> {
    let text = text.trim();
    let kind = whole_text(text).or_else(|| damaged_json(text)).or_else(|| encoded(text)).or_else(|| plain(text))?;
    Some(ForeignForm::new(kind, keys(text)))
}

/// The names of the keys in front of a colon or an equals sign that may be shown, each once.
fn keys(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices([':', '=']) {
        let before = text[..at].trim_end_matches([' ', '"', '\'', '\\', '“', '”']);
        let start = before
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)))
            .map_or(0, |start| start + before[start..].chars().next().map_or(1, char::len_utf8));
        if let Some(KeyName { shown, role: Some(_) }) = KeyName::of(&before[start..])
            && !names.contains(&shown)
        {
            names.push(shown);
        }
    }
    names
}

/// Forms that the beginning and the end of the text show.
fn whole_text(text: &str) -> Option<Kind> {
    let lower: String = text.chars().take(16).collect::<String>().to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    if starts(&["```"]) {
        return Some(Kind::CodeFence);
    }
    if starts(&["<?xml", "<!doctype", "<html"]) || (text.starts_with('<') && text.contains("</")) {
        return Some(Kind::Markup);
    }
    if starts(&["machine "]) {
        return Some(Kind::Netrc);
    }
    // Neither a placeholder within JSON nor a comment is the whole text.
    if text.contains(['{', '\n']) && !starts(&["{{", "${", "-----begin "]) {
        return None;
    }
    Some(match TextShape::of(text)? {
        TextShape::Pem => Kind::Pem,
        TextShape::Command => Kind::Command,
        TextShape::Arn => Kind::Arn,
        TextShape::Url => Kind::Url,
        TextShape::FileName => Kind::FileName,
        TextShape::Placeholder => Kind::Placeholder,
    })
}

/// Forms that are JSON but for one mistake.
fn damaged_json(text: &str) -> Option<Kind> {
    let is_object = |text: &str| JsonObject::parse_text(text).is_some();
    for quote in ['\'', '"', '`'] {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner
            && inner.trim_start().starts_with('{')
        {
            return Some(Kind::OuterQuotes);
        }
    }
    if text.starts_with('"') && is_object(&Zeroizing::new(format!("{{{text}}}"))) {
        return Some(Kind::MissingBraces);
    }
    // A bracket may also begin a section of a file with variables.
    let is_section = text.starts_with('[') && !text.contains(['{', '"']);
    if is_section || !text.starts_with(['{', '[']) {
        return None;
    }
    let replaced = |from: &[char], to: &str| Zeroizing::new(text.replace(from, to));
    let typographic = ['“', '”', '„', '‟', '″', '«', '»'];
    if text.contains("\\\"") && is_object(&Zeroizing::new(text.replace("\\\"", "\""))) {
        Some(Kind::EscapedQuotes)
    } else if text.contains(typographic) && is_object(&replaced(&typographic, "\"")) {
        Some(Kind::TypographicQuotes)
    } else if is_object(&without_trailing_commas(text)) {
        Some(Kind::TrailingComma)
    } else if !text.contains('"') && text.contains('\'') {
        Some(Kind::SingleQuotes)
    } else if !text.contains(['"', '\'']) && text.contains([':', '=']) {
        Some(Kind::MissingQuotes)
    } else if text.contains("//") && is_object(&without_comments(text)) {
        Some(Kind::Comment)
    } else if is_object(&Zeroizing::new(text.replace(['\n', '\r', '\t'], " "))) {
        Some(Kind::ControlCharacter)
    } else if text.contains('\\') && is_object(&with_escaped_backslashes(text)) {
        Some(Kind::Backslash)
    } else if has_open_end(text) {
        Some(Kind::Truncated)
    } else if text.match_indices('}').any(|(at, _)| is_object(&text[..=at])) {
        Some(Kind::TrailingText)
    } else if outline(text).contains("\"\"") {
        Some(Kind::MissingComma)
    } else if has_bare_word(&outline(text)) {
        Some(Kind::MissingQuotes)
    } else {
        None
    }
}

/// The text without commas in front of a closing bracket, outside of strings.
fn without_trailing_commas(text: &str) -> Zeroizing<String> {
    let mut result = Zeroizing::new(String::with_capacity(text.len()));
    for (character, in_string) in Strings::new(text) {
        if !in_string && matches!(character, '}' | ']') {
            let length = result.trim_end().strip_suffix(',').map_or(result.len(), str::len);
            result.truncate(length);
        }
        result.push(character);
    }
    let length = result.trim_end().trim_end_matches([',', ';']).len();
    result.truncate(length);
    result
}

/// The text with two backslashes in place of one that begins no escape sequence of JSON.
fn with_escaped_backslashes(text: &str) -> Zeroizing<String> {
    let mut result = Zeroizing::new(String::with_capacity(text.len() * 2));
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        result.push(character);
        if character == '\\' {
            let escaped = rest.next_if(|next| "\"\\/bfnrtu".contains(*next));
            result.push(escaped.unwrap_or('\\'));
        }
    }
    result
}

fn without_comments(text: &str) -> Zeroizing<String> {
    let lines = text.lines().map(|line| line.split_once("//").map_or(line, |(before, _)| before));
    Zeroizing::new(lines.collect::<Vec<_>>().join("\n"))
}

/// Whether a string or a bracket is open at the end.
fn has_open_end(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut strings = Strings::new(text);
    for (character, in_string) in strings.by_ref() {
        match character {
            '{' | '[' if !in_string => depth += 1,
            '}' | ']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth > 0 || strings.in_string
}

/// The text with a quote in place of each string, without white space between them.
fn outline(text: &str) -> String {
    let mut outline = String::new();
    let mut was_in_string = false;
    for (character, in_string) in Strings::new(text) {
        if in_string && !was_in_string {
            outline.push('"');
        } else if !in_string && !character.is_whitespace() {
            outline.push(character);
        }
        was_in_string = in_string;
    }
    outline
}

/// Whether a key or a value has no quotes: `{user: "me"}`, `{"user": me}`.
fn has_bare_word(outline: &str) -> bool {
    let is_word = |word: &&str| word.len() > 1 && !["true", "false", "null"].contains(word);
    let mut words = outline.split(|c: char| !c.is_alphanumeric());
    words.any(|word| is_word(&word) && word.chars().any(char::is_alphabetic))
}

/// The characters of a text, and whether each is in a JSON string or one of its quotes.
struct Strings<'a> {
    characters: std::str::Chars<'a>,
    in_string: bool,
    is_escaped: bool,
}

impl<'a> Strings<'a> {
    fn new(text: &'a str) -> Self {
        Self { characters: text.chars(), in_string: false, is_escaped: false }
    }
}

impl Iterator for Strings<'_> {
    type Item = (char, bool);

    fn next(&mut self) -> Option<(char, bool)> {
        let character = self.characters.next()?;
        let was_in_string = self.in_string;
        if character == '"' && !self.is_escaped {
            self.in_string = !self.in_string;
        }
        self.is_escaped = was_in_string && character == '\\' && !self.is_escaped;
        Some((character, was_in_string || self.in_string))
    }
}

/// The form of a text that is encoded in Base64.
fn encoded(text: &str) -> Option<Kind> {
    let decoded = decode_base64(text)?;
    let decoded = decoded.trim();
    if decoded.starts_with('{') {
        Some(Kind::Base64Json)
    } else if is_user_and_password(decoded) {
        Some(Kind::Base64Login)
    } else {
        None
    }
}

/// The printable text in Base64 of either alphabet, also over several lines.
pub(crate) fn decode_base64(text: &str) -> Option<Zeroizing<String>> {
    let joined = Zeroizing::new(text.split_ascii_whitespace().collect::<String>());
    if joined.len() < MIN_BASE64 {
        return None;
    }
    let bytes = ENGINES.iter().find_map(|engine| engine.decode(&*joined).ok())?;
    let decoded = String::from_utf8(bytes).ok().map(Zeroizing::new)?;
    let is_text = !decoded.is_empty() && !decoded.chars().any(|c| c.is_control() && !c.is_whitespace());
    is_text.then_some(decoded)
}

/// Forms of plain text.
fn plain(text: &str) -> Option<Kind> {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let has_key = |line: &str, separator: &str| {
        let key = line
            .split_once(separator)
            .map(|(key, _)| key.trim().trim_start_matches("export ").trim_start_matches("- "));
        key.and_then(|key| KeyName::of(key.trim_matches(['"', '\'']))).is_some()
    };
    if lines.iter().any(|line| has_key(line, "=")) {
        Some(Kind::Assignments)
    } else if lines.iter().any(|line| has_key(line, ": ") || (lines.len() > 1 && has_key(line, ":"))) {
        Some(Kind::Yaml)
    } else if is_csv(&lines) {
        Some(Kind::Csv)
    } else if is_user_and_password(text) {
        Some(Kind::UserAndPassword)
    } else if text.split_whitespace().count() == 2 && text.split_whitespace().all(is_word) {
        Some(Kind::TwoWords)
    } else if is_word(text) {
        Some(Kind::OneWord)
    } else {
        None
    }
}

fn is_csv(lines: &[&str]) -> bool {
    let commas = |line: &&str| line.matches([',', ';', '\t']).count();
    let count = lines.first().map_or(0, commas);
    count > 0 && lines.len() <= 2 && lines.iter().all(|line| commas(line) == count && !line.contains(": "))
}

fn is_user_and_password(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(user, password)| is_word(user) && !password.is_empty() && !password.contains('\n'))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '[' | ']' | '"'))
}
