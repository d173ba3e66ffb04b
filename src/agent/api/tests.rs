//! Holds the response of every problem by a snapshot.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, StreamBody};

use super::access::{Right, Rights};
use super::context::Caller;
use super::handlers::{credentials, pulls};
use super::problem::{Problem, ProblemKind};
use super::query::Query;
use super::route::RequiredAccess;
use super::routes::find;
use super::{csrf_guard, request_body, router};
use crate::agent::{JobId, JobStoreError, JournalError, Peer};
use crate::error::{Class, Failure, Link, Printable};
use crate::report::Report;
use crate::task::ImageReference;

fn request(header: &'static str, value: &'static str) -> Request<()> {
    Request::get("/").header(header, value).body(()).unwrap()
}

fn query(query: &'static str) -> Problem {
    let (route, _) = find(&Method::GET, "/v1/pulls").unwrap();
    match Query::parse(&Uri::from_static(query), route.parameters) {
        Ok(query) => query.get("limit", |_| None::<()>).unwrap_err(),
        Err(problem) => problem,
    }
}

fn idempotency_keys(keys: &[&'static str]) -> Problem {
    let name = HeaderName::from_static("idempotency-key");
    let headers: HeaderMap = keys.iter().map(|key| (name.clone(), HeaderValue::from_static(key))).collect();
    pulls::idempotency_key(&headers).unwrap_err()
}

fn denied(access: RequiredAccess, submit: bool) -> Problem {
    let rights = Rights { submit, ..Rights::default() };
    router::denied(access, Caller { peer: Peer { uid: 1_000, gid: 100 }, rights })
}

fn failure(class: Class) -> Failure {
    let (resource, message) = (Printable::new("registry.example"), Printable::new("the secret cannot be read"));
    let hint = Some(Printable::new("allow it"));
    Failure { link: Link::SecretPolicy, class, resource, message, caused_by: Vec::new(), hint }
}

async fn body_problems() -> Vec<Problem> {
    let json = || Request::post("/").header("content-type", "application/json");
    let long = Full::new(Bytes::from(vec![b' '; request_body::MAX_LENGTH + 1]));
    let broken = StreamBody::new(futures_util::stream::iter([Err(std::io::Error::other("connection reset"))]));
    let endless = StreamBody::new(futures_util::stream::pending::<Result<_, std::io::Error>>());
    let wait = Duration::from_secs(1);
    vec![
        request_body::read(Request::new(Full::new(Bytes::new())), wait).await.unwrap_err(),
        request_body::read(json().body(long).unwrap(), wait).await.unwrap_err(),
        request_body::read(json().body(broken).unwrap(), wait).await.unwrap_err(),
        request_body::read(json().body(endless).unwrap(), wait).await.unwrap_err(),
    ]
}

fn job_store_problems() -> Vec<Problem> {
    let id = || JobId::parse("019c13a1b2c300c0ffee").unwrap();
    let journal =
        JournalError::Folder { folder: "/var/lib/taskpull".into(), source: std::io::ErrorKind::StorageFull.into() };
    let errors = [
        JobStoreError::Full { open: 1_000 },
        JobStoreError::MemoryLimit { open: 12, bytes: 16_000_000 },
        JobStoreError::Journal(journal),
        JobStoreError::Internal("task panicked".to_owned()),
        JobStoreError::KeyUsed { id: id() },
        JobStoreError::NotFound { id: "12".to_owned() },
        JobStoreError::AlreadyEnded { id: id() },
    ];
    errors.map(Problem::from).into()
}

/// The status, the headers other than the content type, and the body of each response.
async fn render(problems: Vec<Problem>) -> String {
    let mut text = String::new();
    for problem in problems {
        let response = problem.into_response();
        let status = response.status();
        let allow = response.headers().get("allow").map(|value| format!(", Allow: {}", value.to_str().unwrap()));
        let retry =
            response.headers().get("retry-after").map(|value| format!(", Retry-After: {}", value.to_str().unwrap()));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let field = |name: &str| body[name].as_str().unwrap().to_owned();
        assert_eq!(body["status"], status.as_u16());
        writeln!(text, "{status}{}{}", allow.unwrap_or_default(), retry.unwrap_or_default()).unwrap();
        writeln!(text, "  {}\n  {}: {}", field("type"), field("title"), field("detail")).unwrap();
        for extension in ["failure", "report"] {
            if body[extension].is_object() {
                writeln!(text, "  with `{extension}`").unwrap();
            }
        }
        text.push('\n');
    }
    text
}

#[tokio::test(start_paused = true)]
async fn every_problem_has_its_documented_response() {
    let image = ImageReference::parse("other.example/app").unwrap();
    let invalid = Report::from_invalid(failure(Class::Invalid));
    let mut problems = vec![
        csrf_guard::check(&request("host", "evil.example")).unwrap_err(),
        csrf_guard::check(&request("origin", "null")).unwrap_err(),
        denied(RequiredAccess::ReadOrOwn, false),
        denied(RequiredAccess::Right(Right::Submit), false),
        denied(RequiredAccess::Right(Right::Credentials), false),
        denied(RequiredAccess::Own, true),
        find(&Method::GET, "/v2").err().unwrap(),
        find(&Method::PUT, "/v1/pulls").err().unwrap(),
        query("/?x=1"),
        query("/?limit=1&limit=2"),
        query("/?limit=x"),
        idempotency_keys(&["one", "two"]),
        idempotency_keys(&["not one word"]),
        credentials::parse(b"{}").unwrap_err(),
        credentials::parse(br#"{"image": "UPPER"}"#).unwrap_err(),
        credentials::unconfigured(&image),
        Problem::from_login_failure(&failure(Class::Refused)),
        Problem::from_login_failure(&failure(Class::Unavailable)),
        Problem::from_report(invalid),
        Problem::from(serde_json::from_str::<()>("").unwrap_err()),
        Problem::new(ProblemKind::INTERNAL, "the route has no id"),
    ];
    problems.extend(body_problems().await);
    problems.extend(job_store_problems());
    insta::assert_snapshot!(render(problems).await);
}
