//! Removes a login from the messages of engines and registries: a registry receives the login, and can
//! put it into its answer, which an engine repeats.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::credential::Login;

/// The characters that forms and queries escape (RFC 3986, 2.3).
pub(crate) const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Shorter texts occur by chance; removing them would make every message unreadable.
const MIN_LENGTH: usize = 4;

/// The shortest part of a password or token that is removed, in bytes. A server that cuts a text may
/// repeat a part of a token; shorter parts occur in ordinary words and give little away.
const MIN_PART: usize = 12;

/// What replaces a login.
const REPLACEMENT: &str = "[redacted]";

/// Removes every form of the login from a text: plain, escaped as JSON, Go and URLs do, and
/// encoded as the registry (`user:password`) and the engine (`header`, a text in base64) receive it.
/// Parts of a password or token are removed too, from 12 bytes on.
pub(crate) fn redact_login(text: String, login: &Login, header: Option<&str>) -> String {
    let mut forms: Vec<Zeroizing<String>> = Vec::new();
    #[expect(clippy::disallowed_methods, reason = "a text can only be removed if it is known")]
    let plain_texts = match login {
        Login::Anonymous => return text,
        Login::Password { username, password } => {
            let (username, password) = (username.expose(), password.expose());
            let basic = Zeroizing::new(format!("{username}:{password}"));
            forms.push(Zeroizing::new(STANDARD.encode(&*basic)));
            vec![password, username]
        }
        Login::IdentityToken(token) => vec![token.expose()],
    };
    // The first of them is the password or the token, which is removed in part too.
    let token = plain_texts[0];
    forms.extend(header.map(|header| Zeroizing::new(header.trim_end_matches('=').to_owned())));
    for plain in plain_texts {
        let json = Zeroizing::new(serde_json::to_string(plain).unwrap_or_default());
        let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default();
        for text in [plain, json, &plain.escape_debug().to_string()] {
            forms.extend(base64_forms(text));
            forms.push(Zeroizing::new(text.to_owned()));
        }
        forms.push(Zeroizing::new(utf8_percent_encode(plain, &RESERVED).to_string()));
    }
    // The longest first, because a form may be part of another.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    let text = forms.iter().filter(|form| form.len() >= MIN_LENGTH).fold(text, |text, form| {
        if text.contains(form.as_str()) { text.replace(form.as_str(), REPLACEMENT) } else { text }
    });
    redact_parts(text, token)
}

/// Removes the parts of a token that a server cut: every run of at least `MIN_PART` bytes of it.
fn redact_parts(text: String, token: &str) -> String {
    let starts = token.char_indices().map(|(start, _)| start);
    let parts: Vec<&str> = starts.filter_map(|start| token.get(start..start + MIN_PART)).collect();
    if !parts.iter().any(|part| text.contains(part)) {
        return text;
    }
    let mut safe = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let Some(part) = parts.iter().find(|part| rest.starts_with(**part)) else {
            safe.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        // The run may continue: as long as it does, the text is a part of the token.
        let ends = (part.len()..=rest.len()).filter(|end| rest.is_char_boundary(*end));
        let end = ends.take_while(|end| token.contains(&rest[..*end])).last().unwrap_or(part.len());
        safe.push_str(REPLACEMENT);
        rest = &rest[end..];
    }
    safe
}

/// The base64 of a text within a longer one, for each of the three offsets at which it can start:
/// only the characters that depend on nothing but the text.
fn base64_forms(text: &str) -> impl Iterator<Item = Zeroizing<String>> {
    (0..3_usize).flat_map(move |offset| {
        let bytes = Zeroizing::new([&vec![0; offset], text.as_bytes()].concat());
        let (first, last) = ((offset * 8).div_ceil(6), bytes.len() * 8 / 6);
        [STANDARD_NO_PAD, URL_SAFE_NO_PAD].map(|alphabet| {
            let encoded = Zeroizing::new(alphabet.encode(&*bytes));
            Zeroizing::new(encoded.get(first..last).unwrap_or_default().to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::redact_login;
    use crate::credential::Login;
    use crate::secret::Secret;

    #[test]
    fn a_login_echoed_by_the_registry_is_redacted() {
        let login = Login::Password {
            username: Secret::new("robot$team".to_owned()),
            password: Secret::new("p\"ss/w rd+ÿ".to_owned()),
        };
        let header = "eyJ1c2VybmFtZSI6InJvYm90In0=";
        let echoes = [
            "Authorization: Basic cm9ib3QkdGVhbTpwInNzL3cgcmQrw78=",
            "Authorization: Basic cm9ib3QkdGVhbTpwInNzL3cgcmQrw78",
            r#"password p"ss/w rd+ÿ is wrong"#,
            r#"{"password": "p\"ss/w rd+ÿ"}"#,
            "GET /token?password=p%22ss%2Fw%20rd%2B%C3%BF",
            "no such user robot$team",
            header,
        ];
        for echo in echoes {
            let text = redact_login(echo.to_owned(), &login, Some(header));
            assert!(text.contains("[redacted]"), "{text}");
        }
        let harmless = "manifest unknown";
        assert_eq!(redact_login(harmless.to_owned(), &login, Some(header)), harmless);
    }

    #[test]
    fn a_part_of_a_token_is_redacted_and_ordinary_words_are_not() {
        let redact = |text: &str, password: &str| {
            let secret = |text: &str| Secret::new(text.to_owned());
            let login = Login::Password { username: secret("me"), password: secret(password) };
            redact_login(text.to_owned(), &login, None)
        };
        let token = "ghp_0123456789abcdefghijABCDEFGHIJ";
        assert_eq!(redact("token ghp_0123456789abc… is invalid", token), "token [redacted]… is invalid");
        assert_eq!(redact("…abcdefghijABCDEFGHIJ", token), "…[redacted]");
        assert_eq!(redact("ghp_0123 is short", token), "ghp_0123 is short");
        assert_eq!(redact("the password is wrong", "my-password-1"), "the password is wrong");
        assert_eq!(redact("pässwörter-ä-1234 ÿ", "x-pässwörter-ä-12345"), "[redacted] ÿ");
    }

    #[test]
    fn an_identity_token_echoed_by_the_registry_is_redacted() {
        let token = Login::IdentityToken(Secret::new("refresh/token".to_owned()));
        for echo in ["grant refresh/token", "refresh_token=refresh%2Ftoken"] {
            assert!(redact_login(echo.to_owned(), &token, None).contains("[redacted]"), "{echo}");
        }
    }
}
