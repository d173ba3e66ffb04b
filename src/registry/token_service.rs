//! The token service that a registry names.
//!
//! A login is sent only to the registry itself, and to the address that the registry names as its
//! token service. That address must have TLS, unless both are on this machine.

use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use serde::Deserialize;

use super::authorization::{basic, percent_encode, token_form};
use super::endpoint::is_loopback;
use super::http_client::{Body, HttpClient, RESPONSE_LIMIT, empty_body, full_body};
use super::http_response::HttpResponse;
use super::registry_error::{RegistryError, read_answer};
use super::web_page::is_web_page;
use crate::answers::AnswerSource;
use crate::credential::Login;
use crate::error::Printable;
use crate::secret::Secret;

/// The token service that a registry names.
#[derive(Debug)]
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
    /// it if both are on this machine. A realm with its own login is refused, and so is one without a
    /// host: engines cannot use it either.
    pub(super) fn from_realm(realm: &str, registry: &str) -> Result<Self, RegistryError> {
        let refused = |reason| RegistryError::Realm { realm: Printable::new(realm), reason };
        let uri: Uri = realm.trim().parse().map_err(|_| refused("the address is invalid"))?;
        let authority = uri.authority().ok_or_else(|| refused("the address has no scheme and host"))?;
        if authority.as_str().contains('@') {
            return Err(refused("the address contains a login"));
        }
        match uri.scheme_str() {
            Some("https") => Ok(Self(uri)),
            Some("http") if is_loopback(registry) && uri.host().is_some_and(is_loopback) => Ok(Self(uri)),
            Some("http") => Err(refused("the address is without TLS")),
            _ => Err(refused("the address has no scheme and host")),
        }
    }

    /// The host, with the port if there is one.
    pub(super) fn host(&self) -> &str {
        self.0.authority().map_or("", |authority| authority.as_str())
    }

    /// Exchanges the login for a token. A service that knows no GET of a token gets a POST.
    pub(super) async fn token(
        &self,
        http: &HttpClient,
        parameters: TokenParameters<'_>,
        login: &Login,
    ) -> Result<Secret, RegistryError> {
        let parameters = parameters.encode();
        let mut response = http.send(self.request(&parameters, login)?, RESPONSE_LIMIT).await?;
        let wants_post = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED];
        if wants_post.contains(&response.status())
            && let Some(request) = self.post(&parameters, login)
        {
            // If the POST fails too, its answer is no better than the first one.
            let second = http.send(request, RESPONSE_LIMIT).await?;
            response = if second.status().is_success() { second } else { response };
        }
        if response.status().is_success() {
            let (host, is_web_page) = (self.host().to_owned(), is_web_page(&response));
            return read_token(&response).ok_or(RegistryError::NoToken { host, is_web_page });
        }
        let answer = read_answer(AnswerSource::TokenService, self.host(), &response, &[login]);
        Err(RegistryError::Answer(Box::new(answer)))
    }

    /// The token request: a GET with the login, or a POST with an identity token.
    fn request(&self, parameters: &str, login: &Login) -> Result<Request<Body>, RegistryError> {
        if let Login::IdentityToken(_) = login
            && let Some(request) = self.post(parameters, login)
        {
            return Ok(request);
        }
        let Self(realm) = self;
        let separator = if realm.query().is_some() { '&' } else { '?' };
        let uri = format!("{realm}{separator}{parameters}");
        let mut request = Request::new(empty_body());
        *request.uri_mut() = uri.trim_end_matches(['?', '&']).parse().map_err(|_| RegistryError::Uri)?;
        if let Some(basic) = basic(login) {
            request.headers_mut().insert(header::AUTHORIZATION, basic);
        }
        Ok(request)
    }

    fn post(&self, parameters: &str, login: &Login) -> Option<Request<Body>> {
        let mut request = Request::new(full_body(token_form(parameters, login)?));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.0.clone();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(header::CONTENT_TYPE, form);
        Some(request)
    }
}

impl TokenParameters<'_> {
    fn encode(self) -> String {
        let service = self.service.map(|service| format!("service={}", percent_encode(service)));
        let scope = self.repository.map(|name| percent_encode(&format!("repository:{name}:pull")));
        let scope = scope.map(|scope| format!("scope={scope}"));
        service.into_iter().chain(scope).collect::<Vec<_>>().join("&")
    }
}

/// The token of a successful response; `None` if it has none.
fn read_token(response: &HttpResponse) -> Option<Secret> {
    let TokenResponse { token, access_token } = serde_json::from_slice(response.body()).ok()?;
    [token, access_token].into_iter().flatten().find(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::TokenService;

    #[test]
    fn a_login_is_not_sent_to_a_remote_service_without_tls() {
        let host = |realm, registry| TokenService::from_realm(realm, registry).map(|service| service.host().to_owned());
        assert_eq!(host("https://auth.example/token?a=b", "r.example").unwrap(), "auth.example");
        assert_eq!(host("http://127.0.0.1:1/token", "localhost:5000").unwrap(), "127.0.0.1:1");
        for (realm, reason) in [
            ("http://auth.example/", "without TLS"),
            ("ftp://127.0.0.1/", "no scheme and host"),
            ("token", "no scheme and host"),
            ("/token?service=x", "no scheme and host"),
            ("https://a@auth.example/", "contains a login"),
            ("https://[", "is invalid"),
            ("", "is invalid"),
        ] {
            let error = host(realm, "localhost:5000").unwrap_err().to_string();
            assert!(error.contains(reason), "{realm}: {error}");
        }
        assert!(host("http://127.0.0.1/token", "r.example").is_err());
    }
}
