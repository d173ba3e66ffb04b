//! The `Authorization` header and the form of a token request: the only place of this module that
//! exposes a login.
//!
//! Buffers are zeroized, and the header prints as `Sensitive`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use percent_encoding::utf8_percent_encode;
use zeroize::Zeroizing;

use crate::credential::{Login, RESERVED};
use crate::secret::Secret;

/// The header with the login itself (E3); `None` unless it is a user name and password.
pub(super) fn basic(login: &Login) -> Option<HeaderValue> {
    let Login::Password { username, password } = login else { return None };
    #[expect(clippy::disallowed_methods, reason = "sends the login to the registry")]
    let (username, password) = (username.expose(), password.expose());
    let mut plain = Zeroizing::new(Vec::with_capacity(username.len() + 1 + password.len()));
    plain.extend_from_slice(username.as_bytes());
    plain.push(b':');
    plain.extend_from_slice(password.as_bytes());
    // The buffer has its final size, because one that grows leaves its old content in memory.
    let mut encoded = Zeroizing::new(vec![0; plain.len().div_ceil(3) * 4]);
    STANDARD.encode_slice(&*plain, &mut encoded).ok()?;
    sensitive(&[b"Basic ", &encoded])
}

/// The header with a token; `None` if the token cannot be part of a header.
pub(super) fn bearer(token: &Secret) -> Option<HeaderValue> {
    #[expect(clippy::disallowed_methods, reason = "sends the token to the registry")]
    let token = token.expose();
    let is_printable = token.bytes().all(|byte| byte.is_ascii_graphic());
    if is_printable { sensitive(&[b"Bearer ", token.as_bytes()]) } else { None }
}

/// The form that exchanges a login for a registry token (RFC 6749, 4.3 and 6); `None` for no login.
/// `parameters` is the encoded service and scope.
pub(super) fn token_form(parameters: &str, login: &Login) -> Option<Bytes> {
    let (grant, fields) = match login {
        Login::Anonymous => return None,
        Login::Password { username, password } => ("password", vec![("username", username), ("password", password)]),
        Login::IdentityToken(token) => ("refresh_token", vec![("refresh_token", token)]),
    };
    let start = format!("grant_type={grant}&client_id=taskpull&{parameters}");
    #[expect(clippy::disallowed_methods, reason = "sends the login to the token service")]
    let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name, value.expose())).collect();
    let length = fields.iter().map(|(name, value)| name.len() + 2 + 3 * value.len()).sum::<usize>();
    // The buffer is large enough from the start: one that grows leaves its old content in memory.
    let mut form = Zeroizing::new(Vec::with_capacity(start.len() + length));
    form.extend_from_slice(start.trim_end_matches('&').as_bytes());
    for (name, value) in fields {
        form.extend([b"&", name.as_bytes(), b"="].concat());
        utf8_percent_encode(value, &RESERVED).for_each(|part| form.extend_from_slice(part.as_bytes()));
    }
    Some(Bytes::from_owner(form))
}

/// Encodes a text for a form or a query.
pub(super) fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED).to_string()
}

fn sensitive(parts: &[&[u8]]) -> Option<HeaderValue> {
    let mut text = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        text.extend_from_slice(part);
    }
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::{basic, percent_encode, token_form};
    use crate::credential::Login;
    use crate::secret::Secret;

    #[test]
    fn a_password_login_becomes_a_header_that_prints_nothing() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let header = basic(&Login::Password { username: secret("me"), password: secret("swörd:fish") }).unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic bWU6c3fDtnJkOmZpc2g=");
        assert_eq!(format!("{header:?}"), "Sensitive");
        assert!(basic(&Login::Anonymous).is_none());
        assert!(basic(&Login::IdentityToken(secret("token"))).is_none());
    }

    #[test]
    fn a_login_becomes_the_form_of_a_token_request() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let password = Login::Password { username: secret("me"), password: secret("p&w=") };
        let form = "grant_type=password&client_id=taskpull&service=r&username=me&password=p%26w%3D";
        assert_eq!(token_form("service=r", &password).unwrap(), form);
        let token = Login::IdentityToken(secret("a/b"));
        assert_eq!(token_form("", &token).unwrap(), "grant_type=refresh_token&client_id=taskpull&refresh_token=a%2Fb");
        assert!(token_form("", &Login::Anonymous).is_none());
    }

    #[test]
    fn special_characters_of_a_query_are_encoded() {
        assert_eq!(percent_encode("repository:a/b:pull&x=ÿ"), "repository%3Aa%2Fb%3Apull%26x%3D%C3%BF");
    }
}
