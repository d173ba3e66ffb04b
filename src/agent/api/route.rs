//! The types of the table of routes.

use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator};

use super::access::Right;
use super::response::JSON;

/// Who may use a route.
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
    pub method: Method,
    /// Path, in which `{id}` stands for one segment.
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

/// A documented response.
pub(super) struct ResponseSpec {
    pub status: StatusCode,
    pub media_type: &'static str,
    pub description: &'static str,
    pub schema: SchemaFn,
}

impl ResponseSpec {
    pub(super) const fn json(status: StatusCode, description: &'static str, schema: SchemaFn) -> Self {
        Self { status, media_type: JSON, description, schema }
    }
}

/// Generates a schema, and the definitions that it refers to.
pub(super) type SchemaFn = fn(&mut SchemaGenerator) -> Schema;
