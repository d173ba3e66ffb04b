//! The host's own credentials and Region, from the sources that its kind of host supports.
//!
//! The order is the SDK's: environment, profile (with `credential_process` and roles), web identity
//! token, container credentials endpoint, metadata service. A source that the kind of host does not
//! support is never contacted (A11).
#![expect(clippy::disallowed_types, reason = "the host's credentials, on their way into the cache")]

use std::error::Error;
use std::iter::successors;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
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
    AwsErrorKind, CallObserver, ServiceError, aws_error::IdentityError, http_clients::HttpClients,
    metadata_service::DisabledMetadataService, metadata_service::MetadataUsage,
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
    metadata_answered: Arc<AtomicBool>,
    metadata_region: OnceCell<Region>,
}

impl HostCredentials {
    pub(crate) fn new(kind: HostKind, http: HttpClients, observer: Arc<dyn CallObserver>) -> Self {
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
        Self { kind, http, observer, container, metadata, metadata_answered, metadata_region: OnceCell::new() }
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
    pub(crate) fn configured_region(&self) -> RegionProviderChain {
        let profile = ProfileFileRegionProvider::builder().configure(&provider_config(&self.http.local)).build();
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
        // A missing answer is not cached: the service may answer the next time.
        let region = self.metadata_region.get_or_try_init(|| async { service().region().await.ok_or(()) });
        region.await.ok().cloned()
    }

    /// Loads the host's credentials from the first source that has any.
    pub(crate) async fn load(self: Arc<Self>, config: SdkConfig) -> Result<Credentials, IdentityError> {
        let loading = async move { self.chain(&config).provide_credentials().await };
        let Some(loaded) = run_on_blocking_thread(loading).await else {
            return Err(IdentityError::interrupted(&Identity::Host));
        };
        let loaded = loaded.and_then(check_characters);
        loaded.map(|credentials| with_expiry(credentials, SystemTime::now())).map_err(|error| {
            let kind = match error {
                CredentialsError::CredentialsNotLoaded(_) => AwsErrorKind::NoHostIdentity,
                _ => AwsErrorKind::HostIdentityFailed,
            };
            IdentityError::new(&Identity::Host, kind, without_output(&error))
        })
    }

    /// The sources in their order. Every chain reads the profile's files again: the key of a host
    /// outside AWS is rotated in them (A11).
    fn chain(&self, config: &SdkConfig) -> CredentialsProviderChain {
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

/// Refuses credentials with which the SDK cannot sign a request: it would panic. They come from a
/// file or a program, because the variables of the environment have been checked before.
fn check_characters(credentials: Credentials) -> Result<Credentials, CredentialsError> {
    let is_usable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let parts = [
        ("access key id", Some(credentials.access_key_id())),
        ("secret access key", Some(credentials.secret_access_key())),
        ("session token", credentials.session_token()),
    ];
    let unusable = parts.into_iter().find(|(_, text)| text.is_some_and(|text| !is_usable(text)));
    match unusable.map(|(part, _)| part) {
        Some(part) => Err(CredentialsError::invalid_configuration(format!(
            "the {part} of the profile or its program has a line end, white space or another character that no key has"
        ))),
        None => Ok(credentials),
    }
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

/// The error and its causes as one text, without the stderr of a `credential_process`, which may
/// contain anything.
fn without_output(error: &CredentialsError) -> ServiceError {
    let first: &(dyn Error + 'static) = error;
    let texts: Vec<_> = successors(Some(first), |error| (*error).source()).map(ToString::to_string).collect();
    let text = texts.join(": ");
    let shown = text.split("Stderr:").next().unwrap_or_default().trim_end_matches([' ', ',', '.']);
    shown.to_owned().into()
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
    use aws_credential_types::provider::error::CredentialsError;

    use super::{DEFAULT_LIFETIME, EXPIRY_MARGIN, with_expiry, without_output};

    #[test]
    fn credentials_without_an_expiry_get_the_default_lifetime() {
        let now = SystemTime::UNIX_EPOCH;
        let loaded = with_expiry(Credentials::new("id", "key", None, None, "test"), now);
        assert_eq!(loaded.expiry(), Some(now + EXPIRY_MARGIN + DEFAULT_LIFETIME));
        let expiry = Some(now + Duration::from_hours(1));
        let loaded = with_expiry(Credentials::new("id", "key", None, expiry, "test"), now);
        assert_eq!(loaded.expiry(), expiry);
    }

    #[test]
    fn the_output_of_a_credential_process_is_not_shown() {
        let error = CredentialsError::provider_error("exit status: 1. Stderr: hunter2");
        assert!(!without_output(&error).to_string().contains("hunter2"));
    }
}
