//! The table of routes: which exist, who may use them, what they take and return.
//!
//! The router dispatches by this table, and the `OpenAPI` document is generated from it.

use http::{Method, StatusCode};
use schemars::SchemaGenerator;

use super::access::Right;
use super::dto::{PullList, PullView, Readiness, VersionView};
use super::login_request::LoginRequest;
use super::problem::{Problem, ProblemKind};
use super::response::{JSON, NDJSON, TEXT};
use super::route::{Action, Parameter, RequiredAccess, ResponseSpec, Route, SchemaFn};
use super::schemas;
use crate::credential_protocols::AgentLogin;
use crate::report::Event;
use crate::report::Report;

const SUBMIT: RequiredAccess = RequiredAccess::Right(Right::Submit);
const READ: RequiredAccess = RequiredAccess::Right(Right::Read);
const CREDENTIALS: RequiredAccess = RequiredAccess::Right(Right::Credentials);

const PULL: SchemaFn = SchemaGenerator::subschema_for::<PullView>;
const PULLS: SchemaFn = SchemaGenerator::subschema_for::<PullList>;
const REPORT: SchemaFn = SchemaGenerator::subschema_for::<Report>;
const EVENT: SchemaFn = SchemaGenerator::subschema_for::<Event<'static>>;
const LOGIN_REQUEST: SchemaFn = SchemaGenerator::subschema_for::<LoginRequest>;
const LOGIN: SchemaFn = SchemaGenerator::subschema_for::<AgentLogin<'static>>;
const READINESS: SchemaFn = SchemaGenerator::subschema_for::<Readiness>;
const VERSION: SchemaFn = SchemaGenerator::subschema_for::<VersionView>;

const SOURCE: Parameter =
    Parameter::in_query("source", schemas::source, "Name of the definition in reports, for example its path.");
const IDEMPOTENCY_KEY: Parameter = Parameter::in_header(
    "Idempotency-Key",
    schemas::idempotency_key,
    "Makes a retry safe: if the same user submits the same definition again with the same key, the response is the request that was accepted first.",
);
const STATE: Parameter = Parameter::in_query("state", schemas::status, "Return only requests in this state.");
const LIMIT: Parameter = Parameter::in_query("limit", schemas::limit, "Maximum number of requests to return.");

pub(super) static ROUTES: [Route; 12] = [
    Route::new("POST", "/v1/pulls", Action::Submit, SUBMIT, "submitPull")
        .doc(
            "Pull the images of a task definition",
            "An accepted request survives a crash of the agent, and continues if the client disconnects.",
        )
        .parameters(&[SOURCE, IDEMPOTENCY_KEY])
        .body(schemas::definition)
        .responses(&[
            ok(JSON, "The request was accepted before, with the same key.", PULL),
            ok(
                NDJSON,
                "With `Accept: application/x-ndjson`: the events of the request as they happen; the last line is the report.",
                EVENT,
            ),
            ResponseSpec::new(StatusCode::ACCEPTED, JSON, "The request is accepted.", PULL),
        ]),
    Route::new("GET", "/v1/pulls", Action::List, RequiredAccess::ReadOrOwn, "listPulls")
        .doc("List pull requests", "Callers without `access.read` see only their own requests.")
        .parameters(&[STATE, LIMIT])
        .responses(&[ok(JSON, "The pull requests, newest first.", PULLS)]),
    Route::new("GET", "/v1/pulls/{id}", Action::Show, RequiredAccess::ReadOrOwn, "showPull")
        .doc(
            "Show a pull request",
            "An open request has the status of each image; one that has ended has its report.",
        )
        .responses(&[ok(JSON, "The pull request.", PULL)]),
    Route::new("GET", "/v1/pulls/{id}/events", Action::Events, RequiredAccess::ReadOrOwn, "followPull")
        .doc(
            "Follow a pull request",
            "The stream starts with the current status of each pull; its last line is the report. If it ends without a report, the agent has stopped, and the request continues when the agent starts again.",
        )
        .responses(&[ok(NDJSON, "The events, one JSON object per line.", EVENT)]),
    Route::new("DELETE", "/v1/pulls/{id}", Action::Cancel, RequiredAccess::Own, "cancelPull")
        .doc("Cancel a pull request", "")
        .responses(&[ResponseSpec::new(
            StatusCode::ACCEPTED,
            JSON,
            "The request ends shortly. The body is the request before the cancellation.",
            PULL,
        )]),
    Route::new("POST", "/v1/plan", Action::Plan, SUBMIT, "planDefinition")
        .doc("Plan a pull without contacting AWS or the engine", "")
        .parameters(&[SOURCE])
        .body(schemas::definition)
        .responses(&[ok(JSON, "The plan of each container, or the error in its definition.", REPORT)]),
    Route::new("POST", "/v1/credentials", Action::Login, CREDENTIALS, "issueLogin")
        .doc(
            "Return the login for a registry",
            "Cached logins cost no AWS call, so clients should request a login each time and not cache it.",
        )
        .body(LOGIN_REQUEST)
        .responses(&[ok(JSON, "The registry login.", LOGIN)]),
    Route::new("GET", "/v1/health", Action::Health, RequiredAccess::Anyone, "health")
        .doc("Check that the agent is alive", "")
        .responses(&[ok(JSON, "The agent is alive.", schemas::alive)]),
    Route::new("GET", "/v1/ready", Action::Ready, READ, "ready")
        .doc("Check that the agent can store and run requests", "")
        .responses(&[
            ok(JSON, "The agent is ready.", READINESS),
            ResponseSpec::new(
                StatusCode::SERVICE_UNAVAILABLE,
                JSON,
                "The agent is not ready. `conditions` says which check failed.",
                READINESS,
            ),
        ]),
    Route::new("GET", "/v1/metrics", Action::Metrics, READ, "metrics")
        .doc("Return the metrics", "")
        .responses(&[ok(TEXT, "Metrics in the Prometheus text format.", schemas::text)]),
    Route::new("GET", "/v1/version", Action::Version, RequiredAccess::Anyone, "version")
        .doc("Return the version", "")
        .responses(&[ok(JSON, "The versions of the program and of the API.", VERSION)]),
    Route::new("GET", "/v1/openapi.json", Action::Document, RequiredAccess::Anyone, "document")
        .doc("Return this OpenAPI document", "")
        .responses(&[ok(JSON, "The OpenAPI document.", schemas::object)]),
];

