//! AWS itself: the only room that knows the SDK.
//!
//! [`Aws`] reads secrets, has KMS decrypt them, and gets ECR's tokens. Each question is asked explicitly as
//! somebody (`session`), in the Region of the thing asked for, so that a failure is known to
//! be the host's, the role's, the secret's or the key's own. The SDK owns the retries of a
//! call; the deadline around all of them is ours, and it is the only one an operator needs
//! to know.

mod batch;
mod call;
mod cluster_error;
mod ecr;
#[cfg(feature = "ecs")]
mod ecs;
pub(crate) mod file;
mod host_credentials;
mod http;
mod key_error;
mod kms;
mod observer;
mod registry_token;
mod role_sessions;
mod sdk_error;
mod secret_admin;
mod secret_error;
mod secrets_manager;
mod sts;
mod token_error;
mod upkeep_error;

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

use crate::config::{Batching, HostKind};
use crate::credential::{Envelope, Sealed, SecretStore, SecretVersion};
use crate::error::Failure;
use crate::identity::Identity;
use crate::secret::SecretBytes;
use crate::secret_authoring::{Binding, Plaintext};
use crate::task::{self, CredentialsParameter, KeyArn, SecretArn};
use batch::SecretBatcher;
use call::RequestIds;
use host_credentials::{HostCredentials, beside};
use http::HttpClients;
use role_sessions::{IdentityError, RoleSessions, late};
use sdk_error::ServiceError;

pub use cluster_error::{ClusterError, ClusterFault};
pub use http::CaBundleError;
pub use key_error::{KeyAction, KeyError, KeyFault};
pub use observer::{
    AwsCallEvent, AwsRequest, CallOutcome, CredentialKind, CredentialObserver, CredentialServed, ServedFrom,
};
pub use registry_token::{Hosts, RegistryToken, TokenScope, TokenStore};
pub use secret_admin::SecretAdminClient;
pub use secret_error::{SecretError, SecretFault};
pub use token_error::{TokenError, TokenFault};
pub use upkeep_error::{UpkeepAction, UpkeepError, UpkeepFault};

/// The SDK's own attempts at one call, the first included.
const ATTEMPTS: u32 = 3;

/// The staging label of the version that is in force.
const CURRENT: &str = "AWSCURRENT";

/// Secrets Manager, KMS and ECR, asked as whoever a need says.
#[derive(Debug)]
pub struct AwsClient {
    deadline: Duration,
    host: Arc<HostCredentials>,
    stage: Option<String>,
    config: OnceCell<SdkConfig>,
    clients: Mutex<HashMap<Region, Client>>,
    sessions: RoleSessions,
    batches: Option<SecretBatcher>,
}

impl AwsClient {
    /// Prepares to ask; nothing is read or sent before the first secret is wanted.
    /// `deadline` bounds one secret from the first byte to the last, roles and retries
    /// included; `batching` says whether secrets that are wanted together are asked for
    /// together; `ca_bundle` is a file of the only certificates to be trusted; `watch` is told
    /// of every call.
    ///
    /// # Errors
    /// [`CaBundleError`], when that file cannot be used.
    pub fn new(
        deadline: Duration,
        batching: Batching,
        host: HostKind,
        ca_bundle: Option<&Path>,
        watch: Arc<dyn CredentialObserver>,
    ) -> Result<Self, CaBundleError> {
        Ok(Self {
            deadline,
            host: Arc::new(HostCredentials::new(host, HttpClients::new(ca_bundle)?, watch)),
            stage: None,
            config: OnceCell::new(),
            clients: Mutex::default(),
            sessions: RoleSessions::default(),
            batches: (batching == Batching::Try).then(SecretBatcher::default),
        })
    }

    /// The same, reading the versions with this staging label.
    #[must_use]
    pub fn with_stage(mut self, stage: &str) -> Self {
        self.stage = Some(stage.to_owned()).filter(|stage| stage != CURRENT);
        self
    }

    /// What the environment and the profile say. The metadata service is not asked for
    /// the Region here: most secrets carry their own, and where there is no such service
    /// the answer takes seconds.
    async fn config(&self, end: Instant) -> Result<&SdkConfig, IdentityError> {
        let read = self.config.get_or_try_init(|| async {
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
            beside(loader.load()).await.ok_or(())
        });
        timeout_at(end, read).await.ok().and_then(Result::ok).ok_or_else(|| late(&Identity::Host))
    }

    /// The Region that a thing says, or the host's where it says none.
    async fn region(&self, said: Option<&task::Region>, config: &SdkConfig, end: Instant) -> Option<Region> {
        match said {
            Some(region) => Some(Region::new(region.as_str().to_owned())),
            None => timeout_at(end, self.host.region(config)).await.ok().flatten(),
        }
    }

