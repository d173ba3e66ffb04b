//! Checks whether a registry accepts a login: `GET /v2/`, and the authentication that it then
//! requires. Sources: the distribution specification ("Determining support") and the token
//! specification of the project `distribution`.

use std::time::Duration;

use http::{HeaderValue, Method, Request, StatusCode, header};
use tokio::time::timeout;

use super::http_client::{HttpClient, HttpResponse, RESPONSE_LIMIT, RegistryError, empty_body};
use super::{
    authorization::basic, challenge::Challenge, endpoint::api_uri, login_error::LoginError, login_target::LoginTarget,
    login_target::TargetImage, manifest::MEDIA_TYPES, token_service::TokenParameters, token_service::TokenService,
};
use crate::credential::Login;

/// The path that every registry answers, whatever it contains.
const BASE: &str = "/v2/";

/// What a registry allows with a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginAcceptance {
    /// The registry accepts the login.
    Login,
    /// The registry accepts the login and lets it read this image.
    Image(String),
    /// The registry accepts the login. The repository has no tag `latest`, and the user gave none.
    NoLatest(String),
    /// The registry requires no login, so the login was not checked.
    Open,
}

/// Checks a login. `time_limit` applies to all requests together.
///
/// # Errors
/// [`LoginError`], which repeats nothing of a response but its status.
pub async fn try_login(
    target: &LoginTarget,
    login: &Login,
    time_limit: Duration,
) -> Result<LoginAcceptance, LoginError> {
    let timed_out = |_| LoginError::TimedOut { host: target.host().to_owned() };
    timeout(time_limit, AuthHandshake { target, http: HttpClient::default() }.run(login)).await.map_err(timed_out)?
}

struct AuthHandshake<'a> {
    target: &'a LoginTarget,
    http: HttpClient,
}

impl AuthHandshake<'_> {
    async fn run(&self, login: &Login) -> Result<LoginAcceptance, LoginError> {
        let host = self.target.host();
        let response = self.request(Method::GET, BASE, None).await?;
        if response.status().is_success() {
            return Ok(LoginAcceptance::Open);
        }
        if response.status() != StatusCode::UNAUTHORIZED {
            return Err(unexpected_status(host, response.status()));
        }
        let unsupported = || LoginError::Challenge { host: host.to_owned() };
        let challenge = Challenge::from_headers(response.headers()).ok_or_else(unsupported)?;
        let authorization = self.authorize(challenge, login).await?;
        // A token is for one repository, so a registry may refuse it for the base path.
        let Some(TargetImage { repository, version, has_version }) = &self.target.image else {
            return self.check_base(&authorization).await.map(|()| LoginAcceptance::Login);
        };
        let image = format!("{repository}{}{version}", if version.contains(':') { '@' } else { ':' });
        let manifest = format!("/v2/{repository}/manifests/{version}");
        match self.request(Method::HEAD, &manifest, Some(&authorization)).await?.status() {
            status if status.is_success() => Ok(LoginAcceptance::Image(image)),
            StatusCode::NOT_FOUND if *has_version => Err(LoginError::Absent { host: host.to_owned(), image }),
            StatusCode::NOT_FOUND => Ok(LoginAcceptance::NoLatest(repository.clone())),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                // If the registry refuses the login itself, the repository is not the problem.
                self.check_base(&authorization).await?;
                Err(LoginError::Repository { host: host.to_owned(), repository: repository.clone(), status })
            }
            status => Err(unexpected_status(host, status)),
        }
    }

    /// Checks the authorization against the base path.
    async fn check_base(&self, authorization: &HeaderValue) -> Result<(), LoginError> {
        let response = self.request(Method::GET, BASE, Some(authorization)).await?;
        check_status(self.target.host(), response.status())
    }

    /// The `Authorization` header that answers the challenge.
    async fn authorize(&self, challenge: Challenge, login: &Login) -> Result<HeaderValue, LoginError> {
        let host = || self.target.host().to_owned();
        let (realm, service) = match challenge {
            Challenge::Basic => return basic(login).ok_or_else(|| LoginError::Challenge { host: host() }),
            Challenge::Bearer { realm, service } => (realm, service),
        };
        let tokens = TokenService::from_realm(&realm, self.target.host());
        let tokens = tokens.ok_or_else(|| LoginError::Realm { host: host() })?;
        let repository = self.target.image.as_ref().map(|image| &*image.repository);
        let target = TokenParameters { service: service.as_deref(), repository };
        let authorization = tokens.authorization(&self.http, target, login).await;
        authorization.map_err(|error| token_service_error(tokens.host(), error))
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        authorization: Option<&HeaderValue>,
    ) -> Result<HttpResponse, LoginError> {
        let failed = |source| LoginError::Unreachable { host: self.target.host().to_owned(), source };
        let mut request = Request::new(empty_body());
        *request.method_mut() = method;
        *request.uri_mut() = api_uri(&self.target.registry, path).ok_or_else(|| failed(RegistryError::Uri))?;
        request.headers_mut().insert(header::ACCEPT, MEDIA_TYPES);
        // A login may read a manifest without sizes too.
        request.headers_mut().append(header::ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(authorization) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        self.http.send(request, RESPONSE_LIMIT).await.map_err(failed)
    }
}

/// The login error for a failure of the token service.
fn token_service_error(host: &str, error: RegistryError) -> LoginError {
    let host = host.to_owned();
    match error {
        RegistryError::Status(code) => {
            let refusal = StatusCode::from_u16(code).ok().and_then(|status| check_status(&host, status).err());
            refusal.unwrap_or(LoginError::NoToken { host })
        }
        RegistryError::InvalidResponse(_) => LoginError::NoToken { host },
        source => LoginError::Unreachable { host, source },
    }
}

/// Translates the status of a response to a request with a login.
fn check_status(host: &str, status: StatusCode) -> Result<(), LoginError> {
    match status {
        status if status.is_success() => Ok(()),
        // GitHub's token service answers 403 for a wrong token.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(LoginError::Refused { host: host.to_owned(), status }),
        status => Err(unexpected_status(host, status)),
    }
}

fn unexpected_status(host: &str, status: StatusCode) -> LoginError {
    LoginError::Status { host: host.to_owned(), status }
}
