//! End-to-end tests on the lab: real engines, real registries, and AWS APIs over HTTP.
//!
//! Run `make lab-up` first. Without the lab these tests fail; they are never skipped.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test reports its failure by a panic")]
#![expect(unreachable_pub, reason = "`pub` marks what tests may use")]

mod accounts;
mod behaviors;
mod cluster;
mod demo;
mod disk;
mod ecr;
mod engine_faults;
mod examples;
mod front_doors;
mod image;
mod interrupts;
mod kms;
mod leaks;
mod package;
mod readme;
mod recipes;
mod refusals;
mod registry_faults;
mod registry_tls;
mod rewrites;
mod rotation;
mod tls;
mod two_processes;
mod upstream;

#[path = "../support"]
mod support {
    #![expect(dead_code, unused_imports, reason = "these tests need a part of what the tests at the wire need")]

    pub mod digest;
    pub mod dockerd;
    pub mod fault;
    pub mod fault_proxy;
    pub mod gate;
    pub mod http;
    pub mod leak;
    pub mod namespace;
    pub mod pki;
    pub mod registry;
    pub mod registry_fault;
    pub mod run;
    pub mod tls;

    pub mod world {
        pub mod lab;
    }
}
