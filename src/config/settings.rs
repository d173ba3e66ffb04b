//! The settings of one run: the rows of the table, parsed, and the lists of the file.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use super::account_entry::AccountEntry;
use super::audit_target::AuditTarget;
use super::choices::{
    AccessTokens, Batching, Behavior, DiskCheck, HostKind, HostLaunchType, InstanceAuthType, OnRefusal, RoleUse,
    VerifyAccess,
};
use super::config_error::ConfigError;
use super::engine_location::EngineLocation;
use super::parse_value::Principal;
use super::registry_entry::RegistryEntry;
use super::rewrite_entry::RewriteEntry;
use super::setting_value::SettingValue;
use super::sources::Sources;
use super::table;
use crate::secret::Secret;

/// Declares the struct of each table, and [`Settings`] with its reading.
macro_rules! declare_settings {
    ($($table:ident: $Table:ident {
        $($(#[doc = $description:literal])+ $name:ident: $type:ty = $CONSTANT:ident { $($row:tt)* })+
    })+) => {
        $(
            #[doc = concat!("The settings `", stringify!($table), ".*`.")]
            #[derive(Clone, Debug)]
            pub struct $Table {
                $($(#[doc = $description])+ pub $name: $type,)+
            }
        )+

        /// The settings of one run. Every value is one that its setting accepts.
        #[derive(Clone, Debug)]
        pub struct Settings {
            $(#[doc = concat!("The settings `", stringify!($table), ".*`.")] pub $table: $Table,)+
            /// Which engine to use, as `engine.host` and `engine.context` say together.
            pub engine_location: EngineLocation,
            /// The entries of `[[identity.account]]`.
            pub accounts: Vec<AccountEntry>,
            /// The entries of `[[rewrite]]`.
            pub rewrites: Vec<RewriteEntry>,
            /// The entries of `[[registry]]`.
            pub registries: Vec<RegistryEntry>,
        }

        impl Settings {
            /// Reads every setting.
            ///
            /// # Errors
            /// [`ConfigError`] names the setting, its value, and the source of the value.
            pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
                let mut settings = Self {
                    $($table: $Table { $($name: SettingValue::read(&table::$CONSTANT, sources)?,)+ },)+
                    engine_location: EngineLocation::read(sources)?,
                    accounts: sources.file().accounts.clone(),
                    rewrites: sources.file().rewrites.clone(),
                    registries: sources.file().registries.clone(),
                };
                let docker_folder = || sources.home().map(|home| home.join(".docker"));
                settings.engine.config_folder = settings.engine.config_folder.or_else(docker_folder);
                Ok(settings)
            }
        }
    };
}

table::setting_rows!(declare_settings);

#[cfg(test)]
mod tests {
    use super::{RoleUse, Settings, Sources};

    #[test]
    fn defaults_of_all_settings_are_valid() {
        let settings = Settings::read(&Sources::default()).unwrap();
        assert_eq!(settings.identity.execution_role, RoleUse::Assume);
    }
}
