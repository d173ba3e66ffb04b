//! The words that only a login has: `password=…`, an option of a command, a token.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::input_kind::InputKind;

/// Whether the text is JSON, or a part of it.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{') || (text.contains('"') && text.contains([':', ',']))
}

/// The words before a value that is secret.
const SECRET_KEYS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "auth",
    "username",
    "user",
    "login",
    "credentials",
    "apikey",
];

/// The words before the name of a user. A secret or a role may have it in its name: `team/user=alice`.
const USER_KEYS: [&str; 3] = ["username", "user", "login"];

/// The words before a value that is not secret, in the address of a web page or in an assignment.
const OPEN_KEYS: [&str; 14] = [
    "image",
    "name",
    "region",
    "tag",
    "version",
    "tab",
    "section",
    "id",
    "project",
    "page",
    "repository",
    "arn",
    "q",
    "type",
];

/// Whether the text has `password=…`, or in an image any value that may be secret.
pub(super) fn has_assignment(kind: InputKind, text: &str) -> bool {
    let lower = text.to_lowercase();
    let is_web_page = lower.contains("://");
    lower.match_indices(['=', '>']).any(|(at, _)| {
        let key = lower[..at].trim_end_matches(['"', '\'', ' ']);
        let key = key.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let has_value = lower[at + 1..].starts_with(|c: char| !matches!(c, '=' | '/' | ',' | '&'));
        let has_secret_key = has_value && SECRET_KEYS.iter().any(|secret| key.ends_with(secret));
        match kind {
            _ if is_web_page => has_secret_key || (has_value && ["key", "sig", "signature", "code"].contains(&key)),
            InputKind::Image => has_value && !OPEN_KEYS.contains(&key),
            // The name in an ARN may have an equals sign.
            InputKind::Name => has_secret_key && !USER_KEYS.contains(&key) && !lower.starts_with("arn:"),
            _ => has_secret_key,
        }
    }) || ["password ", "passwd ", "password: ", "authorization:", "bearer ", "basic "]
        .iter()
        .any(|key| lower.contains(key))
}

/// Whether a command has options that take a login.
pub(super) fn has_login_options(text: &str) -> bool {
    const OPTIONS: [&str; 6] = ["-u", "-p", "--username", "--password", "--creds", "--user"];
    text.split_whitespace()
        .any(|word| OPTIONS.contains(&word) || word.starts_with("--creds=") || word.starts_with("-p"))
}

/// The beginnings of tokens that registries and Git hosts issue, and that begin nothing else.
const TOKENS: [&str; 6] = ["github_pat_", "glpat-", "gldt-", "glcbt-", "dckr_pat_", "dckr_oat_"];

/// The beginnings of tokens that names have too, such as `npm_registry_proxy`.
const TOKENS_LIKE_NAMES: [&str; 16] = [
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_", "pypi-", "hf_", "xoxb-", "AKCp", "eyJ", "AKIA", "ASIA", "IQoJ",
    "AQoD", "FwoG",
];

/// The shortest token with one of these beginnings, in characters.
const TOKEN_LENGTH: usize = 20;

/// Whether a word of the text is a token, or the text a private key, or a login in Base64 as Docker's `auth` has it.
pub(super) fn has_token(text: &str) -> bool {
    if text.contains("-----BEGIN") {
        return true;
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
    let words = text.split(|c: char| !is_word(c)).flat_map(|word| word.split('/').chain([word]));
    words.into_iter().any(|word| {
        let is_token = TOKENS.iter().any(|start| word.starts_with(start))
            || TOKENS_LIKE_NAMES.iter().any(|start| word.strip_prefix(start).is_some_and(has_random_part));
        (is_token && word.len() >= TOKEN_LENGTH) || is_encoded_login(word)
    })
}

/// Whether a part of a word between separators is as long as no word of a language, and mixes letters as a
/// token does.
fn has_random_part(word: &str) -> bool {
    let is_mixed = |part: &str| part.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    word.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part.len() >= 12 && is_mixed(part))
}

fn is_encoded_login(word: &str) -> bool {
    let digits = word.trim_end_matches('=');
    let is_mixed = word.len() > digits.len() || word.bytes().any(|b| b.is_ascii_uppercase());
    if digits.len() < 7 || !is_mixed {
        return false;
    }
    [STANDARD_NO_PAD.decode(digits), URL_SAFE_NO_PAD.decode(digits)].into_iter().flatten().any(|bytes| {
        let is_text = bytes.iter().all(u8::is_ascii_graphic);
        is_text && (bytes.starts_with(b"{") || bytes[1..bytes.len() - 1].contains(&b':'))
    })
}
