//! End-to-end tests on the lab: real engines, real registries, and AWS APIs over HTTP.
//!
//! Run `make lab-up` first. Without the lab these tests fail; they are never skipped.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test reports its failure by a panic")]
#![expect(unreachable_pub, reason = "`pub` marks what tests may use")]

mod accounts;
mod behaviors;
mod cluster;
mod debian;
mod demo;
mod disk;
mod ecr;
mod engine_faults;
mod examples;
mod front_doors;
mod image;
mod interrupts;
mod kms;
mod lab;
mod leaks;
mod own_image;
mod package;
mod readme;
mod recipes;
mod refusals;
mod registry_faults;
mod registry_tls;
mod rewrites;
mod rotation;
mod support;
mod tls;
mod two_processes;
mod upstream;
mod world;
