//! `taskpull pull`: in this process, or through the agent (`--agent`).
//!
//! Both routes read the same inputs, show the same progress and end with the same report
//! ([`run_output`]).

mod agent_events;
mod event_writer;
mod input_files;
mod pull_command;
mod pull_via_agent;
mod run_output;

pub(super) use pull_command::run;
