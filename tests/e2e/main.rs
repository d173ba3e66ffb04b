//! End to end on the lab: a real engine, real registries, AWS APIs over HTTP.
//!
//! `make lab-up` first; without the lab these tests fail, they are never skipped.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test says by its panic what is wrong")]
#![expect(unreachable_pub, reason = "`pub` marks what a test may use")]

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
