//! The route that returns a login: the only one whose response holds a secret.
//!
//! The login comes from the cache that the agent's pulls use. The response is zeroized after it
//! has been sent; observers learn the names of the credential and of its recipient, no secret.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Request, StatusCode};
use hyper::body::Incoming;

use crate::agent::CredentialIssued;
use crate::agent::api::context::{ApiState, Caller};
use crate::agent::api::login_request::{LoginRequest, LoginTarget};
use crate::agent::api::problem::{Problem, ProblemKind};
use crate::agent::api::request_body;
use crate::agent::api::response::{self, ApiResponse, JSON};
use crate::credential_protocols::for_agent;
use crate::task::ImageReference;

/// Returns the login for a registry or an image.
pub(in crate::agent::api) async fn issue_login(
    state: &Arc<ApiState>,
    Caller { peer, .. }: Caller,
    request: Request<Incoming>,
) -> Result<ApiResponse, Problem> {
    let body = request_body::read(request, state.request_timeout).await?;
    let LoginTarget { image, name } = parse(&body)?;
    let login = state.executor.login(&image).await.map_err(|failure| Problem::from_login_failure(&failure))?;
    let login = login.ok_or_else(|| unconfigured(&image))?;
    state.observer.credential_issued(&CredentialIssued { caller: peer, target: &name, provenance: &login.provenance });
    let body = response::full(Bytes::from_owner(for_agent(&login)));
    let mut response = response::new(StatusCode::OK, JSON, body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Parses the body. The problem does not quote a body that is not understood, because it may be
/// a credential.
pub(in crate::agent::api) fn parse(body: &[u8]) -> Result<LoginTarget, Problem> {
    let malformed = |detail: &str| Problem::new(ProblemKind::MALFORMED, detail);
    let request: LoginRequest = serde_json::from_slice(body)
        .map_err(|_| malformed("the body must be {\"registry\": HOST} or {\"image\": REFERENCE}"))?;
    request.target().ok_or_else(|| malformed("the registry or the image in the body is invalid"))
}

pub(in crate::agent::api) fn unconfigured(image: &ImageReference) -> Problem {
    let detail = format!("{} is neither an ECR registry nor listed under [[registry]]", image.registry());
    Problem::new(ProblemKind::UNKNOWN_REGISTRY, &detail)
}
