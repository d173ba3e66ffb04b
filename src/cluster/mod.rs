//! The part of an ECS cluster that matters to one of its instances: which task definitions may be
//! placed on it.
//!
//! The module is pure: descriptions of services and tasks in, ARNs of task definitions out. It
//! makes no requests to ECS. What is unknown is treated as possible, because an unnecessary image
//! costs a transfer, and a missing image delays a start.

mod container_instance;
mod expression;
mod lexer;
mod node;
mod parser;
#[cfg(test)]
mod tests;
mod workload;

pub use container_instance::ContainerInstance;
pub use expression::Expression;
pub use node::Attributes;
pub use workload::{ClusterDefinition, LaunchType, Workload};
