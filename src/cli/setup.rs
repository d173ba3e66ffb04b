//! The parts of a run, as the settings have them.

use std::sync::Arc;
use std::time::Duration;

use crate::config::table::PLATFORM;
use crate::config::{ConfigError, EngineLocation, RoleUse, Settings, VerifyAccess};
use crate::error::Failure;
use crate::pipeline::{
    AccountRoles, AwsClient, Backoff, CacheConfig, Caching, CachingCredentialProvider, Concurrency, CredentialObserver,
    Deadlines, DiskLimits, DockerAddress, EngineEndpoint, EngineSelector, HostLoginSettings, HostLogins, Input,
    LoginProvider, PlanContext, Platform, PullLimiter, PullLimits, PullRun, RegistryMap, ResolvedEngine, Rewrites,
    TlsUse,
};

/// The delays between attempts to pull grow to 1.5 seconds at most, so that an image is there
/// two seconds after its registry has recovered. The number of attempts is a setting.
const BACKOFF: Backoff = Backoff::exponential(Duration::from_millis(250), Duration::from_millis(1_500));

/// Everything that a command needs of the world, checked and not yet asked anything.
pub(super) struct AppContext {
    pub engine: DockerAddress,
    /// Docker's current context, where nobody said which engine is meant and it did.
    pub by_current_context: Option<String>,
    pub limits: PullLimits,
    pub traffic: PullLimiter,
    pub credentials: Arc<CachingCredentialProvider<AwsClient>>,
    roles: RoleUse,
    accounts: AccountRoles,
    rewrites: Rewrites,
    platform: Option<Platform>,
    instance: Arc<HostLogins>,
}

impl AppContext {
    /// Makes them, for one run or for many. What is wrong with the settings comes out here.
    pub(super) fn new(
        settings: &Settings,
        fail_fast: bool,
        traffic: impl FnOnce(Concurrency) -> PullLimiter,
    ) -> Result<Self, Failure> {
        Self::watched_by(&nobody(), settings, fail_fast, traffic)
    }

    /// The same, telling somebody how its credentials come.
    pub(super) fn watched_by(
        watch: &Arc<dyn CredentialObserver>,
        settings: &Settings,
        fail_fast: bool,
        traffic: impl FnOnce(Concurrency) -> PullLimiter,
    ) -> Result<Self, Failure> {
        let concurrency =
            Concurrency { all: settings.pull.concurrency, per_registry: settings.pull.concurrency_per_registry };
        let instance = Arc::new(instance_logins(settings)?);
        let ResolvedEngine { address, by_current_context } = engine(settings).find()?;
        Ok(Self {
            engine: address,
            by_current_context,
            limits: limits(settings, fail_fast),
            traffic: traffic(concurrency),
            credentials: Arc::new(credentials(settings, Arc::clone(&instance), watch)?),
            roles: settings.identity.execution_role,
            accounts: AccountRoles::new(&settings.accounts)?,
            rewrites: Rewrites::new(&settings.rewrites)?,
            platform: settings.pull.platform.as_deref().map(platform).transpose()?,
            instance,
        })
    }

    /// Where other programs get their logins, from what is kept for pulls.
    pub(super) fn logins(
        &self,
        settings: &Settings,
    ) -> Result<LoginProvider<CachingCredentialProvider<AwsClient>>, Failure> {
        logins_from(Arc::clone(&self.credentials), settings)
    }

    /// Reads the inputs and plans all their pulls together, as they are on this host.
    pub(super) fn plan(&self, inputs: Vec<Input>) -> PullRun {
        let instance = |image: &_| self.instance.login_for(image);
        let Self { roles, accounts, rewrites, platform, .. } = self;
        let platform = platform.as_ref();
        PullRun::new(inputs, &PlanContext { roles: *roles, accounts, rewrites, platform, host_login: &instance })
    }
}

fn engine(settings: &Settings) -> EngineSelector {
    let Settings { engine, engine_location, .. } = settings;
    EngineSelector {
        place: match engine_location.clone() {
            EngineLocation::Host(host) => EngineEndpoint::Host(host),
            EngineLocation::Context(name) => EngineEndpoint::Context(name),
            EngineLocation::Unset(otherwise) => EngineEndpoint::Current { otherwise },
        },
        tls: match (engine.tls_verify, engine.tls) {
            (true, _) => TlsUse::Verified,
            (false, true) => TlsUse::Unverified,
            (false, false) => TlsUse::No,
        },
        cert_folder: engine.cert_path.clone(),
        docker_folder: engine.config_folder.clone(),
    }
}

fn platform(text: &str) -> Result<Platform, Failure> {
    Platform::parse(text).map_err(|_| {
        let (value, expected) = (text.to_owned(), PLATFORM.kind.describe());
        Failure::from(ConfigError::InvalidValue {
            key: PLATFORM.key,
            value,
            origin: "the settings".to_owned(),
            expected,
        })
    })
}

fn limits(settings: &Settings, fail_fast: bool) -> PullLimits {
    PullLimits {
        caching: Caching {
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

fn nobody() -> Arc<dyn CredentialObserver> {
    Arc::new(())
}

/// AWS, as the settings have it.
pub(super) fn store(settings: &Settings) -> Result<AwsClient, Failure> {
    watched_store(settings, &nobody())
}

pub(super) fn watched_store(settings: &Settings, watch: &Arc<dyn CredentialObserver>) -> Result<AwsClient, Failure> {
    let Settings { secrets, host, aws, .. } = settings;
    let bundle = aws.ca_bundle.as_deref();
    let store = AwsClient::new(secrets.timeout, secrets.batch, host.kind, bundle, watch.clone());
    Ok(store?.with_stage(&secrets.stage))
}

fn credentials(
    settings: &Settings,
    instance: Arc<HostLogins>,
    watch: &Arc<dyn CredentialObserver>,
) -> Result<CachingCredentialProvider<AwsClient>, Failure> {
    let keeping = CacheConfig {
        max_age: settings.secrets.max_age,
        max_stale: settings.secrets.max_stale,
        capacity: settings.secrets.cache_size,
    };
    let tokens = settings.secrets.access_token;
    let store = Arc::new(watched_store(settings, watch)?);
    Ok(CachingCredentialProvider::new(store, keeping, tokens, instance, Arc::clone(watch)))
}

/// Where other programs that pull get their logins. The host's own are no part of it: they are
/// those programs' already, and a helper among them may be this one.
pub(super) fn logins(settings: &Settings) -> Result<LoginProvider<CachingCredentialProvider<AwsClient>>, Failure> {
    logins_from(Arc::new(credentials(settings, Arc::default(), &nobody())?), settings)
}

fn logins_from(
    credentials: Arc<CachingCredentialProvider<AwsClient>>,
    settings: &Settings,
) -> Result<LoginProvider<CachingCredentialProvider<AwsClient>>, Failure> {
    Ok(LoginProvider {
        registries: RegistryMap::new(&settings.registries)?,
        accounts: AccountRoles::new(&settings.accounts)?,
        credentials,
        max_age: settings.secrets.max_age,
    })
}

/// The host's own logins (B1, B2).
fn instance_logins(settings: &Settings) -> Result<HostLogins, Failure> {
    let instance = HostLoginSettings {
        host: settings.host.kind,
        has_auth_type: settings.instance.auth_type.is_some(),
        auth_data: settings.instance.auth_data.clone(),
        docker_config: settings.instance.docker_config.clone(),
        helper_timeout: settings.instance.helper_timeout,
    };
    HostLogins::read(&instance).map_err(Failure::from)
}
