//! Removes the login from the engine's messages: a registry receives it, and can put it into an
//! answer that the engine repeats.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::credential::Login;

/// Shorter texts occur by chance; removing them would make every message unreadable.
const MIN_LENGTH: usize = 4;

/// Removes every form of the login from a text: plain, escaped as JSON, Go and URLs do, and
/// encoded as the registry (`user:password`) and the engine (`header`) receive it.
pub(crate) fn redact_login(text: String, login: &Login, header: Option<&HeaderValue>) -> String {
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
    if let Some(header) = header.and_then(|header| header.to_str().ok()) {
        forms.push(Zeroizing::new(header.trim_end_matches('=').to_owned()));
    }
    for plain in plain_texts {
        let json = Zeroizing::new(serde_json::to_string(plain).unwrap_or_default());
        let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default();
        for text in [plain, json, &plain.escape_debug().to_string()] {
            forms.extend(base64_forms(text));
            forms.push(Zeroizing::new(text.to_owned()));
        }
        forms.push(Zeroizing::new(percent_encode(plain)));
    }
    // The longest first, because a form may be part of another.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.iter().filter(|form| form.len() >= MIN_LENGTH).fold(text, |text, form| {
        if text.contains(form.as_str()) { text.replace(form.as_str(), "[redacted]") } else { text }
    })
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

fn percent_encode(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::redact_login;
    use crate::credential::Login;
    use crate::engine::auth_header::auth_header;
    use crate::secret::Secret;
    use crate::task::ImageReference;

    #[test]
    fn a_login_echoed_by_the_registry_is_redacted() {
        let login = Login::Password {
            username: Secret::new("robot$team".to_owned()),
            password: Secret::new("p\"ss/w rd+ÿ".to_owned()),
        };
        let header = auth_header(&ImageReference::parse("r.example/a").unwrap(), &login).unwrap();
        let echoes = [
            "Authorization: Basic cm9ib3QkdGVhbTpwInNzL3cgcmQrw78=",
            "Authorization: Basic cm9ib3QkdGVhbTpwInNzL3cgcmQrw78",
            r#"password p"ss/w rd+ÿ is wrong"#,
            r#"{"password": "p\"ss/w rd+ÿ"}"#,
            "GET /token?password=p%22ss%2Fw%20rd%2B%C3%BF",
            "no such user robot$team",
            header.to_str().unwrap(),
        ];
        for echo in echoes {
            let text = redact_login(echo.to_owned(), &login, Some(&header));
            assert!(text.contains("[redacted]"), "{text}");
        }
        let harmless = "manifest unknown";
        assert_eq!(redact_login(harmless.to_owned(), &login, Some(&header)), harmless);
    }

    #[test]
    fn an_identity_token_echoed_by_the_registry_is_redacted() {
        let token = Login::IdentityToken(Secret::new("refresh/token".to_owned()));
        for echo in ["grant refresh/token", "refresh_token=refresh%2Ftoken"] {
            assert!(redact_login(echo.to_owned(), &token, None).contains("[redacted]"), "{echo}");
        }
    }
}
