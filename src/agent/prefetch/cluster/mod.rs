//! Prefetches the images of the workloads of an ECS cluster.
//!
//! The cluster is read on a schedule. A new task definition is pulled at once, and all of them are
//! pulled again after an interval, because tags move. While ECS is unavailable, the definitions
//! that are already known stay in use, and one definition that cannot be read does not affect the
//! others.

mod cluster_api;
mod cluster_prefetcher;

pub use cluster_api::{ClusterApi, ClusterPrefetchSettings};
pub(in crate::agent) use cluster_prefetcher::ClusterPrefetcher;

#[cfg(test)]
mod tests;
