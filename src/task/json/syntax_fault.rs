//! What people write that is nearly JSON: comments, single quotes, a comma too many.

use serde::de::IgnoredAny;

use super::words::words_of;

/// Where a text stops being JSON, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxFault {
    /// The line of the fault, from 1.
    pub line: usize,
    /// The column of the fault in bytes, from 1; 0 is the end of the line before.
    pub column: usize,
    pub message: String,
    /// What to do; the name of the input is `FILE` in it.
    pub hint: String,
}

/// The words that other languages have for what JSON writes `true`, `false` and `null`.
const FOREIGN_WORDS: [&str; 9] = ["True", "TRUE", "False", "FALSE", "None", "NULL", "Null", "undefined", "NaN"];

/// Texts at which a template has a value that was not filled in.
const TEMPLATE_MARKS: [&str; 7] = ["{{", "{%", "${", "<%", "$(", "<", "%"];

impl SyntaxFault {
    /// Explains the parser's error in this text.
    pub(super) fn new(text: &str, error: &serde_json::Error) -> Self {
        let at = offset(text, error.line(), error.column());
        let (before, rest) = text.split_at(at);
        let words = words_of(error);
        let tail = before.trim_end();
        if rest.starts_with(['}', ']']) && tail.ends_with(',') {
            let (line, column) = position(text, tail.len() - 1);
            let message = format!("a trailing comma before `{}`", &rest[..1]);
            return Self { line, column, message, hint: "remove the comma".to_owned() };
        }
        if let Some(line) = start_of_json(text).filter(|start| *start > error.line() && !is_comment(rest)) {
            let message = format!("a text before the definition, which begins in line {line}");
            let hint = format!("remove what is before it: `tail -n +{line} FILE | taskpull pull -` leaves it out");
            return Self { line: error.line(), column: error.column(), message, hint };
        }
        let (start, word) = word_at(text, at);
        let (message, hint) = explain(text, before, rest, word, error.is_eof(), &words);
        let is_word = !word.is_empty() && words.starts_with("expected ident");
        let (line, column) = if is_word { position(text, start) } else { (error.line(), error.column()) };
        Self { line, column, message, hint: hint.unwrap_or_else(|| JSON_HINT.to_owned()) }
    }
}

const JSON_HINT: &str = "the input must be JSON: `python3 -m json.tool FILE` shows the same position";

/// What is wrong where `rest` begins, and what to do.
fn explain(text: &str, before: &str, rest: &str, word: &str, is_end: bool, words: &str) -> (String, Option<String>) {
    let fault = |message: &str, hint: &str| (message.to_owned(), Some(hint.to_owned()));
    if is_end {
        return fault(
            "the text ends before the definition is complete",
            "the input is cut off, or a bracket or quote is missing: write it again",
        );
    }
    if is_comment(rest) {
        return comment(before, rest);
    }
    if words == "trailing characters" {
        return if rest.starts_with(['{', '[']) {
            fault(
                "a second JSON document after the end of the definition",
                "give each definition a file of its own; `jq -s '.[0]' FILE | taskpull pull -` pulls the first",
            )
        } else {
            fault("text after the end of the definition", "remove what is after the last bracket")
        };
    }
    let is_template = TEMPLATE_MARKS.iter().any(|mark| rest.starts_with(mark))
        || (rest.starts_with(['{', '%']) && before.ends_with('{'));
    if is_template {
        return fault(
            "a placeholder that was not filled in",
            "the input is a template: give the output of the program that fills it in",
        );
    }
    if rest.starts_with('\'') {
        return single_quote(text);
    }
    if rest.starts_with(['“', '”', '„', '‘', '’', '«', '»']) {
        return fault(
            "a typographic quote; JSON has only `\"`",
            "write straight quotes, as an editor for programs does",
        );
    }
    if rest.starts_with(',') {
        return fault("a comma with no value before it", "remove the comma");
    }
    if words.starts_with("expected `,`") && rest.starts_with(['"', '{', '[']) {
        return fault("a comma is missing before this", "write a comma after the value before it");
    }
    if words.starts_with("expected `:`") {
        return fault("a colon is missing between a key and its value", "write `\"key\": value`");
    }
    if words.starts_with("control character") {
        return fault(
            "a line break or another control character within quotes",
            "close the quote before it, or write `\\n` for a line break and `\\t` for a tab",
        );
    }
    if words.starts_with("invalid escape") {
        return fault("a backslash that means nothing in JSON", "write two backslashes for one");
    }
    if FOREIGN_WORDS.contains(&word) {
        return fault(&format!("`{word}` is not JSON"), "JSON writes `true`, `false` and `null`");
    }
    if words.starts_with("key must be a string") && !word.is_empty() {
        return fault("a key without quotes", "write keys and texts in double quotes");
    }
    if !word.is_empty() {
        return fault("a text without quotes", "write keys and texts in double quotes");
    }
    (words.to_owned(), None)
}

