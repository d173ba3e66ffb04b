//! The parts of the tests' own that a real engine can talk to.
#![expect(dead_code, unused_imports, reason = "these tests need a part of what the tests at the wire need")]

#[path = "../support/digest.rs"]
pub mod digest;
#[path = "../support/dockerd.rs"]
pub mod dockerd;
#[path = "../support/fault.rs"]
pub mod fault;
#[path = "../support/fault_proxy/mod.rs"]
pub mod fault_proxy;
#[path = "../support/gate.rs"]
pub mod gate;
#[path = "../support/http/mod.rs"]
pub mod http;
#[path = "../support/leak/mod.rs"]
pub mod leak;
#[path = "../support/namespace.rs"]
pub mod namespace;
#[path = "../support/pki.rs"]
pub mod pki;
#[path = "../support/registry/mod.rs"]
pub mod registry;
#[path = "../support/registry_fault.rs"]
pub mod registry_fault;
#[path = "../support/run.rs"]
pub mod run;
#[path = "../support/tls.rs"]
pub mod tls;
