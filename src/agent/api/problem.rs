//! What is said against a request: problem details (RFC 9457).

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, full};
use crate::agent::JobStoreError;
use crate::error::{Class, Explain as _, Failure, Printable, Retryability};
use crate::report::Report;

pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not served. One row for each: name, status, title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Malformed,
    Forwarded,
    NoRight,
    NoSuchPath,
    NoSuchRequest,
    NotOurs,
    NoSuchMethod,
    Slow,
    Ended,
    KeyUsed,
    TooLong,
    MediaType,
    Definition,
    NoLogin,
    Full,
    LoginUnavailable,
    NotKept,
    Internal,
}

impl Kind {
    fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request is malformed"),
            Self::Forwarded => ("forwarded", StatusCode::FORBIDDEN, "Browsers and proxies are not served"),
            Self::NoRight => ("no-right", StatusCode::FORBIDDEN, "This user may not do that"),
            Self::NoSuchPath => ("no-such-path", StatusCode::NOT_FOUND, "There is nothing at this path"),
            Self::NoSuchRequest => ("no-such-request", StatusCode::NOT_FOUND, "There is no such request"),
            Self::NotOurs => ("not-ours", StatusCode::NOT_FOUND, "The registry is none of those with a login here"),
            Self::NoSuchMethod => ("no-such-method", StatusCode::METHOD_NOT_ALLOWED, "The path has no such method"),
            Self::Slow => ("slow", StatusCode::REQUEST_TIMEOUT, "The request took too long to arrive"),
            Self::Ended => ("ended", StatusCode::CONFLICT, "The request has ended"),
            Self::KeyUsed => ("key-used", StatusCode::CONFLICT, "The key was used for another definition"),
            Self::TooLong => ("too-long", StatusCode::PAYLOAD_TOO_LARGE, "The body is too long"),
            Self::MediaType => ("media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is of another media type"),
            Self::Definition => {
                ("definition", StatusCode::UNPROCESSABLE_ENTITY, "The definition cannot be carried out")
            }
            Self::NoLogin => ("no-login", StatusCode::UNPROCESSABLE_ENTITY, "There is no login for this registry"),
            Self::Full => ("full", StatusCode::TOO_MANY_REQUESTS, "Too many requests are open"),
            Self::LoginUnavailable => {
                ("login-unavailable", StatusCode::SERVICE_UNAVAILABLE, "The login cannot be had just now")
            }
            Self::NotKept => ("not-kept", StatusCode::INSUFFICIENT_STORAGE, "The request could not be kept"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "The agent itself is at fault"),
        }
    }
}

/// A problem, as it is sent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct ProblemView {
    /// Which kind it is: `urn:taskpull:problem:` and a word that stays the same.
    pub r#type: String,
    /// The kind, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What it is in this case.
    pub detail: Printable,
    /// The failure behind it: link, class, resource and hint as reports have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Of a definition: each container as it would be pulled, or what is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// A problem on its way out.
#[derive(Debug)]
pub(super) struct Problem(Box<(Kind, ProblemView, Option<String>)>);

impl Problem {
    pub(super) fn new(kind: Kind, detail: &str) -> Self {
        let (name, status, title) = kind.row();
        let view = ProblemView {
            r#type: format!("urn:taskpull:problem:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: Printable::new(detail),
            failure: None,
            report: None,
        };
        Self(Box::new((kind, view, None)))
    }

    pub(super) fn of_report(report: Report) -> Self {
        let failure = report.failures().next().cloned();
        let detail = failure.as_ref().map(|failure| failure.message.to_string()).unwrap_or_default();
        let mut problem = Self::new(Kind::Definition, &detail);
        (problem.0.1.failure, problem.0.1.report) = (failure, Some(report));
        problem
    }

    /// Of a registry that is ours: what keeps its login back, which may pass or stays.
    pub(super) fn of_login(failure: &Failure) -> Self {
        let may_pass = failure.class == Class::TimedOut || failure.class.retryability() != Retryability::Never;
        let kind = if may_pass { Kind::LoginUnavailable } else { Kind::NoLogin };
        let mut problem = Self::new(kind, failure.message.as_str());
        problem.0.1.failure = Some(failure.clone());
        problem
    }

    /// With the methods that the path has.
    pub(super) fn allowing(mut self, methods: String) -> Self {
        self.0.2 = Some(methods);
        self
    }

    pub(super) fn into_answer(self) -> Answer {
        let (kind, view, allow) = *self.0;
        let body = serde_json::to_vec(&view).unwrap_or_default();
        let mut answer = Response::new(full(Bytes::from(body)));
        *answer.status_mut() = kind.row().1;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(methods) = allow.and_then(|methods| HeaderValue::try_from(methods).ok()) {
            answer.headers_mut().insert(ALLOW, methods);
        }
        if matches!(kind, Kind::Full | Kind::LoginUnavailable) {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        answer
    }
}

impl From<JobStoreError> for Problem {
    fn from(error: JobStoreError) -> Self {
        let kind = match &error {
            JobStoreError::Full { .. } | JobStoreError::Heavy { .. } => Kind::Full,
            JobStoreError::Journal(_) => Kind::NotKept,
            JobStoreError::Lost(_) => Kind::Internal,
            JobStoreError::KeyUsed { .. } => Kind::KeyUsed,
            JobStoreError::Unknown { .. } => Kind::NoSuchRequest,
            JobStoreError::Ended { .. } => Kind::Ended,
        };
        let mut problem = Self::new(kind, &error.to_string());
        if let JobStoreError::Journal(error) = &error {
            problem.0.1.failure = Some(error.to_failure());
        }
        problem
    }
}
