//! `Authorization`: the login as a registry takes it, or the token that its token service
//! gives for it.
//!
//! A login leaves this process in two ways only: to the registry itself, and to the address
//! that the registry names as its token service, which must have TLS unless both are this
//! host's own. Its buffers are wiped, and the header prints as `Sensitive`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::exchange::{Body, Exchange, SHORT, is_loopback, no_body, with_body};
use super::registry_error::RegistryError;
use crate::credential::Login;
use crate::secret::Secret;

/// The service that a registry names for its tokens.
pub(super) struct TokenService(Uri);

/// What a token is wanted for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The registry's name at the service, if it said one.
    pub service: Option<&'a str>,
    /// The repository that is to be read, if it is more than the login that is tried.
    pub repository: Option<&'a str>,
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

impl TokenService {
    /// The service at a realm, if a login for this registry may be sent there: with TLS, or
    /// without where both are this host's own. A realm may not bring a login of its own along.
    pub(super) fn at(realm: &str, registry: &str) -> Option<Self> {
        let realm: Uri = realm.parse().ok()?;
        let is_allowed = match realm.scheme_str() {
            Some("https") => true,
            Some("http") => is_loopback(registry) && realm.host().is_some_and(is_loopback),
            _ => false,
        };
        let is_bare = !realm.authority()?.as_str().contains('@');
        (is_allowed && is_bare).then_some(Self(realm))
    }

    /// Who is asked, with the port if there is one.
    pub(super) fn host(&self) -> &str {
        self.0.authority().map_or("", |authority| authority.as_str())
    }

    /// The header with the token that the service gives for the login.
    pub(super) async fn authorization(
        &self,
        exchange: &Exchange,
        wanted: Wanted<'_>,
        login: &Login,
    ) -> Result<HeaderValue, RegistryError> {
        let service = wanted.service.map(|service| format!("service={}", encoded(service)));
        let scope = |repository| format!("scope={}", encoded(&format!("repository:{repository}:pull")));
        let asked: Vec<_> = service.into_iter().chain(wanted.repository.map(scope)).collect();
        let asked = asked.join("&");
        let request = match login {
            Login::IdentityToken(token) => by_identity_token(self.0.clone(), &asked, token),
            Login::Anonymous | Login::Password { .. } => by_login(&self.0, &asked, login)?,
        };
        let answer = exchange.send(request, SHORT).await?;
        if !answer.status().is_success() {
            return Err(RegistryError::Status(answer.status().as_u16()));
        }
        let token: Token =
            serde_json::from_slice(answer.body()).map_err(|_| RegistryError::Garbled("it is no token"))?;
        let token = token.token.or(token.access_token).filter(|token| !token.is_empty());
        bearer(&token.ok_or(RegistryError::Garbled("there is no token in it"))?)
    }
}

fn bearer(token: &Secret) -> Result<HeaderValue, RegistryError> {
    #[expect(clippy::disallowed_methods, reason = "the writer of a token to a registry")]
    let token = token.expose();
    let is_text = token.bytes().all(|byte| byte.is_ascii_graphic());
    let header = if is_text { sensitive(&[b"Bearer ", token.as_bytes()]) } else { None };
    header.ok_or(RegistryError::Garbled("its token is no header's text"))
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
    use super::{TokenService, basic, encoded};
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
    fn a_login_goes_to_no_service_without_tls_elsewhere() {
        let host = |realm, registry| TokenService::at(realm, registry).map(|service| service.host().to_owned());
        assert_eq!(host("https://auth.example/token?a=b", "r.example").as_deref(), Some("auth.example"));
        assert_eq!(host("http://127.0.0.1:1/token", "localhost:5000").as_deref(), Some("127.0.0.1:1"));
        for realm in ["http://auth.example/", "ftp://127.0.0.1/", "token", "/token", "https://a@auth.example/"] {
            assert_eq!(host(realm, "localhost:5000"), None, "{realm}");
        }
        assert_eq!(host("http://127.0.0.1/token", "r.example"), None);
    }

    #[test]
    fn a_query_has_no_characters_of_its_own() {
        assert_eq!(encoded("repository:a/b:pull&x=ÿ"), "repository%3Aa%2Fb%3Apull%26x%3D%C3%BF");
    }
}
