//! Checks whether a registry accepts a login, with the requests of an engine: `GET /v2/`, the
//! authentication that the registry then requires, and the manifest. Sources: the distribution
//! specification ("Determining support") and the token specification of the project `distribution`.

use std::time::Duration;

use http::{Method, StatusCode};
use tokio::time::timeout;

use super::http_client::{HttpClient, MANIFEST_LIMIT, RESPONSE_LIMIT};
use super::http_response::HttpResponse;
use super::login_error::LoginError;
use super::login_target::LoginTarget;
use super::manifest::ANY_MANIFEST;
use super::registry_error::RegistryError;
use super::session::{RegistrySession, is_challenge, manifest_path};
use super::web_page::{has_manifest_type, is_web_page};
use crate::answers::SentLogin;
use crate::credential::Login;
use crate::error::{Class, Explain as _, Link};
use crate::task::{ImageReference, ImageVersion};

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
    /// The registry answers without a login, so the login was not tried.
    Open,
    /// The registry lets everyone read this image, so the login was not tried.
    OpenImage(String),
}

/// Checks a login. `time_limit` applies to all requests together.
///
/// # Errors
/// [`LoginError`], with the registry's words, but without the login.
pub async fn try_login(
    target: &LoginTarget,
    login: &Login,
    time_limit: Duration,
) -> Result<LoginAcceptance, LoginError> {
    let http = HttpClient::default();
    let check = LoginCheck { target, session: RegistrySession::new(&http, target.reference().registry(), login) };
    timeout(time_limit, check.run()).await.map_err(|_| LoginError::TimedOut { host: target.host().to_owned() })?
}

struct LoginCheck<'a> {
    target: &'a LoginTarget,
    session: RegistrySession<'a>,
}

impl LoginCheck<'_> {
    async fn run(mut self) -> Result<LoginAcceptance, LoginError> {
        let base = self.get(BASE).await?;
        if is_challenge(&base) {
            self.answer_challenge(&base).await?;
        }
        match self.target.image() {
            Some(image) => self.check_manifest(image).await,
            None if self.session.is_authorized() => {
                let base = self.get(BASE).await?;
                if is_usable(&base) { Ok(LoginAcceptance::Login) } else { Err(self.error(&base)) }
            }
            None if is_usable(&base) => Ok(LoginAcceptance::Open),
            // The registry requires authentication, and taskpull cannot answer.
            None if base.status() == StatusCode::UNAUTHORIZED => {
                self.answer_challenge(&base).await?;
                Ok(LoginAcceptance::Login)
            }
            None => Err(self.error(&base)),
        }
    }

    /// Requests the manifest. A registry may ask for a login only now, and not at the base path.
    async fn check_manifest(mut self, image: &ImageReference) -> Result<LoginAcceptance, LoginError> {
        let is_asked_at_base = self.session.is_authorized();
        let mut response = self.manifest(image).await?;
        if !is_asked_at_base && response.status() == StatusCode::UNAUTHORIZED {
            self.answer_challenge(&response).await?;
            response = self.manifest(image).await?;
        }
        let name = image_name(image);
        if is_usable(&response) {
            return match (is_asked_at_base, self.session.is_authorized()) {
                (true, _) => Ok(LoginAcceptance::Image(name)),
                (false, true) => Err(LoginError::NotAsked { host: self.target.host().to_owned(), image: name }),
                (false, false) => Ok(LoginAcceptance::OpenImage(name)),
            };
        }
        let error = self.error(&response);
        if (error.link(), error.class()) == (Link::Manifest, Class::Absent) && !self.target.has_version() {
            let no_latest = LoginAcceptance::NoLatest(image.repository().to_owned());
            return Ok(if self.session.is_authorized() { no_latest } else { LoginAcceptance::Open });
        }
        // If the registry accepts the login itself, the repository is the problem.
        if error.is_refused_login() && is_asked_at_base && is_usable(&self.get(BASE).await?) {
            return Err(error.about_repository());
        }
        Err(error)
    }

    /// Requests a manifest as engines do: HEAD, and GET if that fails or does not show a manifest: some
    /// registries know no HEAD, a web site answers everything, and only a GET is answered with words.
    async fn manifest(&self, image: &ImageReference) -> Result<HttpResponse, LoginError> {
        let path = manifest_path(image.repository(), image.version().as_str());
        let head = self.send(Method::HEAD, &path, RESPONSE_LIMIT).await?;
        let is_first_challenge = is_challenge(&head) && !self.session.is_authorized();
        if (head.status().is_success() && has_manifest_type(&head)) || is_first_challenge {
            return Ok(head);
        }
        self.send(Method::GET, &path, MANIFEST_LIMIT).await
    }

    async fn get(&self, path: &str) -> Result<HttpResponse, LoginError> {
        self.send(Method::GET, path, RESPONSE_LIMIT).await
    }

    async fn send(&self, method: Method, path: &str, limit: usize) -> Result<HttpResponse, LoginError> {
        let sent = self.session.send(method, path, ANY_MANIFEST, limit).await;
        sent.map_err(|source| self.failed(self.session.is_authorized(), source))
    }

    async fn answer_challenge(&mut self, response: &HttpResponse) -> Result<(), LoginError> {
        let repository = self.target.image().map(ImageReference::repository);
        let answered = self.session.answer_challenge(response, repository).await;
        answered.map_err(|source| self.failed(true, source))
    }

    fn error(&self, response: &HttpResponse) -> LoginError {
        self.failed(self.session.is_authorized(), self.session.error(response))
    }

    fn failed(&self, has_login: bool, source: RegistryError) -> LoginError {
        let login = if has_login { self.session.sent_login() } else { SentLogin::Anonymous };
        LoginError::Request { target: Box::new(self.target.clone()), login, source }
    }
}

/// The repository with its tag or digest, `team/app:1`.
fn image_name(image: &ImageReference) -> String {
    let separator = if matches!(image.version(), ImageVersion::Digest(_)) { '@' } else { ':' };
    format!("{}{separator}{}", image.repository(), image.version().as_str())
}

/// Whether a response is what a registry answers to an accepted request.
fn is_usable(response: &HttpResponse) -> bool {
    response.status().is_success() && !is_web_page(response)
}
