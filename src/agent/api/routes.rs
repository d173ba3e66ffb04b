//! The one table of routes: what there is, who may ask for it, what it takes and answers.
//! Requests are told apart by it, and the OpenAPI document is made from it.

use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator};

use super::access::Right;
use super::answer::{JSON, LINES, TEXT};
use super::credentials::Wanted;
use super::problem::{Kind, Problem};
use super::schemas;
use super::view::{ListView, PullView, Readiness, VersionView};
use crate::credential_protocols::AgentLogin;
use crate::report::Event;
use crate::report::Report;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// Whoever can open the socket.
    Nothing,
    /// Who has this right.
    Of(Right),
    /// Who may read; of his own requests, also who may submit.
    ReadOrOwn,
    /// Who may submit, of his own requests; root, of everybody's.
    Own,
}

impl Demand {
    /// The right that it is about.
    pub(super) fn right(self) -> Option<Right> {
        match self {
            Self::Nothing => None,
            Self::Of(right) => Some(right),
            Self::ReadOrOwn => Some(Right::Read),
            Self::Own => Some(Right::Submit),
        }
    }
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Submit,
    List,
    Show,
    Events,
    Cancel,
    Check,
    Login,
    Health,
    Ready,
    Metrics,
    Version,
    Document,
}

/// One row.
pub(super) struct Route {
    pub method: Method,
    pub path: &'static str,
    pub action: Action,
    pub demand: Demand,
    /// A word for programs that are made from the document.
    pub name: &'static str,
    pub summary: &'static str,
    pub parameters: &'static [Parameter],
    /// The body's schema, where it takes one; always JSON.
    pub takes: Option<Of>,
    pub gives: &'static [Gives],
}

/// A value in the query, or in a header.
pub(super) struct Parameter {
    pub name: &'static str,
    pub is_header: bool,
    pub says: &'static str,
    pub of: Of,
}

/// An answer that is no problem.
pub(super) struct Gives {
    pub status: StatusCode,
    pub says: &'static str,
    /// A media type and what is in it.
    pub content: &'static [(&'static str, Of)],
}

/// A schema, with what it refers to.
pub(super) type Of = fn(&mut SchemaGenerator) -> Schema;

const PULL: Of = SchemaGenerator::subschema_for::<PullView>;
const REPORT: Of = SchemaGenerator::subschema_for::<Report>;
const EVENT: Of = SchemaGenerator::subschema_for::<Event<'static>>;
const SOURCE: Parameter = Parameter {
    name: "source",
    is_header: false,
    says: "What reports are to call the definition: a path, for one.",
    of: schemas::source,
};

