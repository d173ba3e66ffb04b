//! The host's own identity and Region, looked for where its kind has them.
//!
//! The order is the SDK's: environment, profile (with `credential_process` and roles), web
//! identity token, container credentials endpoint, metadata service. What a kind of host
//! does not have is left out altogether, and never asked (A11).

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

use super::http::Http;
use crate::identity::HostKind;

/// Where this host's identity is looked for.
#[derive(Debug)]
pub(super) struct Host {
    kind: HostKind,
    http: Http,
    /// Kept, because they hold the metadata service's token and its last answer.
    container: SharedCredentialsProvider,
    metadata: SharedCredentialsProvider,
}

impl Host {
    pub(super) fn new(kind: HostKind, http: Http) -> Self {
        let local = provider_config(&http.local);
        let container = EcsCredentialsProvider::builder().configure(&local).build();
        let metadata = if kind.has_metadata_service() {
            SharedCredentialsProvider::new(ImdsCredentialsProvider::builder().configure(&local).build())
        } else {
            SharedCredentialsProvider::new(NoMetadataService)
        };
        Self { kind, http, container: SharedCredentialsProvider::new(container), metadata }
    }

    /// The client for AWS's services.
    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// The Region that the environment or the profile says.
    pub(super) fn configured_region(&self) -> RegionProviderChain {
        let profile = ProfileFileRegionProvider::builder().configure(&provider_config(&self.http.local)).build();
        RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(profile)
    }

    /// The Region that the metadata service says, where there is one (L13).
    pub(super) async fn metadata_region(&self) -> Option<Region> {
        if !self.kind.has_metadata_service() {
            return None;
        }
        ImdsRegionProvider::builder().configure(&provider_config(&self.http.local)).build().region().await
    }

    /// The places in their order. The profile's files are read anew by every chain: a host
    /// outside AWS has its key changed in them (A11).
    pub(super) fn chain(&self, config: &SdkConfig) -> CredentialsProviderChain {
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

fn provider_config(client: &aws_sdk_secretsmanager::config::SharedHttpClient) -> ProviderConfig {
    ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(client.clone())
}

/// Stands for the metadata service where there is none, also for a profile that names it by
/// `credential_source`.
#[derive(Debug)]
struct NoMetadataService;

impl ProvideCredentials for NoMetadataService {
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
