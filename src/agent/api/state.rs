//! The routes about the agent itself: readiness, metrics, version.

use std::sync::Arc;

use http::StatusCode;

use super::answer::{self, Answer, TEXT};
use super::problem::Problem;
use super::server::Shared;
use super::view::{Condition, Readiness, VersionView};
use crate::error::{Class, Failure, Link, Printable};

pub(super) fn health() -> Result<Answer, Problem> {
    answer::json(StatusCode::OK, &serde_json::json!({ "alive": true }))
}

pub(super) fn version() -> Result<Answer, Problem> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    answer::json(StatusCode::OK, &VersionView { version, api: vec!["v1".to_owned()] })
}

pub(super) fn metrics(shared: &Shared) -> Answer {
    answer::of(StatusCode::OK, TEXT, answer::full((shared.metrics)()))
}

pub(super) async fn ready(shared: &Arc<Shared>) -> Result<Answer, Problem> {
    let desk = Arc::clone(&shared.desk);
    let probe = tokio::task::spawn_blocking(move || desk.probe());
    let (engine, folder) = futures_util::future::join(shared.work.engine(), probe).await;
    let folder = match folder {
        Ok(probed) => probed.map_err(Failure::from),
        Err(error) => Err(unknown(&error.to_string())),
    };
    let condition = |name: &str, met: Result<(), Failure>| Condition {
        name: name.to_owned(),
        met: met.is_ok(),
        failure: met.err(),
    };
    let conditions = vec![condition("engine", engine), condition("state-folder", folder)];
    let ready = conditions.iter().all(|condition| condition.met);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer::json(status, &Readiness { ready, conditions })
}

fn unknown(said: &str) -> Failure {
    let (resource, message) = (Printable::new("the state folder"), Printable::new(said));
    Failure { link: Link::Disk, class: Class::Unknown, resource, message, caused_by: Vec::new(), hint: None }
}
