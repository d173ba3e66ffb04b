//! Runs every accepted job, and retries it while its failures are temporary.
//!
//! All jobs run as futures of the one task that runs the worker. A job that has not ended when the
//! agent stops stays open on disk and runs again after the next start; an image that is already on
//! the engine then costs one request.

#[expect(clippy::module_inception, reason = "the file has the name of its type")]
mod worker;

pub use worker::{JobExecutor, JobPlan, Shutdown, Worker};

#[cfg(test)]
mod tests;
