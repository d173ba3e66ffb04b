//! `taskpull serve`: the agent.
//!
//! Builds the agent's components from the settings, connects them, and reloads the settings on SIGHUP.
//! The agent itself is in [`crate::agent`].

mod agent_signals;
mod components;
mod job_log;
mod pipeline_executor;
mod serve_command;
mod socket_access;

pub(super) use serve_command::run;
