//! The token service that a registry names.
//!
//! A login is sent only to the registry itself, and to the address that the registry names as its
//! token service. That address must have TLS, unless both are on this machine.

use http::{HeaderValue, Method, Request, Uri, header};
use serde::Deserialize;

use super::authorization::{basic, bearer, identity_token_form, percent_encode};
use super::endpoint::is_loopback;
use super::http_client::{Body, HttpClient, RESPONSE_LIMIT, RegistryError, empty_body, full_body};
use crate::credential::Login;
use crate::secret::Secret;

/// The token service that a registry names.
pub(super) struct TokenService(Uri);

/// The service and the repository for which a token is requested.
#[derive(Clone, Copy)]
pub(super) struct TokenParameters<'a> {
    /// The registry's name at the token service, if the registry gives one.
    pub service: Option<&'a str>,
    /// The repository to read; `None` if only the login is checked.
    pub repository: Option<&'a str>,
}

/// The response of a token service, which has the token under one or both keys.
#[derive(Deserialize)]
struct TokenResponse {
    token: Option<Secret>,
    access_token: Option<Secret>,
}

impl TokenService {
    /// The service at a realm, if a login for this registry may be sent there: with TLS, or without
    /// it if both are on this machine. A realm with its own login is refused.
    pub(super) fn from_realm(realm: &str, registry: &str) -> Option<Self> {
        let realm: Uri = realm.parse().ok()?;
        let is_allowed = match realm.scheme_str() {
            Some("https") => true,
            Some("http") => is_loopback(registry) && realm.host().is_some_and(is_loopback),
            _ => false,
        };
        let has_login = realm.authority()?.as_str().contains('@');
        (is_allowed && !has_login).then_some(Self(realm))
    }

    /// The host, with the port if there is one.
    pub(super) fn host(&self) -> &str {
        self.0.authority().map_or("", |authority| authority.as_str())
    }

    /// Exchanges the login for a token, and returns the header with it.
    pub(super) async fn authorization(
        &self,
        http: &HttpClient,
        target: TokenParameters<'_>,
        login: &Login,
    ) -> Result<HeaderValue, RegistryError> {
        let service = target.service.map(|service| format!("service={}", percent_encode(service)));
        let repository =
            target.repository.map(|name| format!("scope={}", percent_encode(&format!("repository:{name}:pull"))));
        let parameters = service.into_iter().chain(repository).collect::<Vec<_>>().join("&");
        let response = http.send(self.request(&parameters, login)?, RESPONSE_LIMIT).await?;
        if !response.status().is_success() {
            return Err(RegistryError::Status(response.status().as_u16()));
        }
        let invalid = |_| RegistryError::InvalidResponse("it is not a token");
        let TokenResponse { token, access_token } = serde_json::from_slice(response.body()).map_err(invalid)?;
        let token = token.or(access_token).filter(|token| !token.is_empty());
        let token = token.ok_or(RegistryError::InvalidResponse("it contains no token"))?;
        bearer(&token).ok_or(RegistryError::InvalidResponse("its token cannot be part of a header"))
    }

    /// The token request: a GET with the login, or a POST with the form for an identity token.
    fn request(&self, parameters: &str, login: &Login) -> Result<Request<Body>, RegistryError> {
        let Self(realm) = self;
        if let Login::IdentityToken(token) = login {
            let mut request = Request::new(full_body(identity_token_form(parameters, token)));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = realm.clone();
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers_mut().insert(header::CONTENT_TYPE, form);
            return Ok(request);
        }
        let separator = if realm.query().is_some() { '&' } else { '?' };
        let uri = format!("{realm}{separator}{parameters}").parse();
        let mut request = Request::new(empty_body());
        *request.uri_mut() = uri.map_err(|_| RegistryError::UnsupportedChallenge)?;
        if let Some(basic) = basic(login) {
            request.headers_mut().insert(header::AUTHORIZATION, basic);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::TokenService;

    #[test]
    fn a_login_is_not_sent_to_a_remote_service_without_tls() {
        let host = |realm, registry| TokenService::from_realm(realm, registry).map(|service| service.host().to_owned());
        assert_eq!(host("https://auth.example/token?a=b", "r.example").as_deref(), Some("auth.example"));
        assert_eq!(host("http://127.0.0.1:1/token", "localhost:5000").as_deref(), Some("127.0.0.1:1"));
        for realm in ["http://auth.example/", "ftp://127.0.0.1/", "token", "/token", "https://a@auth.example/"] {
            assert_eq!(host(realm, "localhost:5000"), None, "{realm}");
        }
        assert_eq!(host("http://127.0.0.1/token", "r.example"), None);
    }
}
