//! AWS itself: the only room that knows the SDK.
//!
//! [`Aws`] reads secrets. Each question is asked explicitly as somebody (`session`) in the
//! Region of the thing asked for (`secrets_manager`), so that a failure is known to be the
//! host's, the role's or the secret's own. The SDK owns the retries of a call; the deadline
//! around all of them is ours, and it is the only one an operator needs to know.

mod batch;
mod host;
mod http;
mod said;
mod secrets_manager;
mod session;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_secretsmanager::Client;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::{Instant, timeout_at};

use super::{SecretError, SecretFault, SecretStore, SecretVersion};
use crate::identity::{HostKind, Identity};
use crate::task::CredentialsParameter;
use batch::Batches;
use host::Host;
use http::Http;
use session::Sessions;

pub use http::CaBundleError;

/// The SDK's own attempts at one call, the first included.
const ATTEMPTS: u32 = 3;

/// Whether secrets that are wanted together are asked for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batching {
    /// Each on its own: `GetSecretValue` is the only permission that is needed.
    Never,
    /// By `BatchGetSecretValue` where the identity has that permission too.
    Try,
}

/// Secrets Manager, asked as the host or as an execution role.
#[derive(Debug)]
pub struct Aws {
    deadline: Duration,
    host: Arc<Host>,
    config: OnceCell<SdkConfig>,
    host_region: OnceCell<Option<Region>>,
    clients: Mutex<HashMap<Region, Client>>,
    sessions: Sessions,
    batches: Option<Batches>,
}

impl Aws {
    /// Prepares to ask; nothing is read or sent before the first secret is wanted.
    /// `deadline` bounds one secret from the first byte to the last, roles and retries
    /// included; `batching` says whether secrets that are wanted together are asked for
    /// together; `ca_bundle` is a file of the only certificates to be trusted.
    ///
    /// # Errors
    /// [`CaBundleError`], when that file cannot be used.
    pub fn new(
        deadline: Duration,
        batching: Batching,
        host: HostKind,
        ca_bundle: Option<&Path>,
    ) -> Result<Self, CaBundleError> {
        Ok(Self {
            deadline,
            host: Arc::new(Host::new(host, Http::new(ca_bundle)?)),
            config: OnceCell::new(),
            host_region: OnceCell::new(),
            clients: Mutex::default(),
            sessions: Sessions::default(),
            batches: (batching == Batching::Try).then(Batches::default),
        })
    }

    /// What the environment and the profile say. The metadata service is not asked for
    /// the Region here: most secrets carry their own, and where there is no such service
    /// the answer takes seconds.
    async fn config(&self) -> &SdkConfig {
        self.config
            .get_or_init(|| async {
                let timeouts = TimeoutConfig::builder()
                    .connect_timeout(self.deadline / ATTEMPTS)
                    .operation_attempt_timeout(self.deadline / 2)
                    .build();
                let mut loader = aws_config::defaults(BehaviorVersion::latest())
                    .region(self.host.configured_region())
                    .http_client(self.host.http().services.clone())
                    // Whose credentials a call takes is said for each call.
                    .no_credentials()
                    .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
                    .timeout_config(timeouts);
                if let Ok(name) = AppName::new(concat!("taskpull-", env!("CARGO_PKG_VERSION"))) {
                    loader = loader.app_name(name);
                }
                loader.load().await
            })
            .await
    }

    /// The host's Region: environment, profile, then the metadata service where the host has
    /// one (L13).
    async fn host_region(&self) -> Option<Region> {
        self.host_region
            .get_or_init(|| async {
                match self.config().await.region() {
                    Some(region) => Some(region.clone()),
                    None => self.host.metadata_region().await,
                }
            })
            .await
            .clone()
    }

    async fn client(&self, region: &Region) -> Client {
        let config = self.config().await;
        let mut clients = self.clients.lock().await;
        clients
            .entry(region.clone())
            .or_insert_with(|| {
                let config = aws_sdk_secretsmanager::config::Builder::from(config).region(region.clone()).build();
                Client::from_conf(config)
            })
            .clone()
    }
}

impl SecretStore for Aws {
    async fn read(&self, identity: &Identity, secret: &CredentialsParameter) -> Result<SecretVersion, SecretError> {
        // One deadline for the whole; whoever it catches is the one to be named.
        let end = Instant::now() + self.deadline;
        let fault = |fault| SecretError::new(secret, identity, fault);
        let region = match secret.region() {
            Some(region) => Some(Region::new(region.as_str().to_owned())),
            None => timeout_at(end, self.host_region()).await.ok().flatten(),
        };
        let region = region.ok_or_else(|| fault(SecretFault::NoRegion))?;
        let config = self.config().await;
        let credentials = self.sessions.credentials(identity, &self.host, config, &region, end).await;
        let credentials = credentials.map_err(|refused| refused.about(secret, &region))?;
        let client = self.client(&region).await;
        if let Some(batches) = &self.batches {
            let batch = batches.get(&client, &credentials, identity, &region, secret);
            if let Ok(Some(version)) = timeout_at(end, batch).await {
                return Ok(version);
            }
        }
        let answer = timeout_at(end, secrets_manager::get_secret_value(&client, credentials, secret)).await;
        match answer {
            Ok(Ok(version)) => Ok(version),
            Ok(Err((found, said))) => Err(fault(found).in_region(&region).saying(said)),
            Err(_) => Err(fault(SecretFault::TimedOut).in_region(&region)),
        }
    }
}
