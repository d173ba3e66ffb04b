//! Pulls images before a task needs them: those of a watched folder, and those of an ECS cluster.
//!
//! Both sources are authoritative for what they list, so nothing about them is stored on disk. A
//! definition that leaves its source is not pulled again; no image is ever deleted.

mod cluster;
mod folder;
mod jitter;

pub(super) use cluster::ClusterPrefetcher;
pub use cluster::{ClusterApi, ClusterPrefetchSettings};
pub(super) use folder::WatchedFolder;
