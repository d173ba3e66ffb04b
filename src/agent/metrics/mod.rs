//! Metrics of the agent, in the Prometheus text format.
//!
//! The table ([`table`]) lists all metrics; every label has a few fixed values. Results of pulls
//! are read from their reports, AWS calls and cache lookups arrive as events of an observer, and
//! the number of open requests is read from the job store when the metrics are rendered.
//!
//! Invariant: no label holds a secret, an image, an ARN or an account.

mod agent_metrics;
mod metrics_listener;
mod registry;
pub mod table;

pub use agent_metrics::{AgentMetrics, CONTENT_TYPE, DownloadCounter};
pub use metrics_listener::{ListenerError, MetricsListener};

#[cfg(test)]
mod tests;
