//! `Authorization`: the login as a registry takes it, or the token that its token service
//! gives for it.
//!
//! A login leaves this process in two ways only: to the registry itself, and to the address
//! that the registry names as its token service, which must have TLS unless both are this
//! host's own. Its buffers are wiped, and the header prints as `Sensitive`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::exchange::{Body, Exchange, is_loopback, no_body, with_body};
use super::registry_error::RegistryError;
use crate::credential::Login;
use crate::secret::Secret;
use crate::task::ImageReference;

/// For which image a token is wanted, and whether its registry has no TLS.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub image: &'a ImageReference,
    pub is_plain: bool,
}

/// What a token service answers: one of the two, or both the same.
#[derive(Deserialize)]
struct Token {
    token: Option<Secret>,
    access_token: Option<Secret>,
}

/// The login itself (E3), if it is one of a name and a password.
pub(super) fn basic(login: &Login) -> Option<HeaderValue> {
    let Login::Password { username, password } = login else { return None };
    #[expect(clippy::disallowed_methods, reason = "the writer of a login to a registry")]
    let (username, password) = (username.expose(), password.expose());
    let mut plain = Zeroizing::new(Vec::with_capacity(username.len() + 1 + password.len()));
    plain.extend_from_slice(username.as_bytes());
    plain.push(b':');
    plain.extend_from_slice(password.as_bytes());
    // A buffer that grows leaves its old contents behind.
    let mut encoded = Zeroizing::new(vec![0; plain.len().div_ceil(3) * 4]);
    STANDARD.encode_slice(&*plain, &mut encoded).ok()?;
    sensitive(&[b"Basic ", &encoded])
}

/// The token that the service at `realm` gives for the login.
pub(super) async fn authorization(
    exchange: &Exchange,
    realm: &str,
    service: &str,
    login: &Login,
    scope: Scope<'_>,
) -> Result<HeaderValue, RegistryError> {
    let realm: Uri = realm.parse().map_err(|_| RegistryError::Challenge)?;
    let is_allowed = match realm.scheme_str() {
        Some("https") => true,
        Some("http") => scope.is_plain && realm.host().is_some_and(is_loopback),
        _ => false,
    };
    if !is_allowed {
        return Err(RegistryError::Challenge);
    }
    let wanted = format!("repository:{}:pull", scope.image.repository());
    let asked = format!("service={}&scope={}", encoded(service), encoded(&wanted));
    let request = match login {
        Login::IdentityToken(token) => by_identity_token(realm, &asked, token),
        Login::Anonymous | Login::Password { .. } => by_login(&realm, &asked, login)?,
    };
    let answer = exchange.send(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(RegistryError::Status(answer.status().as_u16()));
    }
    let token: Token = serde_json::from_slice(answer.body()).map_err(|_| RegistryError::Garbled("it is no token"))?;
    let token = token.token.or(token.access_token).ok_or(RegistryError::Garbled("there is no token in it"))?;
    #[expect(clippy::disallowed_methods, reason = "the writer of a token to a registry")]
    let token = token.expose();
    sensitive(&[b"Bearer ", token.as_bytes()]).ok_or(RegistryError::Garbled("its token is no header's text"))
}

fn by_login(realm: &Uri, asked: &str, login: &Login) -> Result<Request<Body>, RegistryError> {
    let joint = if realm.query().is_some() { '&' } else { '?' };
    let mut request = Request::new(no_body());
    *request.uri_mut() = format!("{realm}{joint}{asked}").parse().map_err(|_| RegistryError::Challenge)?;
    if let Some(basic) = basic(login) {
        request.headers_mut().insert(header::AUTHORIZATION, basic);
    }
    Ok(request)
}

fn by_identity_token(realm: Uri, asked: &str, token: &Secret) -> Request<Body> {
    #[expect(clippy::disallowed_methods, reason = "the writer of a token to its service")]
    let token = token.expose();
    let before = format!("grant_type=refresh_token&client_id=taskpull&{asked}&refresh_token=");
    let mut form = Zeroizing::new(Vec::with_capacity(before.len() + 3 * token.len()));
    form.extend_from_slice(before.as_bytes());
    for byte in token.bytes() {
        encode(byte, |byte| form.push(byte));
    }
    let mut request = Request::new(with_body(Bytes::from_owner(form)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = realm;
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    request
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

/// As a form and a query have it.
fn encoded(text: &str) -> String {
    let mut escaped = String::with_capacity(3 * text.len());
    text.bytes().for_each(|byte| encode(byte, |byte| escaped.push(char::from(byte))));
    escaped
}

fn encode(byte: u8, mut push: impl FnMut(u8)) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        push(byte);
    } else {
        push(b'%');
        push(DIGITS[usize::from(byte >> 4)]);
        push(DIGITS[usize::from(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use super::{basic, encoded};
    use crate::credential::Login;
    use crate::secret::Secret;

    #[test]
    fn a_login_is_basic_and_prints_as_nothing() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let header = basic(&Login::Password { username: secret("me"), password: secret("swörd:fish") }).unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic bWU6c3fDtnJkOmZpc2g=");
        assert_eq!(format!("{header:?}"), "Sensitive");
        assert!(basic(&Login::Anonymous).is_none());
        assert!(basic(&Login::IdentityToken(secret("token"))).is_none());
    }

    #[test]
    fn a_query_has_no_characters_of_its_own() {
        assert_eq!(encoded("repository:a/b:pull&x=ÿ"), "repository%3Aa%2Fb%3Apull%26x%3D%C3%BF");
    }
}
