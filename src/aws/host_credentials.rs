//! The host's own identity and Region, looked for where its kind has them.
//!
//! The order is the SDK's: environment, profile (with `credential_process` and roles), web
//! identity token, container credentials endpoint, metadata service. What a kind of host
//! does not have is left out altogether, and never asked (A11).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, SharedCredentialsProvider, future};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use crate::aws::CredentialObserver;
use crate::aws::http::HttpClients;
use crate::config::HostKind;

/// Where this host's identity is looked for.
#[derive(Debug)]
pub(crate) struct HostCredentials {
    kind: HostKind,
    http: HttpClients,
    watch: Arc<dyn CredentialObserver>,
    /// Kept, because they hold the metadata service's token and its last answer.
    container: SharedCredentialsProvider,
    metadata: SharedCredentialsProvider,
    metadata_answered: Arc<AtomicBool>,
    metadata_region: OnceCell<Region>,
}

impl HostCredentials {
    pub(crate) fn new(kind: HostKind, http: HttpClients, watch: Arc<dyn CredentialObserver>) -> Self {
        let local = provider_config(&http.local);
        let container = EcsCredentialsProvider::builder().configure(&local).build();
        let metadata_answered = Arc::default();
        let metadata = if kind.has_metadata_service() {
            let service = ImdsCredentialsProvider::builder().configure(&local).build();
            SharedCredentialsProvider::new(MetadataUsage { service, has_answered: Arc::clone(&metadata_answered) })
        } else {
            SharedCredentialsProvider::new(DisabledMetadataService)
        };
        let container = SharedCredentialsProvider::new(container);
        Self { kind, http, watch, container, metadata, metadata_answered, metadata_region: OnceCell::new() }
    }

    /// The client for AWS's services.
    pub(crate) fn http(&self) -> &HttpClients {
        &self.http
    }

    /// Who is told of calls to AWS.
    pub(crate) fn watch(&self) -> &dyn CredentialObserver {
        &*self.watch
    }

    /// The Region that the environment or the profile says.
    pub(crate) fn configured_region(&self) -> RegionProviderChain {
        let profile = ProfileFileRegionProvider::builder().configure(&provider_config(&self.http.local)).build();
        RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(profile)
    }

    /// The host's Region: environment, profile, then the metadata service where there is one
    /// (L13). Where none answers, that takes seconds.
    pub(crate) async fn region(&self, config: &SdkConfig) -> Option<Region> {
        match config.region() {
            Some(region) => Some(region.clone()),
            None => self.metadata_region().await,
        }
    }

    /// The host's Region, as far as it is had at once: of the metadata service only where this
    /// host's credentials came from it. A host without one must not wait for it here, because
    /// a role can be assumed in any Region.
    pub(crate) async fn near_region(&self, config: &SdkConfig) -> Option<Region> {
        if config.region().is_some() || self.metadata_answered.load(Ordering::Relaxed) {
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
        // A service that does not answer now may answer the next time.
        let asked = self.metadata_region.get_or_try_init(|| async { service().region().await.ok_or(()) });
        asked.await.ok().cloned()
    }

    /// The places in their order. The profile's files are read anew by every chain: a host
    /// outside AWS has its key changed in them (A11).
    pub(crate) fn chain(&self, config: &SdkConfig) -> CredentialsProviderChain {
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
            .with_custom_provider("EcsContainer", self.container.clone())
            .with_custom_provider("Ec2InstanceMetadata", self.metadata.clone())
            .build();
        let web_identity = WebIdentityTokenCredentialsProvider::builder().configure(&services).build();
        let mut chain =
            CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
                .or_else("Profile", profile)
                .or_else("WebIdentityToken", web_identity);
        if self.kind.has_container_credentials() {
            chain = chain.or_else("EcsContainer", self.container.clone());
        }
        if self.kind.has_metadata_service() {
            chain = chain.or_else("Ec2InstanceMetadata", self.metadata.clone());
        }
        chain
    }
}

/// Does what has the SDK read files on a thread of its own: it blocks the thread that it reads
/// on, and a pipe or a lost network disk would hold up everything, deadlines and signals too.
/// None is a panic.
pub(crate) async fn beside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work)).await.ok()
}

fn provider_config(client: &aws_sdk_secretsmanager::config::SharedHttpClient) -> ProviderConfig {
    ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(client.clone())
}

/// Stands for the metadata service where there is none, also for a profile that names it by
/// `credential_source`.
#[derive(Debug)]
struct DisabledMetadataService;

impl ProvideCredentials for DisabledMetadataService {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let refused: Result = Err(CredentialsError::invalid_configuration(
            "the profile names Ec2InstanceMetadata, and by host.kind this host has no metadata service",
        ));
        future::ProvideCredentials::ready(refused)
    }
}

/// The metadata service, and whether it has ever given credentials.
#[derive(Debug)]
struct MetadataUsage {
    service: ImdsCredentialsProvider,
    has_answered: Arc<AtomicBool>,
}

impl ProvideCredentials for MetadataUsage {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let found = self.service.provide_credentials().await;
            self.has_answered.fetch_or(found.is_ok(), Ordering::Relaxed);
            found
        })
    }
}
