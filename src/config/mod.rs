//! Settings: one table, from which they are read and documented.
//!
//! A setting comes from the command line, the environment, the file, or its default, in
//! that order. This is the only room that reads the environment; what the AWS SDK and
//! OpenTelemetry's library read of it for themselves is their own.

mod accounts;
mod agent;
mod config_error;
mod credentials;
mod default_file;
mod engine;
mod file;
mod list;
mod principal;
mod proxy;
mod registries;
mod rewrites;
mod setting;
mod settings;
mod sources;
pub mod table;
mod terminal;
mod traces;

pub use accounts::{AccountEntry, AssumeFrom};
pub use agent::{AccessSettings, AgentSettings, AuditTarget, EcsSettings, FolderSettings};
pub use config_error::ConfigError;
pub use default_file::default_file;
pub use engine::{EngineLocation, EngineSettings};
pub use principal::Principal;
pub use registries::RegistryEntry;
pub use rewrites::RewriteEntry;
pub use settings::Settings;
pub use sources::Sources;
pub use terminal::TerminalEnv;
pub use traces::TracesSettings;
