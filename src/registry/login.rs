//! Whether a registry lets a login in: `GET /v2/`, and what it asks for then. Sources: the
//! distribution specification ("Determining support") and the token specification of the
//! distribution project.

use std::time::Duration;

use ::http::{HeaderValue, Method, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::challenge::Challenge;
use super::http::{Answer, Client};
use super::login_error::LoginError;
use super::target::{Target, is_loopback};
use crate::secret::Secret;

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

/// What a token service answers; one of the two.
#[derive(Deserialize)]
struct Token {
    token: Option<Secret>,
    access_token: Option<Secret>,
}

/// Tries a login, within `time` from the first question to the last answer.
///
/// # Errors
/// [`LoginError`]; of an answer nothing but its status is in it.
pub async fn try_login(
    target: &Target,
    username: &Secret,
    password: &Secret,
    time: Duration,
) -> Result<Accepted, LoginError> {
    let late = |_| LoginError::TimedOut { host: target.host().to_owned() };
    timeout(time, Dance::new(target)?.run(username, password)).await.map_err(late)?
}

struct Dance<'a> {
    target: &'a Target,
    client: Client,
}

impl<'a> Dance<'a> {
    fn new(target: &'a Target) -> Result<Self, LoginError> {
        let host = || target.host().to_owned();
        let client = Client::new().map_err(|source| LoginError::Unreachable { host: host(), source })?;
        Ok(Self { target, client })
    }

    async fn run(&self, username: &Secret, password: &Secret) -> Result<Accepted, LoginError> {
        let host = self.target.host();
        let base = self.uri("/v2/")?;
        let first = self.ask(Method::GET, &base, None).await?;
        if first.status.is_success() {
            return Ok(Accepted::Open);
        }
        if first.status != StatusCode::UNAUTHORIZED {
            return Err(status(host, first.status));
        }
        let unknown = || LoginError::Challenge { host: host.to_owned() };
        let challenge = Challenge::read(&first.challenges()).ok_or_else(unknown)?;
        let header = match challenge {
            Challenge::Basic => basic(username, password),
            Challenge::Bearer { realm, service } => {
                let token = self.token(&realm, service.as_deref(), &basic(username, password)).await?;
                bearer(&token).ok_or_else(|| LoginError::NoToken { host: realm_host(&realm) })?
            }
        };
        // A token is for what it was asked for: a registry may refuse it under the bare path.
        let Some((repository, version)) = &self.target.image else {
            let again = self.ask(Method::GET, &base, Some(&header)).await?;
            return judged(host, again.status).map(|()| Accepted::Login);
        };
        let image = format!("{repository}{}{version}", if version.contains(':') { '@' } else { ':' });
        let manifest = self.uri(&format!("/v2/{repository}/manifests/{version}"))?;
        let answer = self.ask(Method::HEAD, &manifest, Some(&header)).await?;
        match answer.status {
            found if found.is_success() => Ok(Accepted::Image(image)),
            StatusCode::NOT_FOUND if self.target.has_tag => Err(LoginError::Absent { host: host.to_owned(), image }),
            StatusCode::NOT_FOUND => Ok(Accepted::NoLatest(repository.clone())),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                // Where the login itself is refused, the repository is not what is wrong.
                let again = self.ask(Method::GET, &base, Some(&header)).await?;
                judged(host, again.status)?;
                let repository = repository.clone();
                Err(LoginError::Repository { host: host.to_owned(), repository, status })
            }
            other => Err(status(host, other)),
        }
    }

    /// Shows the login to the token service that the registry names.
    async fn token(&self, realm: &str, service: Option<&str>, login: &HeaderValue) -> Result<Secret, LoginError> {
        let refused = || LoginError::Realm { host: self.target.host().to_owned() };
        let parsed: Uri = realm.parse().map_err(|_| refused())?;
        let may_be_plain = is_loopback(self.target.host()) && parsed.host().is_some_and(is_loopback);
        match parsed.scheme_str() {
            Some("https") => {}
            Some("http") if may_be_plain => {}
            _ => return Err(refused()),
        }
        // A realm may not bring a login of its own along.
        if parsed.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return Err(refused());
        }
        let mut query: Vec<String> =
            service.map(|service| format!("service={}", escaped(service))).into_iter().collect();
        if let Some((repository, _)) = &self.target.image {
            query.push(format!("scope={}", escaped(&format!("repository:{repository}:pull"))));
        }
        let joint = if realm.contains('?') { '&' } else { '?' };
        let uri = format!("{realm}{joint}{}", query.join("&")).parse().map_err(|_| refused())?;
        let host = realm_host(realm);
        let answer = self.client.ask(Method::GET, &uri, Some(login)).await;
        let answer = answer.map_err(|source| LoginError::Unreachable { host: host.clone(), source })?;
        judged(&host, answer.status)?;
        let token = serde_json::from_slice::<Token>(&answer.body).ok();
        let token = token.and_then(|token| token.token.or(token.access_token)).filter(|token| !token.is_empty());
        token.ok_or(LoginError::NoToken { host })
    }

    async fn ask(&self, method: Method, uri: &Uri, login: Option<&HeaderValue>) -> Result<Answer, LoginError> {
        let lost = |source| LoginError::Unreachable { host: self.target.host().to_owned(), source };
        self.client.ask(method, uri, login).await.map_err(lost)
    }

    fn uri(&self, path: &str) -> Result<Uri, LoginError> {
        let (scheme, host) = (self.target.scheme(), self.target.host());
        let text = format!("{scheme}://{host}{path}");
        text.parse::<Uri>().map_err(|error| LoginError::Unreachable { host: host.to_owned(), source: error.into() })
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

fn realm_host(realm: &str) -> String {
    realm.parse::<Uri>().ok().and_then(|uri| uri.authority().map(ToString::to_string)).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "the login goes to the registry and to its token service")]
fn basic(username: &Secret, password: &Secret) -> HeaderValue {
    let plain = Zeroizing::new([username.expose(), ":", password.expose()].concat());
    sensitive("Basic ", &Zeroizing::new(STANDARD.encode(&*plain)))
}

/// A token that is no header's text is none.
fn bearer(token: &Secret) -> Option<HeaderValue> {
    #[expect(clippy::disallowed_methods, reason = "the token goes back to the registry that it is for")]
    let token = token.expose();
    token.bytes().all(|byte| byte.is_ascii_graphic()).then(|| sensitive("Bearer ", token))
}

/// Cannot fail: base64 is a header's text, and a token has been looked at.
#[expect(clippy::expect_used, reason = "both callers give printable ASCII")]
fn sensitive(scheme: &str, value: &str) -> HeaderValue {
    let text = Zeroizing::new([scheme, value].concat().into_bytes());
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).expect("printable ASCII");
    header.set_sensitive(true);
    header
}

fn escaped(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~:/".contains(&b);
    text.bytes().map(|b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
