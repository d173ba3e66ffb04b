//! The settings of one run, as their table says.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use super::accounts::AccountEntry;
use super::agent::AgentSettings;
use super::config_error::ConfigError;
use super::engine::EngineSettings;
use super::registries::RegistryEntry;
use super::rewrites::RewriteEntry;
use super::sources::Sources;
use super::table::{
    ATTEMPTS, BEGIN_TIMEOUT, BEHAVIOR, CA_BUNDLE, CONCURRENCY, DISK_CHECK, DISK_SKIP_CHECK_ABOVE, ENGINE_TIMEOUT,
    EXECUTION_ROLE, HOST_KIND, IDLE_TIMEOUT, INSTANCE_AUTH_DATA, INSTANCE_AUTH_TYPE, INSTANCE_DOCKER_CONFIG,
    INSTANCE_HELPER_TIMEOUT, LOG_FILTER, ON_REFUSAL, PER_REGISTRY, PLATFORM, RESTART_TIMEOUT, SECRETS_ACCESS_TOKEN,
    SECRETS_BATCH, SECRETS_CACHE_SIZE, SECRETS_MAX_AGE, SECRETS_MAX_STALE, SECRETS_STAGE, SECRETS_TIMEOUT,
    TOTAL_TIMEOUT, VERIFY_ACCESS,
};
use super::traces::TracesSettings;
use crate::secret::Secret;

/// The settings of one run, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `engine.host`, `engine.context` and what goes with them.
    pub engine: EngineSettings,
    /// `engine.timeout`
    pub engine_timeout: Duration,
    /// `host.kind`, one of its words.
    pub host_kind: String,
    /// `aws.ca_bundle`
    pub ca_bundle: Option<PathBuf>,
    /// `identity.execution_role`: whether it is assumed.
    pub assume_execution_role: bool,
    /// `[[identity.account]]`
    pub accounts: Vec<AccountEntry>,
    /// `[[rewrite]]`
    pub rewrites: Vec<RewriteEntry>,
    /// `[[registry]]`
    pub registries: Vec<RegistryEntry>,
    /// `secrets.timeout`
    pub secrets_timeout: Duration,
    /// `secrets.max_age`
    pub secrets_max_age: Duration,
    /// `secrets.max_stale`
    pub secrets_max_stale: Duration,
    /// `secrets.cache_size`
    pub secrets_cache_size: NonZeroUsize,
    /// `secrets.batch`: whether it is tried.
    pub batch_secrets: bool,
    /// `secrets.stage`
    pub secrets_stage: String,
    /// `secrets.access_token`: whether it is accepted.
    pub accept_access_token: bool,
    /// `instance.auth_type`
    pub instance_auth_type: Option<String>,
    /// `instance.auth_data`
    pub instance_auth_data: Option<Secret>,
    /// `instance.docker_config`
    pub instance_docker_config: Option<PathBuf>,
    /// `instance.helper_timeout`
    pub instance_helper_timeout: Duration,
    /// `engine.restart_timeout`
    pub restart_timeout: Duration,
    /// `pull.behavior`, one of its words.
    pub behavior: String,
    /// `pull.verify_access`; `None` for `auto`.
    pub verify_access: Option<bool>,
    /// `pull.on_refusal`, one of its words.
    pub on_refusal: String,
    /// `pull.platform`
    pub platform: Option<String>,
    /// `pull.concurrency`
    pub concurrency: NonZeroUsize,
    /// `pull.concurrency_per_registry`
    pub per_registry: NonZeroUsize,
    /// `pull.attempts`
    pub attempts: NonZeroU32,
    /// `pull.begin_timeout`
    pub begin_timeout: Duration,
    /// `pull.idle_timeout`
    pub idle_timeout: Duration,
    /// `pull.total_timeout`
    pub total_timeout: Duration,
    /// `disk.check`, one of its words.
    pub disk_check: String,
    /// `disk.skip_check_above`, in bytes.
    pub disk_skip_check_above: u64,
    /// `agent.*`
    pub agent: AgentSettings,
    /// `traces.*`, where somebody wants them.
    pub traces: Option<TracesSettings>,
    /// `log.filter`
    pub log_filter: String,
}

impl Settings {
    /// Reads every setting.
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting, its value, and where that was found.
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        Ok(Self {
            engine: EngineSettings::read(sources)?,
            engine_timeout: sources.time(&ENGINE_TIMEOUT)?,
            host_kind: sources.text(&HOST_KIND)?.to_owned(),
            ca_bundle: sources.optional_text(&CA_BUNDLE)?.map(PathBuf::from),
            assume_execution_role: sources.text(&EXECUTION_ROLE)? == "assume",
            accounts: sources.accounts().to_vec(),
            rewrites: sources.rewrites().to_vec(),
            registries: sources.registries().to_vec(),
            secrets_timeout: sources.time(&SECRETS_TIMEOUT)?,
            secrets_max_age: sources.time(&SECRETS_MAX_AGE)?,
            secrets_max_stale: sources.time(&SECRETS_MAX_STALE)?,
            secrets_cache_size: NonZeroUsize::try_from(sources.number(&SECRETS_CACHE_SIZE)?)
                .unwrap_or(NonZeroUsize::MAX),
            batch_secrets: sources.text(&SECRETS_BATCH)? == "try",
            secrets_stage: sources.text(&SECRETS_STAGE)?.to_owned(),
            accept_access_token: sources.text(&SECRETS_ACCESS_TOKEN)? == "accept",
            instance_auth_type: sources.optional_text(&INSTANCE_AUTH_TYPE)?.map(str::to_owned),
            instance_auth_data: sources.secret(&INSTANCE_AUTH_DATA),
            instance_docker_config: sources.optional_text(&INSTANCE_DOCKER_CONFIG)?.map(PathBuf::from),
            instance_helper_timeout: sources.time(&INSTANCE_HELPER_TIMEOUT)?,
            restart_timeout: sources.time(&RESTART_TIMEOUT)?,
            behavior: sources.text(&BEHAVIOR)?.to_owned(),
            verify_access: match sources.text(&VERIFY_ACCESS)? {
                "always" => Some(true),
                "never" => Some(false),
                _ => None,
            },
            on_refusal: sources.text(&ON_REFUSAL)?.to_owned(),
            platform: sources.optional_text(&PLATFORM)?.map(str::to_owned),
            concurrency: NonZeroUsize::try_from(sources.number(&CONCURRENCY)?).unwrap_or(NonZeroUsize::MAX),
            per_registry: NonZeroUsize::try_from(sources.number(&PER_REGISTRY)?).unwrap_or(NonZeroUsize::MAX),
            begin_timeout: sources.time(&BEGIN_TIMEOUT)?,
            attempts: sources.number(&ATTEMPTS)?,
            idle_timeout: sources.time(&IDLE_TIMEOUT)?,
            total_timeout: sources.time(&TOTAL_TIMEOUT)?,
            disk_check: sources.text(&DISK_CHECK)?.to_owned(),
            disk_skip_check_above: sources.size(&DISK_SKIP_CHECK_ABOVE)?,
            agent: AgentSettings::read(sources)?,
            traces: TracesSettings::read(sources)?,
            log_filter: sources.text(&LOG_FILTER)?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Settings, Sources};

    #[test]
    fn the_defaults_are_valid() {
        let settings = Settings::read(&Sources::default()).unwrap();
        assert!(settings.assume_execution_role);
    }
}
