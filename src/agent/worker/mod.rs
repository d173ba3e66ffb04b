//! Runs every accepted job, and retries it while its failures are temporary.
//!
//! All jobs run as futures of the one task that runs the worker. A job that has not ended when the
//! agent stops stays open on disk and runs again after the next start; an image that is already on
//! the engine then costs one request.

mod job_executor;
mod run;
mod shutdown;

pub use job_executor::{JobExecutor, JobPlan};
pub use run::Worker;
pub use shutdown::Shutdown;

#[cfg(test)]
mod tests;
