//! The host's own credentials and Region, from the sources that its kind of host supports.
//!
//! The order is the SDK's: environment, profile (with `credential_process` and roles), web identity
//! token, container credentials endpoint, metadata service. A source that the kind of host does not
//! support is never contacted (A11).
#![expect(clippy::disallowed_types, reason = "the host's credentials, on their way into the cache")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::imds::Client as MetadataClient;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::{ProvideRegion, RegionProviderChain, future};
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use crate::aws::{
    CallObserver, aws_error::IdentityError, host_fault::HostFault, host_source::HostSource, host_source::check_key,
    http_clients::HttpClients, metadata_service::DisabledMetadataService, metadata_service::MetadataAnswers,
    metadata_service::MetadataUsage, profiles::Profiles,
};
use crate::config::HostKind;
use crate::identity::Identity;

/// Credentials are renewed this long before they expire, so that a call which starts with them also
/// ends with them.
pub(super) const EXPIRY_MARGIN: Duration = Duration::from_mins(5);

/// Credentials without an expiry are loaded again after this time: a shared file or the program
/// behind `credential_process` may have newer ones (A11).
const DEFAULT_LIFETIME: Duration = Duration::from_mins(1);

/// The sources of this host's credentials and Region.
#[derive(Debug)]
pub(crate) struct HostCredentials {
    kind: HostKind,
    http: HttpClients,
    observer: Arc<dyn CallObserver>,
    /// Both providers live as long as the process, because they cache the metadata service's token
    /// and its last answer.
    container: SharedCredentialsProvider,
    metadata: SharedCredentialsProvider,
    metadata_answers: Arc<MetadataAnswers>,
    metadata_region: OnceCell<Region>,
}

impl HostCredentials {
    pub(crate) fn new(kind: HostKind, http: HttpClients, observer: Arc<dyn CallObserver>) -> Self {
        let local = provider_config(&http.local);
        let container = EcsCredentialsProvider::builder().configure(&local).build();
        let metadata_answers = Arc::<MetadataAnswers>::default();
        let metadata = if kind.has_metadata_service() {
            let client = MetadataClient::builder().configure(&local).build();
            let service = ImdsCredentialsProvider::builder().configure(&local).imds_client(client.clone()).build();
            let seen = Arc::clone(&metadata_answers);
            SharedCredentialsProvider::new(MetadataUsage { service, client, seen })
        } else {
            SharedCredentialsProvider::new(DisabledMetadataService)
        };
        let container = SharedCredentialsProvider::new(container);
        Self { kind, http, observer, container, metadata, metadata_answers, metadata_region: OnceCell::new() }
    }

    pub(crate) fn has_metadata_service(&self) -> bool {
        self.kind.has_metadata_service()
    }

    pub(crate) fn http(&self) -> &HttpClients {
        &self.http
    }

    pub(crate) fn observer(&self) -> &dyn CallObserver {
        &*self.observer
    }

    /// The Region of the environment or the profile.
    pub(crate) fn configured_region(&self, profile: &str) -> RegionProviderChain {
        let local = provider_config(&self.http.local);
        let profile = ProfileFileRegionProvider::builder().configure(&local).profile_name(profile).build();
        RegionProviderChain::first_try(EnvironmentRegion).or_else(profile)
    }

    /// The host's Region: environment, profile, then the metadata service if the host has one
    /// (L13). Without an answer this takes seconds.
    pub(crate) async fn region(&self, config: &SdkConfig) -> Option<Region> {
        match config.region() {
            Some(region) => Some(region.clone()),
            None => self.metadata_region().await,
        }
    }

    /// The host's Region, if it is known without a slow request: the metadata service is used only
    /// if this host's credentials came from it. A role can be assumed in any Region, so a host
    /// without that service must not wait for it here.
    pub(crate) async fn quick_region(&self, config: &SdkConfig) -> Option<Region> {
        if config.region().is_some() || self.metadata_answers.has_credentials() {
            self.region(config).await
        } else {
            None
        }
    }

    async fn metadata_region(&self) -> Option<Region> {
        if !self.kind.has_metadata_service() {
            return None;
        }
        let service = || ImdsRegionProvider::builder().configure(&provider_config(&self.http.local)).build();
        // A missing answer is not cached: the service may answer the next time.
        let region = self.metadata_region.get_or_try_init(|| async { service().region().await.ok_or(()) });
        region.await.ok().cloned()
    }

    /// Loads the host's credentials from the first source that has any.
    pub(crate) async fn load(self: Arc<Self>, config: SdkConfig) -> Result<Credentials, IdentityError> {
        let loading = async move { self.load_first(&config).await };
        let loaded = run_on_blocking_thread(loading).await;
        loaded.unwrap_or_else(|| Err(IdentityError::interrupted(&Identity::Host)))
    }

