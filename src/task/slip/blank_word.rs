//! Words that stand in a document or a template where the reader has to write a value.

/// Words that occur in placeholders, in upper case.
const WORDS: [&str; 32] = [
    "YOUR",
    "ACCOUNT",
    "ACCOUNTID",
    "REGION",
    "IMAGE",
    "IMAGENAME",
    "IMAGEURI",
    "REPO",
    "REPOSITORY",
    "REPOSITORYNAME",
    "REGISTRY",
    "SECRET",
    "ARN",
    "URI",
    "URL",
    "NAME",
    "TAG",
    "ROLE",
    "REPLACE",
    "REPLACEME",
    "CHANGE",
    "CHANGEME",
    "INSERT",
    "TODO",
    "FIXME",
    "TBD",
    "PLACEHOLDER",
    "HERE",
    "CONTAINER",
    "CLUSTER",
    "USERNAME",
    "NAMESPACE",
];

/// Words that certainly are a placeholder, also in a name that may have upper-case letters.
const CERTAIN_WORDS: [&str; 11] =
    ["YOUR", "ARN", "REPLACE", "REPLACEME", "CHANGEME", "INSERT", "TODO", "FIXME", "TBD", "PLACEHOLDER", "HERE"];

/// Whether a word in upper case is a placeholder, such as `AWS_ACCOUNT_ID` or `IMAGE-NAME`. It is meant for places
/// where a value has no upper-case letters.
pub(in crate::task) fn is_blank(word: &str) -> bool {
    has_word(word, &WORDS) || is_run_of_x(word)
}

/// Whether a word in upper case is a placeholder even where upper-case letters are usual, such as `REPLACE_ME`.
pub(in crate::task) fn is_certain_blank(word: &str) -> bool {
    has_word(word, &CERTAIN_WORDS) || is_run_of_x(word) || word == "CHANGE_ME" || word == "SECRET_NAME"
}

/// Whether a word, in a place where digits belong, has none: `aws_account_id`, `account`, `xxxxxxxxxxxx`.
pub(in crate::task) fn is_unnumbered(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_alphabetic() || matches!(c, '_' | '-' | ' ' | '.'))
}

fn has_word(word: &str, words: &[&str]) -> bool {
    let is_upper = word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    is_upper && word.split(['_', '-']).any(|part| words.contains(&part.trim_end_matches(|c: char| c.is_ascii_digit())))
}

/// Whether a word consists of `x` alone, six or more.
fn is_run_of_x(word: &str) -> bool {
    word.len() >= 6 && (word.bytes().all(|b| b == b'x') || word.bytes().all(|b| b == b'X'))
}
