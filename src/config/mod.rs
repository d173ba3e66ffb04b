//! Settings: one table, from which they are read and documented.
//!
//! A setting comes from the command line, the environment, the file, or its default, in
//! that order. This is the only room that reads the environment; what the AWS SDK reads of
//! it for itself is AWS's own.

mod accounts;
mod engine;
mod setting;
pub mod settings;
mod sources;

pub use accounts::{AccountEntry, Via};
pub use engine::{EnginePlace, EngineSettings};
pub use settings::Settings;
pub use sources::{ConfigError, Sources};
