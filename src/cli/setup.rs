//! Builds single components from the settings.

use std::sync::Arc;
use std::time::Duration;

use crate::aws::AwsClient;
use crate::config::table::PLATFORM;
use crate::config::{ConfigError, EngineLocation, Settings, VerifyAccess};
use crate::credential::host_logins::{HostLoginSettings, HostLogins};
use crate::credential::{CacheConfig, CachingCredentialProvider, CredentialObserver};
use crate::engine::{EngineEndpoint, EngineSelector, TlsUse};
use crate::error::{Failure, InputKind, InputText};
use crate::identity::AccountRoles;
use crate::pipeline::LoginProvider;
use crate::plan::RegistryMap;
use crate::pull::{CachePolicy, Deadlines, DiskLimits, PullLimits};
use crate::retry::Backoff;
use crate::task::Platform;

/// The delays between attempts to pull. They grow to at most 1.5 seconds, so that an image is available
/// two seconds after its registry has recovered. The number of attempts is a setting.
const BACKOFF: Backoff = Backoff::exponential(Duration::from_millis(250), Duration::from_millis(1_500));

/// The observer of commands that have no metrics.
pub(super) fn no_observer() -> Arc<dyn CredentialObserver> {
    Arc::new(())
}

pub(super) fn engine_selector(settings: &Settings) -> EngineSelector {
    let Settings { engine, engine_location, .. } = settings;
    EngineSelector {
        endpoint: match engine_location.clone() {
            EngineLocation::Host(host) => EngineEndpoint::Host(host),
            EngineLocation::Context(name) => EngineEndpoint::Context(name),
            EngineLocation::Unset(default_host) => EngineEndpoint::Current { default_host },
        },
        tls: match (engine.tls_verify, engine.tls) {
            (true, _) => TlsUse::Verified,
            (false, true) => TlsUse::Unverified,
            (false, false) => TlsUse::Off,
        },
        cert_folder: engine.cert_path.clone(),
        docker_folder: engine.config_folder.clone(),
    }
}

pub(super) fn platform(text: &str) -> Result<Platform, Failure> {
    Platform::parse(text).map_err(|_| {
        let (value, expected) = (InputText::new(InputKind::Label, text).whole(), PLATFORM.kind.describe());
        Failure::from(ConfigError::InvalidValue {
            key: PLATFORM.key,
            value,
            origin: "the settings".to_owned(),
            expected,
        })
    })
}

pub(super) fn pull_limits(settings: &Settings, fail_fast: bool) -> PullLimits {
    PullLimits {
        cache_policy: CachePolicy {
            behavior: settings.pull.behavior,
            verify_access: match settings.pull.verify_access {
                VerifyAccess::Auto => None,
                VerifyAccess::Always => Some(true),
                VerifyAccess::Never => Some(false),
            },
            on_refusal: settings.pull.on_refusal,
        },
        disk: DiskLimits { check: settings.disk.check, skip_check_above: settings.disk.skip_check_above },
        deadlines: Deadlines {
            answer: settings.engine.timeout,
            begin: settings.pull.begin_timeout,
            restart: settings.engine.restart_timeout,
            idle: settings.pull.idle_timeout,
            total: settings.pull.total_timeout,
        },
        backoff: BACKOFF.with_attempts(settings.pull.attempts),
        fail_fast,
    }
}

pub(super) fn aws_client(settings: &Settings, observer: &Arc<dyn CredentialObserver>) -> Result<AwsClient, Failure> {
    let Settings { secrets, host, aws, .. } = settings;
    let ca_bundle = aws.ca_bundle.as_deref();
    let client = AwsClient::new(secrets.timeout, secrets.batch, host.kind, ca_bundle, observer.clone());
    Ok(client?.with_stage(&secrets.stage))
}

pub(super) fn credential_provider(
    settings: &Settings,
    host_logins: Arc<HostLogins>,
    observer: &Arc<dyn CredentialObserver>,
) -> Result<CachingCredentialProvider<AwsClient>, Failure> {
    let cache = CacheConfig {
        max_age: settings.secrets.max_age,
        max_stale: settings.secrets.max_stale,
        capacity: settings.secrets.cache_size,
    };
    let client = Arc::new(aws_client(settings, observer)?);
    let access_token = settings.secrets.access_token;
    Ok(CachingCredentialProvider::new(client, cache, access_token, host_logins, Arc::clone(observer)))
}

/// The provider of logins for the commands that give them to other programs. It has none of the host's
/// own logins: those programs have them already, and one of the credential helpers may be taskpull.
pub(super) fn login_provider_without_host_logins(
    settings: &Settings,
) -> Result<LoginProvider<CachingCredentialProvider<AwsClient>>, Failure> {
    login_provider(settings, Arc::new(credential_provider(settings, Arc::default(), &no_observer())?))
}

pub(super) fn login_provider(
    settings: &Settings,
    credentials: Arc<CachingCredentialProvider<AwsClient>>,
) -> Result<LoginProvider<CachingCredentialProvider<AwsClient>>, Failure> {
    Ok(LoginProvider {
        registries: RegistryMap::new(&settings.registries)?,
        accounts: AccountRoles::new(&settings.accounts)?,
        credentials,
        max_age: settings.secrets.max_age,
    })
}

/// The host's own logins (B1, B2).
pub(super) fn host_logins(settings: &Settings) -> Result<HostLogins, Failure> {
    let logins = HostLogins::read(&HostLoginSettings {
        host: settings.host.kind,
        has_auth_type: settings.instance.auth_type.is_some(),
        auth_data: settings.instance.auth_data.clone(),
        docker_config: settings.instance.docker_config.clone(),
        helper_timeout: settings.instance.helper_timeout,
    });
    Ok(logins?)
}
