//! A small HTTP/1.1 server with scripted replies.
//!
//! The server owns its sockets and the thread that serves them. A handler is a plain function from
//! a whole [`Request`] to a [`Reply`]. The reply contains every wait, hang and cut, so a handler
//! never blocks. A panic of a handler fails the test that owns the server.

mod body;
mod reply;
mod request;
mod server;

pub use reply::{Reply, Stall, Step};
pub use request::{Request, form_pairs};
pub use server::HttpServer;
