//! Whether a registry lets a login in: `GET /v2/`, and what it asks for then. Sources: the
//! distribution specification ("Determining support") and the token specification of the
//! distribution project.

use std::time::Duration;

use http::{HeaderValue, Method, Request, StatusCode, header};
use tokio::time::timeout;

use super::authorization::{TokenService, Wanted, basic};
use super::challenge::Challenge;
use super::exchange::{Answer, Exchange, SHORT, no_body};
use super::login_error::LoginError;
use super::registry_error::RegistryError;
use super::target::Target;
use crate::credential::Login;

/// Where every registry answers, whatever is in it.
const BASE: &str = "/v2/";

/// How far a login got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The registry lets it in.
    Login,
    /// And it may read this image.
    Image(String),
    /// It lets it in; there is no tag `latest`, and no other was named.
    NoLatest(String),
    /// The registry asks nobody for a login.
    Open,
}

/// Tries a login, within `time` from the first question to the last answer.
///
/// # Errors
/// [`LoginError`]; of an answer nothing but its status is in it.
pub async fn try_login(target: &Target, login: &Login, time: Duration) -> Result<Accepted, LoginError> {
    let late = |_| LoginError::TimedOut { host: target.host().to_owned() };
    timeout(time, Dance { target, exchange: Exchange::default() }.run(login)).await.map_err(late)?
}

struct Dance<'a> {
    target: &'a Target,
    exchange: Exchange,
}

impl Dance<'_> {
    async fn run(&self, login: &Login) -> Result<Accepted, LoginError> {
        let host = self.target.host();
        let first = self.ask(Method::GET, BASE, None).await?;
        if first.status().is_success() {
            return Ok(Accepted::Open);
        }
        if first.status() != StatusCode::UNAUTHORIZED {
            return Err(status(host, first.status()));
        }
        let unknown = || LoginError::Challenge { host: host.to_owned() };
        let challenge = Challenge::of(first.headers()).ok_or_else(unknown)?;
        let header = self.authorize(challenge, login).await?;
        // A token is for what it was asked for: a registry may refuse it under the bare path.
        let Some((repository, version)) = &self.target.image else {
            let again = self.ask(Method::GET, BASE, Some(&header)).await?;
            return judged(host, again.status()).map(|()| Accepted::Login);
        };
        let image = format!("{repository}{}{version}", if version.contains(':') { '@' } else { ':' });
        let manifest = format!("/v2/{repository}/manifests/{version}");
        let answer = self.ask(Method::HEAD, &manifest, Some(&header)).await?;
        match answer.status() {
            found if found.is_success() => Ok(Accepted::Image(image)),
            StatusCode::NOT_FOUND if self.target.has_tag => Err(LoginError::Absent { host: host.to_owned(), image }),
            StatusCode::NOT_FOUND => Ok(Accepted::NoLatest(repository.clone())),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                // Where the login itself is refused, the repository is not what is wrong.
                let again = self.ask(Method::GET, BASE, Some(&header)).await?;
                judged(host, again.status())?;
                let repository = repository.clone();
                Err(LoginError::Repository { host: host.to_owned(), repository, status })
            }
            other => Err(status(host, other)),
        }
    }

    /// The header that meets the challenge.
    async fn authorize(&self, challenge: Challenge, login: &Login) -> Result<HeaderValue, LoginError> {
        let host = || self.target.host().to_owned();
        let (realm, service) = match challenge {
            Challenge::Basic => return basic(login).ok_or_else(|| LoginError::Challenge { host: host() }),
            Challenge::Bearer { realm, service } => (realm, service),
        };
        let from = TokenService::at(&realm, self.target.host()).ok_or_else(|| LoginError::Realm { host: host() })?;
        let repository = self.target.image.as_ref().map(|(repository, _)| &**repository);
        let wanted = Wanted { service: service.as_deref(), repository };
        let told = from.authorization(&self.exchange, wanted, login).await;
        told.map_err(|error| of_service(from.host(), error))
    }

    async fn ask(&self, method: Method, path: &str, authorization: Option<&HeaderValue>) -> Result<Answer, LoginError> {
        let lost = |source| LoginError::Unreachable { host: self.target.host().to_owned(), source };
        let mut request = Request::new(no_body());
        *request.method_mut() = method;
        let no_url = || lost(RegistryError::Garbled("the image's name is not a part of a URL"));
        *request.uri_mut() = self.target.uri(path).ok_or_else(no_url)?;
        request.headers_mut().insert(header::ACCEPT, super::ACCEPTED);
        // A login may also read what says no sizes.
        request.headers_mut().append(header::ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(authorization) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        self.exchange.send(request, SHORT).await.map_err(lost)
    }
}

/// What a token service's failure means for the login.
fn of_service(host: &str, error: RegistryError) -> LoginError {
    let host = host.to_owned();
    match error {
        RegistryError::Status(code) => {
            let refused = StatusCode::from_u16(code).ok().and_then(|found| judged(&host, found).err());
            refused.unwrap_or(LoginError::NoToken { host })
        }
        RegistryError::Garbled(_) => LoginError::NoToken { host },
        source => LoginError::Unreachable { host, source },
    }
}

/// What an answer to a login means.
fn judged(host: &str, found: StatusCode) -> Result<(), LoginError> {
    match found {
        found if found.is_success() => Ok(()),
        // GitHub's token service says 403 of a wrong token.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(LoginError::Refused { host: host.to_owned(), status: found })
        }
        found => Err(status(host, found)),
    }
}

fn status(host: &str, status: StatusCode) -> LoginError {
    LoginError::Status { host: host.to_owned(), status }
}
