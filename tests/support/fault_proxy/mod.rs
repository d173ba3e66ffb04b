//! A proxy in front of a real registry that injects faults.
//!
//! It forwards every request and response, and injects faults by kind of request. It also knows
//! which requests are in flight, so a test sees a pull that continues after it was cancelled,
//! whatever the engine reports. With [`FaultProxy::with_tokens`] it adds the token service that
//! most registries have and the lab's registry lacks.
//!
//! It listens on 127.0.0.2, which both engines accept without TLS.

mod proxy;
mod state;
mod upstream;

pub use proxy::{FaultProxy, ProxiedRequest};
