//! The API of the agent: HTTP on a Unix socket, for programs on the same host.
//!
//! - The table in `routes` is the one list of routes, required rights and documentation. The
//!   router dispatches by it, and the `OpenAPI` document is generated from it.
//! - The kernel identifies the caller (`SO_PEERCRED`); the operator's lists give the caller
//!   rights. A request that came through a browser or a proxy is refused, because its sender
//!   may be someone other than the process at the socket.
//! - Every wait for a client has a timeout, and the memory that one client can occupy is bounded.
//!
//! Invariant: only routes that require [`Right::Credentials`] return a secret.

mod access;
mod connection;
mod context;
mod csrf_guard;
mod dto;
mod handlers;
mod login_request;
mod openapi;
mod problem;
mod query;
mod request_body;
mod response;
mod route;
mod router;
mod routes;
mod schemas;
mod server;
mod socket;
mod user_groups;
mod write_timeout;

pub use access::{Access, AccessRule, Right, Rights};
pub use context::ApiState;
pub use dto::{Condition, JobStatus, ProblemView, PullItem, PullList, PullStatus, PullView, Readiness, VersionView};
pub use openapi::openapi;
pub use server::Server;
pub use socket::{Socket, SocketError};
pub(super) use user_groups::group_name;

#[cfg(test)]
mod tests;
