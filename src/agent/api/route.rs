//! The types of the table of routes.

use http::StatusCode;
use schemars::{Schema, SchemaGenerator};

use super::access::Right;

/// The callers that may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequiredAccess {
    /// Every process that can open the socket.
    Anyone,
    /// Callers with this right.
    Right(Right),
    /// Callers with [`Right::Read`]; for their own requests, also callers with [`Right::Submit`].
    ReadOrOwn,
    /// Callers with [`Right::Submit`], for their own requests; root, for all requests.
    Own,
}

impl RequiredAccess {
    /// The right that a decision about this access is recorded under.
    pub(super) fn right(self) -> Option<Right> {
        match self {
            Self::Anyone => None,
            Self::Right(right) => Some(right),
            Self::ReadOrOwn => Some(Right::Read),
            Self::Own => Some(Right::Submit),
        }
    }
}

/// What a route does; the router maps it to a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Submit,
    List,
    Show,
    Events,
    Cancel,
    Plan,
    Login,
    Health,
    Ready,
    Metrics,
    Version,
    Document,
}

/// One row of the table.
pub(super) struct Route {
    pub method: &'static str,
    /// Path, in which `{id}` is a placeholder for one segment.
    pub path: &'static str,
    pub action: Action,
    pub access: RequiredAccess,
    /// Name of the operation in generated clients.
    pub operation_id: &'static str,
    pub summary: &'static str,
    /// Further sentences of the documentation, or nothing.
    pub description: &'static str,
    pub parameters: &'static [Parameter],
    /// Schema of the request body, which is always JSON; `None` if the route takes no body.
    pub request_body: Option<SchemaFn>,
    /// The responses other than problems; several with the same status differ in media type.
    pub responses: &'static [ResponseSpec],
}

impl Route {
    /// A row without parameters, body and responses.
    pub(super) const fn new(
        method: &'static str,
        path: &'static str,
        action: Action,
        access: RequiredAccess,
        operation_id: &'static str,
    ) -> Self {
        let (summary, description) = ("", "");
        let (parameters, request_body, responses) = (&[], None, &[]);
        Self { method, path, action, access, operation_id, summary, description, parameters, request_body, responses }
    }

    /// Documents the route by a summary and by further sentences, or an empty string.
    pub(super) const fn doc(self, summary: &'static str, description: &'static str) -> Self {
        Self { summary, description, ..self }
    }

    pub(super) const fn parameters(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    pub(super) const fn body(self, schema: SchemaFn) -> Self {
        Self { request_body: Some(schema), ..self }
    }

    pub(super) const fn responses(self, responses: &'static [ResponseSpec]) -> Self {
        Self { responses, ..self }
    }

    /// Returns the id in a path of this route, or an empty string if the route has none; `None`
    /// if the path belongs to another route.
    pub(super) fn match_path<'a>(&self, path: &'a str) -> Option<&'a str> {
        let Some((before, after)) = self.path.split_once("{id}") else {
            return (self.path == path).then_some("");
        };
        let id = path.strip_prefix(before)?.strip_suffix(after)?;
        (!id.is_empty() && !id.contains('/')).then_some(id)
    }
}

/// An optional parameter in the query or in a header.
pub(super) struct Parameter {
    pub name: &'static str,
    pub is_header: bool,
    pub description: &'static str,
    pub schema: SchemaFn,
}

impl Parameter {
    pub(super) const fn in_query(name: &'static str, schema: SchemaFn, description: &'static str) -> Self {
        Self { name, is_header: false, description, schema }
    }

    pub(super) const fn in_header(name: &'static str, schema: SchemaFn, description: &'static str) -> Self {
        Self { name, is_header: true, description, schema }
    }
}

/// A documented response.
pub(super) struct ResponseSpec {
    pub status: StatusCode,
    pub media_type: &'static str,
    pub description: &'static str,
    pub schema: SchemaFn,
}

impl ResponseSpec {
    pub(super) const fn new(
        status: StatusCode,
        media_type: &'static str,
        description: &'static str,
        schema: SchemaFn,
    ) -> Self {
        Self { status, media_type, description, schema }
    }
}

/// Generates a schema, and the definitions that it refers to.
pub(super) type SchemaFn = fn(&mut SchemaGenerator) -> Schema;
