//! The parts of a run, as the settings have them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::config::table::PLATFORM;
use crate::config::{ConfigError, EnginePlace, EngineSettings, Settings};
use crate::error::Failure;
use crate::pipeline::{
    AccessTokens, AccountRoles, AwsClient, Backoff, Batching, Behavior, CacheConfig, Caching,
    CachingCredentialProvider, Concurrency, CredentialObserver, Deadlines, DiskCheck, DiskLimits, DockerAddress,
    EngineEndpoint, EngineSelector, HostKind, HostLoginSettings, HostLogins, Input, LoginProvider, OnRefusal,
    PlanContext, Platform, PullLimiter, PullLimits, PullRun, RegistryMap, ResolvedEngine, Rewrites, RoleUse, TlsUse,
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
        let concurrency = Concurrency { all: settings.concurrency, per_registry: settings.per_registry };
        let instance = Arc::new(instance_logins(settings)?);
        let ResolvedEngine { address, by_current_context } = engine(&settings.engine).find()?;
        Ok(Self {
            engine: address,
            by_current_context,
            limits: limits(settings, fail_fast),
            traffic: traffic(concurrency),
            credentials: Arc::new(credentials(settings, Arc::clone(&instance), watch)?),
            roles: if settings.assume_execution_role { RoleUse::Assume } else { RoleUse::Ignore },
            accounts: AccountRoles::new(&settings.accounts)?,
            rewrites: Rewrites::new(&settings.rewrites)?,
            platform: settings.platform.as_deref().map(platform).transpose()?,
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
        let instance = |image: &_| self.instance.covering(image);
        let Self { roles, accounts, rewrites, platform, .. } = self;
        let platform = platform.as_ref();
        PullRun::new(inputs, &PlanContext { roles: *roles, accounts, rewrites, platform, host_login: &instance })
    }
}

fn engine(settings: &EngineSettings) -> EngineSelector {
    EngineSelector {
        place: match settings.place.clone() {
            EnginePlace::Host(host) => EngineEndpoint::Host(host),
            EnginePlace::Context(name) => EngineEndpoint::Context(name),
            EnginePlace::Unsaid(otherwise) => EngineEndpoint::Current { otherwise },
        },
        tls: match (settings.tls_verify, settings.tls) {
            (true, _) => TlsUse::Verified,
            (false, true) => TlsUse::Unverified,
            (false, false) => TlsUse::No,
        },
        cert_folder: settings.cert_path.clone(),
        docker_folder: settings.config_folder.clone(),
    }
}

fn platform(text: &str) -> Result<Platform, Failure> {
    Platform::parse(text).map_err(|_| {
        let (value, wanted) = (text.to_owned(), PLATFORM.takes.sentence());
        Failure::from(ConfigError::Value { key: PLATFORM.key, value, origin: "the settings".to_owned(), wanted })
    })
}

fn limits(settings: &Settings, fail_fast: bool) -> PullLimits {
    PullLimits {
        caching: Caching {
            // The table of settings lets no other word pass.
            behavior: Behavior::parse(&settings.behavior).unwrap_or_default(),
            verify_access: settings.verify_access,
            on_refusal: if settings.on_refusal == "use-cached" { OnRefusal::UseCached } else { OnRefusal::Fail },
        },
        disk: DiskLimits {
            check: match &*settings.disk_check {
                "off" => DiskCheck::Off,
                "refuse" => DiskCheck::Refuse,
                _ => DiskCheck::Warn,
            },
            comfortable: settings.disk_comfortable,
        },
        deadlines: Deadlines {
            answer: settings.engine_timeout,
            begin: settings.begin_timeout,
            restart: settings.restart_timeout,
            idle: settings.idle_timeout,
            total: settings.total_timeout,
        },
        backoff: BACKOFF.with_attempts(settings.attempts),
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
    let batching = if settings.batch_secrets { Batching::Try } else { Batching::Never };
    let bundle = settings.ca_bundle.as_deref().map(Path::new);
    let store = AwsClient::new(settings.secrets_timeout, batching, host_kind(settings), bundle, watch.clone());
    Ok(store?.with_stage(&settings.secrets_stage))
}

fn host_kind(settings: &Settings) -> HostKind {
    // The table of settings lets no other word pass.
    HostKind::parse(&settings.host_kind).unwrap_or_default()
}

fn credentials(
    settings: &Settings,
    instance: Arc<HostLogins>,
    watch: &Arc<dyn CredentialObserver>,
) -> Result<CachingCredentialProvider<AwsClient>, Failure> {
    let keeping = CacheConfig {
        max_age: settings.secrets_max_age,
        max_stale: settings.secrets_max_stale,
        entries: settings.secrets_entries,
    };
    let tokens = if settings.accept_access_token { AccessTokens::Accept } else { AccessTokens::Refuse };
    let store = Arc::new(watched_store(settings, watch)?);
    Ok(CachingCredentialProvider::new(store, keeping, tokens, instance).watched_by(Arc::clone(watch)))
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
        max_age: settings.secrets_max_age,
    })
}

/// The host's own logins (B1, B2).
fn instance_logins(settings: &Settings) -> Result<HostLogins, Failure> {
    let instance = HostLoginSettings {
        host: host_kind(settings),
        has_auth_type: settings.instance_auth_type.is_some(),
        auth_data: settings.instance_auth_data.clone(),
        docker_config: settings.instance_docker_config.clone(),
        helper_timeout: settings.instance_helper_timeout,
    };
    HostLogins::read(&instance).map_err(Failure::from)
}
