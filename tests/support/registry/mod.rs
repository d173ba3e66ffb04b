//! A registry over plain HTTP on 127.0.0.1, for a real engine to pull from.
//!
//! It implements as much of <https://distribution.github.io/distribution/spec/api/> as a pull
//! needs, optionally with a Basic login, and injects faults by kind of request. An engine accepts
//! a registry on 127.0.0.0/8 without TLS by default. Every image has unique layers, so no engine
//! has them already.

mod fake_registry;
mod image;
mod state;

pub use fake_registry::{FakeRegistry, PushedImage, RecordedRequest};