    async fn client(&self, config: &SdkConfig, region: &Region) -> Client {
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

impl SecretStore for AwsClient {
    fn deadline(&self) -> Duration {
        self.deadline
    }

    /// One deadline for the whole; whoever it catches is the one to be named.
    async fn read(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        end: Instant,
    ) -> Result<SecretVersion, SecretError> {
        let fault = |fault| SecretError::new(secret, identity, fault);
        let own = secret.region().map(|region| Region::new(region.as_str().to_owned()));
        let config = self.config(end).await.map_err(|refused| refused.about(secret, own.as_ref()))?;
        let region = self.region(secret.region(), config, end).await.ok_or_else(|| fault(SecretFault::NoRegion))?;
        let credentials = self.sessions.credentials(identity, &self.host, config, &region, end).await;
        let credentials = credentials.map_err(|refused| refused.about(secret, Some(&region)))?;
        let client = self.client(config, &region).await;
        let behind = behind(&credentials);
        // A batch has the current versions only.
        if let (Some(batches), None) = (&self.batches, &self.stage) {
            let batch = batches.get((&client, self.host.watch()), &credentials, identity, &region, secret);
            // A batch that hangs leaves most of the time to the read that follows it.
            let batch_end = Instant::now() + end.saturating_duration_since(Instant::now()) / 3;
            if let Ok(Some(version)) = timeout_at(batch_end, batch).await {
                return Ok(version.behind(&behind));
            }
        }
        let access_key = credentials.access_key_id().to_owned();
        let asked =
            secrets_manager::get_secret_value((&client, self.host.watch()), credentials, secret, self.stage.as_deref());
        match timeout_at(end, asked).await {
            Ok(Ok(version)) => Ok(version.behind(&behind)),
            Ok(Err((found, said))) => {
                if found == SecretFault::IdentityRejected {
                    self.sessions.forget(identity, &access_key);
                }
                Err(fault(found).in_region(&region).saying(said))
            }
            Err(_) => Err(fault(SecretFault::TimedOut).in_region(&region)),
        }
    }

    async fn decrypt(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        version: &SecretVersion,
        sealed: &Sealed,
        end: Instant,
    ) -> Result<(SecretBytes, Option<AwsRequest>), Failure> {
        // A ciphertext without a key's ARN says itself which key it is, but not where: it is
        // looked for beside the secret.
        let of_secret = SecretArn::parse(&version.arn).ok();
        let said = sealed.key.as_ref().map(KeyArn::region).or(of_secret.as_ref().map(SecretArn::region));
        let config = self.config(end).await.map_err(|refused| Failure::from(&refused.about(secret, None)))?;
        let no_region = || Failure::from(&SecretError::new(secret, identity, SecretFault::NoRegion));
        let region = self.region(said, config, end).await.ok_or_else(no_region)?;
        let thing = match &sealed.key {
            Some(key) => key.to_string(),
            None => format!("secret {}", version.arn),
        };
        let credentials = self.sessions.credentials(identity, &self.host, config, &region, end).await;
        let credentials = credentials.map_err(|refused| Failure::from(&refused.about(secret, Some(&region))))?;
        let client = kms::client(config, region.clone(), credentials);
        let answer = timeout_at(end, kms::decrypt(&client, self.host.watch(), sealed)).await;
        let refused = asked_of_key(thing, KeyAction::Decrypt, identity, &region);
        answer.unwrap_or_else(|_| Err(silent())).map_err(refused)
    }
}

impl TokenStore for AwsClient {
    async fn token(&self, identity: &Identity, scope: &TokenScope, end: Instant) -> Result<RegistryToken, TokenError> {
        let region = ecr::region(scope);
        let config = self.config(end).await.map_err(|refused| refused.about_token(scope))?;
        let credentials = self.sessions.credentials(identity, &self.host, config, &region, end).await;
        let credentials = credentials.map_err(|refused| refused.about_token(scope))?;
        let (access_key, behind) = (credentials.access_key_id().to_owned(), behind(&credentials));
        let fault = |fault| TokenError::new(scope, identity, fault);
        match timeout_at(end, ecr::token(config, self.host.watch(), scope, credentials)).await {
            Ok(Ok(token)) => Ok(RegistryToken { requests: [behind, token.requests].concat(), ..token }),
            Ok(Err((found, said))) => {
                if found == TokenFault::IdentityRejected {
                    self.sessions.forget(identity, &access_key);
                }
                Err(fault(found).saying(said))
            }
            Err(_) => Err(fault(TokenFault::TimedOut)),
        }
    }
}

impl AwsClient {
    /// Has KMS encrypt a text as the host, in the key's Region.
    ///
    /// # Errors
    /// [`KeyError`] as a [`Failure`].
    pub async fn seal(&self, binding: &Binding, plaintext: &Plaintext) -> Result<Envelope, Failure> {
        let end = Instant::now() + self.deadline;
        let host = Identity::Host;
        let region = Region::new(binding.key.region().as_str().to_owned());
        let refused = || asked_of_key(binding.key.to_string(), KeyAction::Encrypt, &host, &region);
        let config = self.config(end).await.map_err(|nobody| refused()(nobody.about_key()))?;
        let credentials = self.sessions.credentials(&host, &self.host, config, &region, end).await;
        let credentials = credentials.map_err(|nobody| refused()(nobody.about_key()))?;
        let client = kms::client(config, region.clone(), credentials);
        let answer = timeout_at(end, kms::encrypt(&client, self.host.watch(), binding, plaintext)).await;
        answer.unwrap_or_else(|_| Err(silent())).map_err(refused())
    }
}

/// The calls behind credentials.
#[expect(clippy::disallowed_types, reason = "their property alone is read")]
fn behind(credentials: &aws_credential_types::Credentials) -> Vec<AwsRequest> {
    credentials.get_property::<RequestIds>().map(|RequestIds(requests)| requests.clone()).unwrap_or_default()
}

impl SecretVersion {
    /// The same, with the calls behind the credentials that it was read with.
    fn behind(self, behind: &[AwsRequest]) -> Self {
        Self { requests: [behind, &self.requests].concat(), ..self }
    }
}

/// A refusal of KMS as a failure.
fn asked_of_key(
    thing: String,
    action: KeyAction,
    identity: &Identity,
    region: &Region,
) -> impl FnOnce((KeyFault, ServiceError)) -> Failure {
    let (identity, region) = (identity.clone(), region.to_string());
    move |(fault, said)| Failure::from(&KeyError { thing, action, identity, region, fault, source: Some(said) })
}

fn silent() -> (KeyFault, ServiceError) {
    (KeyFault::TimedOut, "no answer within secrets.timeout".into())
}
