//! The test support: fakes of the services that the program talks to, and the worlds that tests run
//! the program in.
//!
//! Each server here listens on 127.0.0.1, on a Unix socket in a temporary folder, or at an address
//! of a test's private network. It runs on a thread that its value owns, and ends when that value
//! is dropped. No server uses the clock of the test's runtime, so a test may block or pause its own
//! time without delaying the server.
//!
//! | module           | content                                                            |
//! |------------------|--------------------------------------------------------------------|
//! | `aws/`           | an AWS that decides by policy, verifies signatures, injects faults |
//! | `aws_client`     | clients of the AWS SDK                                             |
//! | `engine/`        | a Docker Engine on a Unix socket, scripted for each image          |
//! | `registry/`      | a registry that a real engine can pull from                        |
//! | `host`           | instance metadata, container credentials, web identity             |
//! | `proxy`          | an HTTP proxy that records its targets                             |
//! | `otel/`          | a collector of traces                                              |
//! | `pki`, `tls`     | certificates, and TLS in front of a server                         |
//! | `leak/`          | searches for leaked secrets                                        |
//! | `http/`          | the HTTP server of all fakes                                       |
//! | `fault`          | plans of faults                                                    |
//! | `registry_fault` | faults of a registry                                               |
//! | `gate`           | delays replies until the test opens a gate                         |
//! | `run`            | runs the program with a clean environment                          |
//! | `schema`         | validates JSON by a schema                                         |
//! | `source_tree`    | the crate's own sources, parsed                                    |
//! | `namespace`      | private networks and mounts                                        |
//! | `process`        | resource usage of processes                                        |
//! | `names`          | ARNs and actions that tests share                                  |
//! | `diagram`        | draws boxes and arrows as SVG                                      |
//! | `digest`         | SHA-256 in hexadecimal                                             |
//! | `world/`         | what the tests at the wire run the program in                      |
//!
//! The tests on the lab use three more: `world/lab/` is the lab itself, `fault_proxy/` injects
//! faults in front of a real registry, and `dockerd` is a private Docker Engine. The bench uses
//! `aws/` and `engine/`.

pub mod aws;
pub mod aws_client;
pub mod diagram;
pub mod digest;
pub mod engine;
pub mod fault;
pub mod gate;
pub mod host;
pub mod http;
#[expect(unused_imports, reason = "the tests on the lab also name the result of a scan")]
pub mod leak;
pub mod names;
pub mod namespace;
#[cfg(feature = "otel")]
pub mod otel;
pub mod pki;
pub mod process;
pub mod proxy;
#[expect(unused_imports, reason = "the tests on the lab also name the recorded types")]
pub mod registry;
pub mod registry_check;
#[expect(dead_code, reason = "the tests on the lab inject the other faults")]
pub mod registry_fault;
pub mod run;
pub mod schema;
pub mod source_tree;
pub mod tls;
pub mod world;
