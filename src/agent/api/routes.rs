//! The table of routes: which exist, who may use them, what they take and return.
//!
//! The router dispatches by this table, and the `OpenAPI` document is generated from it.

use http::{Method, StatusCode};
use schemars::SchemaGenerator;

use super::access::Right;
use super::dto::{PullList, PullView, Readiness, VersionView};
use super::login_request::LoginRequest;
use super::problem::{Problem, ProblemKind};
use super::response::{NDJSON, TEXT};
use super::route::{Action, Parameter, RequiredAccess, ResponseSpec, Route, SchemaFn};
use super::schemas;
use crate::frontend::AgentLogin;
use crate::report::Report;
use crate::report::event::Event;

const PULL: SchemaFn = SchemaGenerator::subschema_for::<PullView>;
const EVENT: SchemaFn = SchemaGenerator::subschema_for::<Event<'static>>;
const READINESS: SchemaFn = SchemaGenerator::subschema_for::<Readiness>;

const SOURCE: Parameter = Parameter {
    name: "source",
    is_header: false,
    description: "Name of the definition in reports, for example its path.",
    schema: schemas::source,
};

pub(super) static ROUTES: [Route; 12] = [
    Route {
        method: Method::POST,
        path: "/v1/pulls",
        action: Action::Submit,
        access: RequiredAccess::Right(Right::Submit),
        operation_id: "submitPull",
        summary: "Pull the images of a task definition",
        description: "An accepted request survives a crash of the agent, and continues if the client disconnects.",
        parameters: &[
            SOURCE,
            Parameter {
                name: "Idempotency-Key",
                is_header: true,
                description: "Makes a retry safe: if the same user submits the same definition again with the same key, the response is the request that was accepted first.",
                schema: schemas::idempotency_key,
            },
        ],
        request_body: Some(schemas::definition),
        responses: &[
            ResponseSpec::json(StatusCode::OK, "The request was accepted before, with the same key.", PULL),
            ResponseSpec {
                status: StatusCode::OK,
                media_type: NDJSON,
                description: "With `Accept: application/x-ndjson`: the events of the request as they happen; the last line is the report.",
                schema: EVENT,
            },
            ResponseSpec::json(StatusCode::ACCEPTED, "The request is accepted.", PULL),
        ],
    },
    Route {
        method: Method::GET,
        path: "/v1/pulls",
        action: Action::List,
        access: RequiredAccess::ReadOrOwn,
        operation_id: "listPulls",
        summary: "List pull requests",
        description: "Callers without `access.read` see only their own requests.",
        parameters: &[
            Parameter {
                name: "state",
                is_header: false,
                description: "Return only requests in this state.",
                schema: schemas::status,
            },
            Parameter {
                name: "limit",
                is_header: false,
                description: "Maximum number of requests to return.",
                schema: schemas::limit,
            },
        ],
        request_body: None,
        responses: &[ResponseSpec::json(
            StatusCode::OK,
            "The pull requests, newest first.",
            SchemaGenerator::subschema_for::<PullList>,
        )],
    },
    Route {
        method: Method::GET,
        path: "/v1/pulls/{id}",
        action: Action::Show,
        access: RequiredAccess::ReadOrOwn,
        operation_id: "showPull",
        summary: "Show a pull request",
        description: "An open request has the status of each image; one that has ended has its report.",
        parameters: &[],
        request_body: None,
        responses: &[ResponseSpec::json(StatusCode::OK, "The pull request.", PULL)],
    },
    Route {
        method: Method::GET,
        path: "/v1/pulls/{id}/events",
        action: Action::Events,
        access: RequiredAccess::ReadOrOwn,
        operation_id: "followPull",
        summary: "Follow a pull request",
        description: "The stream starts with the current status of each pull; its last line is the report. If it ends without a report, the agent has stopped, and the request continues when the agent starts again.",
        parameters: &[],
        request_body: None,
        responses: &[ResponseSpec {
            status: StatusCode::OK,
            media_type: NDJSON,
            description: "The events, one JSON object per line.",
            schema: EVENT,
        }],
    },
    Route {
        method: Method::DELETE,
        path: "/v1/pulls/{id}",
        action: Action::Cancel,
        access: RequiredAccess::Own,
        operation_id: "cancelPull",
        summary: "Cancel a pull request",
        description: "",
        parameters: &[],
        request_body: None,
        responses: &[ResponseSpec::json(
            StatusCode::ACCEPTED,
            "The request ends shortly. The body is the request before the cancellation.",
            PULL,
        )],
    },
    Route {
        method: Method::POST,
        path: "/v1/plan",
        action: Action::Plan,
        access: RequiredAccess::Right(Right::Submit),
        operation_id: "planDefinition",
        summary: "Plan a pull without contacting AWS or the engine",
        description: "",
        parameters: &[SOURCE],
        request_body: Some(schemas::definition),
        responses: &[ResponseSpec::json(
            StatusCode::OK,
            "The plan of each container, or the error in its definition.",
            SchemaGenerator::subschema_for::<Report>,
        )],
    },
    Route {
        method: Method::POST,
        path: "/v1/credentials",
        action: Action::Login,
        access: RequiredAccess::Right(Right::Credentials),
        operation_id: "issueLogin",
        summary: "Return the login for a registry",
        description: "Cached logins cost no AWS call, so clients should request a login each time and not cache it.",
        parameters: &[],
        request_body: Some(SchemaGenerator::subschema_for::<LoginRequest>),
        responses: &[ResponseSpec::json(
            StatusCode::OK,
            "The registry login.",
            SchemaGenerator::subschema_for::<AgentLogin<'static>>,
        )],
    },
    Route {
        method: Method::GET,
        path: "/v1/health",
        action: Action::Health,
        access: RequiredAccess::Anyone,
        operation_id: "health",
        summary: "Check that the agent is alive",
        description: "",
        parameters: &[],
        request_body: None,
        responses: &[ResponseSpec::json(StatusCode::OK, "The agent is alive.", schemas::alive)],
    },
    Route {
        method: Method::GET,
        path: "/v1/ready",
        action: Action::Ready,
        access: RequiredAccess::Right(Right::Read),
        operation_id: "ready",
        summary: "Check that the agent can store and run requests",
        description: "",
        parameters: &[],
        request_body: None,
        responses: &[
            ResponseSpec::json(StatusCode::OK, "The agent is ready.", READINESS),
            ResponseSpec::json(
                StatusCode::SERVICE_UNAVAILABLE,
                "The agent is not ready. `conditions` says which check failed.",
                READINESS,
            ),
        ],
    },
    Route {
        method: Method::GET,
        path: "/v1/metrics",
        action: Action::Metrics,
        access: RequiredAccess::Right(Right::Read),
        operation_id: "metrics",
        summary: "Return the metrics",
        description: "",
        parameters: &[],
        request_body: None,
        responses: &[ResponseSpec {
            status: StatusCode::OK,
            media_type: TEXT,
            description: "Metrics in the Prometheus text format.",
            schema: schemas::text,
        }],
    },
    Route {
        method: Method::GET,
        path: "/v1/version",
        action: Action::Version,
        access: RequiredAccess::Anyone,
        operation_id: "version",
        summary: "Return the version",
        description: "",
        parameters: &[],
        request_body: None,
        responses: &[ResponseSpec::json(
            StatusCode::OK,
            "The versions of the program and of the API.",
            SchemaGenerator::subschema_for::<VersionView>,
        )],
    },
    Route {
        method: Method::GET,
        path: "/v1/openapi.json",
        action: Action::Document,
        access: RequiredAccess::Anyone,
        operation_id: "document",
        summary: "Return this OpenAPI document",
        description: "",
        parameters: &[],
        request_body: None,
        responses: &[ResponseSpec::json(StatusCode::OK, "The OpenAPI document.", schemas::object)],
    },
];

/// Finds the route of a request. The second value is the `{id}` in the path, not validated, or an
/// empty string if the route has none.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Result<(&'static Route, &'a str), Problem> {
    let mut methods = Vec::new();
    for route in &ROUTES {
        if let Some(id) = route.match_path(path) {
            if route.method == *method {
                return Ok((route, id));
            }
            methods.push(route.method.as_str());
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
