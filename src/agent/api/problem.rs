//! Errors of the API: problem details (RFC 9457).

use bytes::Bytes;
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use super::dto::ProblemView;
use super::response::{self, ApiResponse};
use crate::agent::JobStoreError;
use crate::error::{Class, Explain as _, Failure, Printable, Retryability};
use crate::report::Report;

pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// A kind of problem. One constant for each: the last part of its type URN, its status, its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProblemKind {
    name: &'static str,
    status: StatusCode,
    title: &'static str,
}

impl ProblemKind {
    pub(super) const MALFORMED: Self = Self::new("malformed", StatusCode::BAD_REQUEST, "The request is malformed");
    pub(super) const FORWARDED: Self =
        Self::new("forwarded", StatusCode::FORBIDDEN, "Requests from browsers and proxies are refused");
    pub(super) const NO_RIGHT: Self =
        Self::new("no-right", StatusCode::FORBIDDEN, "The user does not have the required right");
    pub(super) const NO_SUCH_PATH: Self = Self::new("no-such-path", StatusCode::NOT_FOUND, "The path does not exist");
    pub(super) const NO_SUCH_REQUEST: Self =
        Self::new("no-such-request", StatusCode::NOT_FOUND, "The pull request does not exist");
    pub(super) const UNKNOWN_REGISTRY: Self =
        Self::new("not-ours", StatusCode::NOT_FOUND, "The agent is not configured for this registry");
    pub(super) const NO_SUCH_METHOD: Self =
        Self::new("no-such-method", StatusCode::METHOD_NOT_ALLOWED, "The path does not support this method");
    pub(super) const SLOW: Self = Self::new("slow", StatusCode::REQUEST_TIMEOUT, "The body arrived too slowly");
    pub(super) const ENDED: Self = Self::new("ended", StatusCode::CONFLICT, "The pull request has ended");
    pub(super) const KEY_USED: Self =
        Self::new("key-used", StatusCode::CONFLICT, "The idempotency key was used for another definition");
    pub(super) const TOO_LONG: Self = Self::new("too-long", StatusCode::PAYLOAD_TOO_LARGE, "The body is too long");
    pub(super) const MEDIA_TYPE: Self =
        Self::new("media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The media type of the body is not supported");
    pub(super) const DEFINITION: Self =
        Self::new("definition", StatusCode::UNPROCESSABLE_ENTITY, "The task definition cannot be used");
    pub(super) const NO_LOGIN: Self =
        Self::new("no-login", StatusCode::UNPROCESSABLE_ENTITY, "There is no login for this registry");
    pub(super) const FULL: Self = Self::new("full", StatusCode::TOO_MANY_REQUESTS, "Too many pull requests are open");
    pub(super) const LOGIN_UNAVAILABLE: Self =
        Self::new("login-unavailable", StatusCode::SERVICE_UNAVAILABLE, "The login is temporarily unavailable");
    pub(super) const NOT_STORED: Self =
        Self::new("not-kept", StatusCode::INSUFFICIENT_STORAGE, "The pull request could not be stored");
    pub(super) const INTERNAL: Self =
        Self::new("internal", StatusCode::INTERNAL_SERVER_ERROR, "The agent has an internal error");

    const fn new(name: &'static str, status: StatusCode, title: &'static str) -> Self {
        Self { name, status, title }
    }
}

/// A request that failed, and what its response says.
#[derive(Debug)]
pub(super) struct Problem {
    kind: ProblemKind,
    view: Box<ProblemView>,
    /// Value of the header `Allow`.
    allow: Option<String>,
}

impl Problem {
    pub(super) fn new(kind: ProblemKind, detail: &str) -> Self {
        let view = ProblemView {
            r#type: format!("urn:taskpull:problem:{}", kind.name),
            title: kind.title.to_owned(),
            status: kind.status.as_u16(),
            detail: Printable::new(detail),
            failure: None,
            report: None,
        };
        Self { kind, view: Box::new(view), allow: None }
    }

    fn with_failure(mut self, failure: Option<Failure>) -> Self {
        self.view.failure = failure;
        self
    }

    /// Adds the methods that the path supports.
    pub(super) fn with_methods(mut self, methods: String) -> Self {
        self.allow = Some(methods);
        self
    }

    /// The task definition is invalid, as its plan says.
    pub(super) fn from_report(report: Report) -> Self {
        let failure = report.failures().next().cloned();
        let detail = failure.as_ref().map(|failure| failure.message.to_string()).unwrap_or_default();
        let mut problem = Self::new(ProblemKind::DEFINITION, &detail).with_failure(failure);
        problem.view.report = Some(report);
        problem
    }

    /// The login of a configured registry cannot be obtained, now or at all.
    pub(super) fn from_login_failure(failure: &Failure) -> Self {
        let is_temporary = failure.class == Class::TimedOut || failure.class.retryability() != Retryability::Never;
        let kind = if is_temporary { ProblemKind::LOGIN_UNAVAILABLE } else { ProblemKind::NO_LOGIN };
        Self::new(kind, failure.message.as_str()).with_failure(Some(failure.clone()))
    }

    #[cfg(test)]
    pub(super) fn view(&self) -> &ProblemView {
        &self.view
    }

    pub(super) fn into_response(self) -> ApiResponse {
        let body = serde_json::to_vec(&self.view).unwrap_or_default();
        let mut response = response::new(self.kind.status, MEDIA_TYPE, response::full(Bytes::from(body)));
        if let Some(methods) = self.allow.and_then(|methods| HeaderValue::try_from(methods).ok()) {
            response.headers_mut().insert(ALLOW, methods);
        }
        if [ProblemKind::FULL, ProblemKind::LOGIN_UNAVAILABLE].contains(&self.kind) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl From<JobStoreError> for Problem {
    fn from(error: JobStoreError) -> Self {
        let kind = match &error {
            JobStoreError::Full { .. } | JobStoreError::MemoryLimit { .. } => ProblemKind::FULL,
            JobStoreError::Journal(_) => ProblemKind::NOT_STORED,
            JobStoreError::Internal(_) => ProblemKind::INTERNAL,
            JobStoreError::KeyUsed { .. } => ProblemKind::KEY_USED,
            JobStoreError::NotFound { .. } => ProblemKind::NO_SUCH_REQUEST,
            JobStoreError::AlreadyEnded { .. } => ProblemKind::ENDED,
        };
        let failure = if let JobStoreError::Journal(error) = &error { Some(error.to_failure()) } else { None };
        Self::new(kind, &error.to_string()).with_failure(failure)
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::new(ProblemKind::INTERNAL, &format!("the response could not be written as JSON: {error}"))
    }
}