    /// Asks the sources in their order. Every time, the profile's files are read again: the key of a
    /// host outside AWS is rotated in them (A11).
    async fn load_first(&self, config: &SdkConfig) -> Result<Credentials, IdentityError> {
        let profiles = Profiles::read().await.map_err(IdentityError::host)?;
        let (mut asked, mut absent) = (Vec::new(), None);
        for (source, provider) in self.sources(config, profiles.selected()) {
            let error = match provider.provide_credentials().await {
                Ok(credentials) => {
                    check_key(source, &credentials).map_err(IdentityError::host)?;
                    let principal = source.principal(&credentials, profiles.selected(), self.metadata_answers.role());
                    let mut credentials = with_expiry(credentials, SystemTime::now());
                    credentials.set_property(principal);
                    return Ok(credentials);
                }
                Err(error) => error,
            };
            asked.push(source.name());
            let fault = source.explain(self.kind, &profiles, &error);
            match (error, source) {
                (CredentialsError::CredentialsNotLoaded(_), HostSource::Metadata) => absent = Some(fault),
                (CredentialsError::CredentialsNotLoaded(_), _) => {}
                _ => return Err(IdentityError::host(fault)),
            }
        }
        // A fault of the files counts only here: another source may have had credentials.
        profiles.find_ignored_fault().map_err(IdentityError::host)?;
        let no_source = || HostFault::NoSource { kind: self.kind, asked: asked.join(", ") };
        Err(IdentityError::host(absent.unwrap_or_else(no_source)))
    }

    /// The sources in their order. A source that the kind of host does not support is absent.
    fn sources(&self, config: &SdkConfig, profile: &str) -> Vec<(HostSource, SharedCredentialsProvider)> {
        let mut services = provider_config(&self.http.services)
            .with_region(config.region().cloned())
            .with_use_fips(config.use_fips())
            .with_use_dual_stack(config.use_dual_stack());
        if let Some(retries) = config.retry_config() {
            services = services.with_retry_config(retries.clone());
        }
        if let Some(timeouts) = config.timeout_config() {
            services = services.with_timeout_config(timeouts.clone());
        }
        let profile = ProfileFileCredentialsProvider::builder()
            .configure(&services)
            .profile_name(profile)
            .with_custom_provider("EcsContainer", self.container.clone())
            .with_custom_provider("Ec2InstanceMetadata", self.metadata.clone())
            .build();
        let web_identity = WebIdentityTokenCredentialsProvider::builder().configure(&services).build();
        let mut sources = vec![
            (HostSource::Environment, SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())),
            (HostSource::Profile, SharedCredentialsProvider::new(profile)),
            (HostSource::WebIdentity, SharedCredentialsProvider::new(web_identity)),
        ];
        if self.kind.has_container_credentials() {
            sources.push((HostSource::TaskEndpoint, self.container.clone()));
        }
        if self.kind.has_metadata_service() {
            sources.push((HostSource::Metadata, self.metadata.clone()));
        }
        sources
    }
}

/// The Region of the environment. An empty variable counts as unset, as for every other setting.
#[derive(Debug)]
struct EnvironmentRegion;

impl ProvideRegion for EnvironmentRegion {
    fn region(&self) -> future::ProvideRegion<'_> {
        future::ProvideRegion::new(async {
            EnvironmentVariableRegionProvider::new().region().await.filter(|region| !region.as_ref().is_empty())
        })
    }
}

fn provider_config(client: &aws_sdk_secretsmanager::config::SharedHttpClient) -> ProviderConfig {
    ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(client.clone())
}

/// The credentials, with the default lifetime if they have no expiry.
fn with_expiry(credentials: Credentials, now: SystemTime) -> Credentials {
    if credentials.expiry().is_some() {
        return credentials;
    }
    let token = credentials.session_token().map(str::to_owned);
    let expiry = now + EXPIRY_MARGIN + DEFAULT_LIFETIME;
    Credentials::new(credentials.access_key_id(), credentials.secret_access_key(), token, Some(expiry), "taskpull")
}

/// Runs `work` on a blocking thread; `None` means that it panicked.
///
/// The SDK reads its files synchronously. A pipe or an unreachable network disk would block the
/// runtime's thread, and with it all deadlines and signals.
pub(super) async fn run_on_blocking_thread<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work)).await.ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials;

    use super::{DEFAULT_LIFETIME, EXPIRY_MARGIN, with_expiry};

    #[test]
    fn credentials_without_an_expiry_get_the_default_lifetime() {
        let now = SystemTime::UNIX_EPOCH;
        let loaded = with_expiry(Credentials::new("id", "key", None, None, "test"), now);
        assert_eq!(loaded.expiry(), Some(now + EXPIRY_MARGIN + DEFAULT_LIFETIME));
        let expiry = Some(now + Duration::from_hours(1));
        let loaded = with_expiry(Credentials::new("id", "key", None, expiry, "test"), now);
        assert_eq!(loaded.expiry(), expiry);
    }
}
