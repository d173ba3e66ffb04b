//! Settings: one table, from which they are read and documented.
//!
//! A setting comes from the command line, the environment, the file, or its default, in
//! that order. This is the only room that reads the environment; AWS's and Docker's own
//! variables keep their meaning.

mod settings;
mod sources;

pub use settings::{SETTINGS, Setting, Settings, reference};
pub use sources::{ConfigError, Sources};
