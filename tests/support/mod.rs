//! The outside worlds of the tests, made of our own parts.
//!
//! Each server here listens on 127.0.0.1, on a Unix socket in a temporary folder, or at an
//! address of a test's own network, runs on a thread that its value owns, and ends when that
//! value is dropped. None reads the clock of the test's runtime, so a test may block or
//! pause its own time without stalling the world it talks to.
//!
//! | file           | what it stands for                                        |
//! |----------------|-----------------------------------------------------------|
//! | `aws/`         | AWS: decides by policy, verifies signatures, takes faults |
//! | `engine/`      | a Docker Engine on a Unix socket, scripted per image      |
//! | `registry/`    | a registry that a real engine can pull from               |
//! | `host.rs`      | an instance's metadata, a container's credentials, tokens |
//! | `proxy.rs`     | a proxy that notes where it was to connect to             |
//! | `pki.rs`       | a certificate authority                                   |
//! | `tls.rs`       | TLS in front of one of these servers                      |
//! | `leak/`        | the search for a secret where it must not be              |
//! | `http/`        | the server under the first three, `host.rs`, `proxy.rs`   |
//! | `fault.rs`     | which call a fault strikes                                |
//! | `gate.rs`      | a door that holds answers until the test opens it         |
//! | `run.rs`       | the program, run with an environment of its own           |
//! | `schema.rs`    | JSON held to a schema                                     |
//! | `source_tree.rs` | the crate's own sources, parsed                          |
//! | `namespace.rs` | a network of a test's own, and mounts it cannot write to  |
//! | `digest.rs`    | SHA-256 in hexadecimal                                    |
//!
//! The tests on the lab have two more, which real engines and registries need:
//! `fault_proxy/` stands before a registry and fails as it is told to, and
//! `dockerd.rs` is a Docker Engine that may be killed, or whose disk is small.
//!
//! `registry/` needs its siblings `http/`, `fault.rs`, `gate.rs` and
//! `digest.rs`; `leak/` needs none. Other test binaries may take just those.

pub mod aws;
pub mod diagram;
pub mod digest;
pub mod engine;
pub mod fault;
pub mod gate;
pub mod host;
pub mod http;
#[expect(unused_imports, reason = "the tests on the lab also name the result of a scan")]
pub mod leak;
pub mod namespace;
pub mod pki;
pub mod proxy;
#[expect(unused_imports, reason = "the tests on the lab also name the recorded types")]
pub mod registry;
#[expect(dead_code, reason = "the tests on the lab inject the other faults")]
pub mod registry_fault;
pub mod run;
pub mod schema;
pub mod source_tree;
pub mod tls;