fn is_comment(rest: &str) -> bool {
    rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with('#')
}

/// The line of the first object or array of a text that begins with something else.
fn start_of_json(text: &str) -> Option<usize> {
    let is_time_or_level = |rest: &str| rest.starts_with(|first: char| first.is_ascii_alphanumeric());
    let first_line = text.trim_start();
    if first_line.starts_with('{') || first_line.strip_prefix('[').is_some_and(|rest| !is_time_or_level(rest)) {
        return None;
    }
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number > 0 && line.starts_with(['{', '[']) {
            let mut documents = serde_json::Deserializer::from_str(&text[start..]).into_iter::<IgnoredAny>();
            return documents.next()?.is_ok().then_some(number + 1);
        }
        start += line.len();
    }
    None
}

fn comment(before: &str, rest: &str) -> (String, Option<String>) {
    let begins_line = before.rsplit('\n').next().is_none_or(|line| line.trim().is_empty());
    let hint = match (begins_line, rest.starts_with('#')) {
        (true, true) => {
            "remove the comments: `sed 's|^[[:space:]]*#.*||' FILE | taskpull pull -` leaves out such lines"
        }
        (true, false) if rest.starts_with("//") => {
            "remove the comments: `sed 's|^[[:space:]]*//.*||' FILE | taskpull pull -` leaves out such lines"
        }
        _ => "remove the comments",
    };
    ("a comment, which JSON does not have".to_owned(), Some(hint.to_owned()))
}

/// A quote of JavaScript, YAML or Python. Python prints dictionaries so, and can read them again.
fn single_quote(text: &str) -> (String, Option<String>) {
    let is_python = ["{'", "[{'"].iter().any(|start| text.trim_start().starts_with(start));
    let hint = if is_python {
        "Python printed this: `python3 -c 'import ast, json, sys; print(json.dumps(ast.literal_eval(sys.stdin.read()), default=str))' < FILE | taskpull pull -`"
    } else {
        "write double quotes"
    };
    ("a single quote; JSON has only `\"`".to_owned(), Some(hint.to_owned()))
}

/// The byte that the parser's position means, at the beginning of a character.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line.checked_sub(2) {
        None => 0,
        Some(breaks) => text.match_indices('\n').nth(breaks).map_or(text.len(), |(at, _)| at + 1),
    };
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The line and the column of a byte.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |line_break| line_break + 1);
    (before.matches('\n').count() + 1, at - line_start + 1)
}

/// The word around a byte, with its beginning; empty if there is none.
fn word_at(text: &str, at: usize) -> (usize, &str) {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let start = text[..at]
        .rfind(|letter| !is_word(letter))
        .map_or(0, |before| before + text[before..].chars().next().map_or(0, char::len_utf8));
    let end = text[at..].find(|letter| !is_word(letter)).map_or(text.len(), |length| at + length);
    let word = &text[start..end];
    (start, if word.starts_with(|first: char| first.is_alphabetic() || first == '_') { word } else { "" })
}
