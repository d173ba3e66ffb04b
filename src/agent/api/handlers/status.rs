//! Routes about the agent itself: health, readiness, metrics, version.

use std::sync::Arc;

use futures_util::future::join;
use http::StatusCode;

use crate::agent::api::context::ApiState;
use crate::agent::api::dto::{Condition, Readiness, VersionView};
use crate::agent::api::problem::Problem;
use crate::agent::api::response::{self, ApiResponse, TEXT};
use crate::error::{Class, Failure, Link, Printable};

pub(in crate::agent::api) fn health() -> Result<ApiResponse, Problem> {
    Ok(response::json(StatusCode::OK, &serde_json::json!({ "alive": true }))?)
}

pub(in crate::agent::api) fn version() -> Result<ApiResponse, Problem> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok(response::json(StatusCode::OK, &VersionView { version, api: vec!["v1".to_owned()] })?)
}

pub(in crate::agent::api) fn metrics(state: &ApiState) -> ApiResponse {
    response::new(StatusCode::OK, TEXT, response::full((state.metrics)()))
}

/// Checks the engine and the state folder, concurrently.
pub(in crate::agent::api) async fn ready(state: &Arc<ApiState>) -> Result<ApiResponse, Problem> {
    let job_store = Arc::clone(&state.job_store);
    let probe = tokio::task::spawn_blocking(move || job_store.probe());
    let (engine, state_folder) = join(state.executor.check_engine(), probe).await;
    let state_folder = match state_folder {
        Ok(probed) => probed.map_err(Failure::from),
        Err(error) => Err(probe_failure(&error.to_string())),
    };
    let condition = |name: &str, result: Result<(), Failure>| Condition {
        name: name.to_owned(),
        met: result.is_ok(),
        failure: result.err(),
    };
    let conditions = vec![condition("engine", engine), condition("state-folder", state_folder)];
    let ready = conditions.iter().all(|condition| condition.met);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(response::json(status, &Readiness { ready, conditions })?)
}

/// The probe of the state folder panicked, or the runtime is shutting down.
fn probe_failure(message: &str) -> Failure {
    let (resource, message) = (Printable::new("the state folder"), Printable::new(message));
    Failure { link: Link::Disk, class: Class::Unknown, resource, message, caused_by: Vec::new(), hint: None }
}
