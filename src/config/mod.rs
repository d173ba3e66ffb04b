//! The configuration: one table of settings, from which they are read and documented.
//!
//! A setting comes from the command line, the environment, the file, or its default, in that
//! order. A value that a setting does not accept, and a key that does not exist, are errors.
//!
//! This is the only module that reads the environment; the AWS SDK and the OpenTelemetry library
//! read their own variables. Every other module may use its types, and it uses only `secret`.

mod account_entry;
mod audit_target;
mod choices;
mod config_error;
mod credential_folder;
mod default_file;
mod engine_location;
mod file_settings;
mod parse_value;
mod proxy;
mod region_variable;
mod registry_entry;
mod rewrite_entry;
mod sdk_variables;
mod setting_value;
mod settings;
mod sources;
pub mod table;
mod terminal_env;
mod traces_settings;
mod value_kind;

pub use account_entry::{AccountEntry, AssumingIdentity};
pub use audit_target::AuditTarget;
pub use choices::{
    AccessTokens, Batching, Behavior, DiskCheck, HostKind, HostLaunchType, InstanceAuthType, RefusalAction, RoleUse,
    VerifyAccess,
};
pub use config_error::ConfigError;
pub use default_file::default_file;
pub use engine_location::EngineLocation;
pub use parse_value::Principal;
pub use region_variable::region_variable;
pub use registry_entry::RegistryEntry;
pub use rewrite_entry::RewriteEntry;
pub use settings::{
    AccessSettings, AgentSettings, AuditSettings, AwsSettings, DiskSettings, EcsSettings, EngineSettings,
    FolderSettings, HostSettings, IdentitySettings, InstanceLoginSettings, LogSettings, MetricsSettings, PullSettings,
    SecretsSettings, Settings, TracesSettings,
};
pub use sources::Sources;
pub use terminal_env::TerminalEnv;
