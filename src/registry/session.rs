//! The requests to one registry with one login, and the answer to its challenge.

use http::{HeaderValue, Method, Request, StatusCode, header};

use super::authorization::{basic, bearer};
use super::challenge::{Challenge, Challenges};
use super::endpoint::{api_host, api_uri};
use super::http_client::{HttpClient, empty_body};
use super::http_response::HttpResponse;
use super::registry_error::{RegistryError, read_answer};
use super::token_service::{TokenParameters, TokenService};
use crate::answers::{AnswerSource, SentLogin};
use crate::credential::Login;
use crate::task::RegistryHost;

/// The requests to one registry with one login. The login is sent once the registry has asked for it.
pub(super) struct RegistrySession<'a> {
    http: &'a HttpClient,
    registry: &'a str,
    login: &'a Login,
    /// The header that answers the registry's challenge.
    authorization: Option<HeaderValue>,
    /// The registry's token, which an error must not repeat.
    token: Login,
}

impl<'a> RegistrySession<'a> {
    /// `registry` is a host with or without a port, or Docker Hub's name.
    pub(super) fn new(http: &'a HttpClient, registry: &'a str, login: &'a Login) -> Self {
        Self { http, registry, login, authorization: None, token: Login::Anonymous }
    }

    /// Sends a request without a body, with the answer to the last challenge.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        accept: HeaderValue,
        limit: usize,
    ) -> Result<HttpResponse, RegistryError> {
        let mut request = Request::new(empty_body());
        *request.method_mut() = method;
        *request.uri_mut() = api_uri(self.registry, path).ok_or(RegistryError::Uri)?;
        request.headers_mut().insert(header::ACCEPT, accept);
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        self.http.send(request, limit).await
    }

    /// Answers the challenge of a response, for requests about `repository` if there is one. The next
    /// requests have the answer.
    pub(super) async fn answer_challenge(
        &mut self,
        response: &HttpResponse,
        repository: Option<&str>,
    ) -> Result<(), RegistryError> {
        let challenges = Challenges::from_headers(response.headers());
        let Some(challenge) = challenges.preferred() else {
            return Err(RegistryError::unsupported_challenge(&challenges.schemes()));
        };
        let (realm, service) = match challenge {
            Challenge::Basic => {
                self.authorization = Some(basic(self.login).ok_or(RegistryError::NoCredentials)?);
                return Ok(());
            }
            Challenge::Bearer { realm, service } => (realm, service),
        };
        let tokens = TokenService::from_realm(&realm, self.registry)?;
        let parameters = TokenParameters { service: service.as_deref(), repository };
        let token = tokens.token(self.http, parameters, self.login).await?;
        let invalid = RegistryError::InvalidResponse("the token cannot be part of a header");
        self.authorization = Some(bearer(&token).ok_or(invalid)?);
        self.token = Login::IdentityToken(token);
        Ok(())
    }

    /// What is known of the login, without its values.
    pub(super) fn sent_login(&self) -> SentLogin {
        let remarks = self.login.remarks(RegistryHost::parse(self.registry).as_ref());
        SentLogin::Login { remarks: remarks.iter().map(ToString::to_string).collect() }
    }

    /// Whether a login or a token is sent.
    pub(super) fn is_authorized(&self) -> bool {
        self.authorization.is_some()
    }

    /// The error of a response of the registry.
    pub(super) fn error(&self, response: &HttpResponse) -> RegistryError {
        let sent = [self.login, &self.token];
        RegistryError::Answer(Box::new(read_answer(AnswerSource::Registry, api_host(self.registry), response, &sent)))
    }
}

/// Whether a response asks for a login, and says how.
pub(super) fn is_challenge(response: &HttpResponse) -> bool {
    response.status() == StatusCode::UNAUTHORIZED && Challenges::from_headers(response.headers()).preferred().is_some()
}

/// The path of a manifest. `version` is a tag or digest.
pub(super) fn manifest_path(repository: &str, version: &str) -> String {
    format!("/v2/{repository}/manifests/{version}")
}
