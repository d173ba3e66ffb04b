//! The socket: HTTP for the programs of this host, and whom the agent listens to.
//!
//! The one table of routes (`routes`) says what there is, who may ask for it, and what the
//! OpenAPI document says of it. Whoever is at the other end is who the kernel says he is; a
//! request that came through a browser or a proxy is refused, since it may be somebody
//! else's. Every wait for a client has an end, and what one client has in memory a bound. No
//! secret is in any answer but that of a route which needs [`Right::Credentials`].

mod access;
mod answer;
mod body;
mod connection;
mod credentials;
mod document;
mod guard;
mod patient;
mod people;
mod problem;
mod pulls;
mod query;
mod routes;
mod schemas;
mod server;
mod socket;
mod state;
mod view;

pub use access::{Access, Right, Rights, Rule};
pub use body::LIMIT as BODY_LIMIT;
pub use document::openapi;
pub(super) use people::group_name;
pub use problem::ProblemView;
pub use server::{Server, Shared};
pub use socket::{Socket, SocketError};
pub use view::{Condition, ListView, OnePull, PullView, PullWord, Readiness, StateWord, VersionView};