const fn ok(media_type: &'static str, description: &'static str, schema: SchemaFn) -> ResponseSpec {
    ResponseSpec::new(StatusCode::OK, media_type, description, schema)
}

/// Finds the route of a request. The second value is the `{id}` in the path, not validated, or an
/// empty string if the route has none.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Result<(&'static Route, &'a str), Problem> {
    let mut methods = Vec::new();
    for route in &ROUTES {
        if let Some(id) = route.match_path(path) {
            if route.method == method.as_str() {
                return Ok((route, id));
            }
            methods.push(route.method);
        }
    }
    if methods.is_empty() {
        return Err(Problem::new(ProblemKind::NO_SUCH_PATH, "GET /v1/openapi.json describes all paths"));
    }
    let methods = methods.join(", ");
    let detail = format!("the path supports {methods}");
    Err(Problem::new(ProblemKind::NO_SUCH_METHOD, &detail).with_methods(methods))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use proptest::prelude::*;

    use super::{Action, find};

    #[test]
    fn a_path_finds_its_route_and_an_id_is_one_segment() {
        let action = |method, path| find(&method, path).ok().map(|(route, id)| (route.action, id));
        assert_eq!(action(Method::GET, "/v1/pulls"), Some((Action::List, "")));
        assert_eq!(action(Method::POST, "/v1/pulls"), Some((Action::Submit, "")));
        assert_eq!(action(Method::GET, "/v1/pulls/12"), Some((Action::Show, "12")));
        assert_eq!(action(Method::GET, "/v1/pulls/12/events"), Some((Action::Events, "12")));
        for path in ["/", "/v1/pulls/", "/v1/pulls/1/2", "/v1/pulls/1/events/", "/v2/pulls", "*", "/v1//events"] {
            assert_eq!(action(Method::GET, path), None, "{path}");
        }
        assert_eq!(action(Method::HEAD, "/v1/pulls"), None);
    }

    proptest! {
        #[test]
        fn an_id_in_any_path_has_no_slash(path in "(/v1/pulls/)?\\PC{0,20}(/events)?") {
            if let Ok((route, id)) = find(&Method::GET, &path) {
                prop_assert!(!id.contains('/'));
                prop_assert_eq!(route.path.replace("{id}", id), path);
            }
        }
    }
}