pub(super) static ROUTES: [Route; 12] = [
    Route {
        method: Method::POST,
        path: "/v1/pulls",
        action: Action::Submit,
        demand: Demand::Of(Right::Submit),
        name: "submitPull",
        summary: "Have the images of a task definition pulled. Once this answers, the request survives a crash, and goes on whether or not anybody listens.",
        parameters: &[
            SOURCE,
            Parameter {
                name: "Idempotency-Key",
                is_header: true,
                says: "Of one sender, a key is accepted once: whoever did not hear the answer asks again with the same key, and is told of the same request.",
                of: schemas::key,
            },
        ],
        takes: Some(schemas::definition),
        gives: &[
            Gives {
                status: StatusCode::OK,
                says: "It was accepted before, under the same key; or, where that was asked for in `Accept`, its events while they happen, the report last.",
                content: &[(JSON, PULL), (LINES, EVENT)],
            },
            Gives { status: StatusCode::ACCEPTED, says: "It is accepted.", content: &[(JSON, PULL)] },
        ],
    },
    Route {
        method: Method::GET,
        path: "/v1/pulls",
        action: Action::List,
        demand: Demand::ReadOrOwn,
        name: "listPulls",
        summary: "The requests, newest first; one's own where one may not read everybody's.",
        parameters: &[
            Parameter { name: "state", is_header: false, says: "Only those in this state.", of: schemas::state },
            Parameter { name: "limit", is_header: false, says: "No more than so many.", of: schemas::limit },
        ],
        takes: None,
        gives: &[Gives {
            status: StatusCode::OK,
            says: "Them.",
            content: &[(JSON, SchemaGenerator::subschema_for::<ListView>)],
        }],
    },
    Route {
        method: Method::GET,
        path: "/v1/pulls/{id}",
        action: Action::Show,
        demand: Demand::ReadOrOwn,
        name: "showPull",
        summary: "One request: where its pulls stand, or what came of it.",
        parameters: &[],
        takes: None,
        gives: &[Gives { status: StatusCode::OK, says: "It.", content: &[(JSON, PULL)] }],
    },
    Route {
        method: Method::GET,
        path: "/v1/pulls/{id}/events",
        action: Action::Events,
        demand: Demand::ReadOrOwn,
        name: "followPull",
        summary: "Where each pull of a request stands, then what happens, a line each; the report is the last line. Without that line the agent has ended, and the request goes on with the next one.",
        parameters: &[],
        takes: None,
        gives: &[Gives { status: StatusCode::OK, says: "The events.", content: &[(LINES, EVENT)] }],
    },
    Route {
        method: Method::DELETE,
        path: "/v1/pulls/{id}",
        action: Action::Cancel,
        demand: Demand::Own,
        name: "cancelPull",
        summary: "Call a request off. Its sender may, and root.",
        parameters: &[],
        takes: None,
        gives: &[Gives {
            status: StatusCode::ACCEPTED,
            says: "It ends within moments; this is where it stood.",
            content: &[(JSON, PULL)],
        }],
    },
    Route {
        method: Method::POST,
        path: "/v1/check",
        action: Action::Check,
        demand: Demand::Of(Right::Submit),
        name: "checkDefinition",
        summary: "What pulling a task definition would come to. Neither AWS nor the engine is asked.",
        parameters: &[SOURCE],
        takes: Some(schemas::definition),
        gives: &[Gives {
            status: StatusCode::OK,
            says: "Each container as planned, or what is wrong with it.",
            content: &[(JSON, REPORT)],
        }],
    },
    Route {
        method: Method::POST,
        path: "/v1/credentials",
        action: Action::Login,
        demand: Demand::Of(Right::Credentials),
        name: "giveLogin",
        summary: "A registry's login itself. One that is kept costs no call to AWS: ask whenever it is needed, and keep nothing.",
        parameters: &[],
        takes: Some(SchemaGenerator::subschema_for::<Wanted>),
        gives: &[Gives {
            status: StatusCode::OK,
            says: "It.",
            content: &[(JSON, SchemaGenerator::subschema_for::<AgentLogin<'static>>)],
        }],
    },
    Route {
        method: Method::GET,
        path: "/v1/health",
        action: Action::Health,
        demand: Demand::Nothing,
        name: "health",
        summary: "Whether the agent is alive.",
        parameters: &[],
        takes: None,
        gives: &[Gives { status: StatusCode::OK, says: "It is.", content: &[(JSON, schemas::alive)] }],
    },
    Route {
        method: Method::GET,
        path: "/v1/ready",
        action: Action::Ready,
        demand: Demand::Of(Right::Read),
        name: "ready",
        summary: "Whether a request would be kept and carried out now.",
        parameters: &[],
        takes: None,
        gives: &[
            Gives { status: StatusCode::OK, says: "It would.", content: &[(JSON, READINESS)] },
            Gives {
                status: StatusCode::SERVICE_UNAVAILABLE,
                says: "It would not; why is said.",
                content: &[(JSON, READINESS)],
            },
        ],
    },
    Route {
        method: Method::GET,
        path: "/v1/metrics",
        action: Action::Metrics,
        demand: Demand::Of(Right::Read),
        name: "metrics",
        summary: "The metrics, as Prometheus reads them.",
        parameters: &[],
        takes: None,
        gives: &[Gives { status: StatusCode::OK, says: "They.", content: &[(TEXT, schemas::text)] }],
    },
    Route {
        method: Method::GET,
        path: "/v1/version",
        action: Action::Version,
        demand: Demand::Nothing,
        name: "version",
        summary: "Which program this is.",
        parameters: &[],
        takes: None,
        gives: &[Gives {
            status: StatusCode::OK,
            says: "This one.",
            content: &[(JSON, SchemaGenerator::subschema_for::<VersionView>)],
        }],
    },
    Route {
        method: Method::GET,
        path: "/v1/openapi.json",
        action: Action::Document,
        demand: Demand::Nothing,
        name: "document",
        summary: "This document.",
        parameters: &[],
        takes: None,
        gives: &[Gives { status: StatusCode::OK, says: "It.", content: &[(JSON, schemas::object)] }],
    },
];

const READINESS: Of = SchemaGenerator::subschema_for::<Readiness>;

/// The route of a request, and the id in its path, which is empty where the route has none.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Result<(&'static Route, &'a str), Problem> {
    let mut methods = Vec::new();
    for route in &ROUTES {
        if let Some(id) = route.matches(path) {
            if route.method == *method {
                return Ok((route, id));
            }
            methods.push(route.method.as_str());
        }
    }
    if methods.is_empty() {
        return Err(Problem::new(Kind::NoSuchPath, "GET /v1/openapi.json says what there is"));
    }
    let methods = methods.join(", ");
    Err(Problem::new(Kind::NoSuchMethod, &format!("it has {methods}")).allowing(methods))
}

impl Route {
    /// The id in a path of this route, or nothing; `None` for a path of another.
    fn matches<'a>(&self, path: &'a str) -> Option<&'a str> {
        let Some((before, after)) = self.path.split_once("{id}") else {
            return (self.path == path).then_some("");
        };
        let id = path.strip_prefix(before)?.strip_suffix(after)?;
        (!id.is_empty() && !id.contains('/')).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Action, find};

    #[test]
    fn a_path_leads_to_its_row_and_an_id_is_one_segment() {
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
}
