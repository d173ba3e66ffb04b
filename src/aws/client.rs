//! The client for all AWS calls: configuration, identities and the calls that credentials need.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_sdk_secretsmanager::Client as SecretsManagerClient;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::{Instant, timeout_at};

use crate::aws::{
    AwsCall, AwsError, AwsErrorKind, AwsPrincipal, AwsRequest, AwsResource, CaBundleError, CallObserver, Ciphertext,
    DecryptedBytes, HostRegion, RegistryToken, SecretLookup, SecretVersion, TokenScope, aws_call::RequestIds,
    aws_error::ErrorContext, aws_error::IdentityError, config_loader::load_config, ecr,
    host_credentials::HostCredentials, http_clients::HttpClients, kms::Kms, observed_call::with_deadline,
    role_sessions::RoleSessions, sdk_error::FailedCall, secret_batcher::SecretBatcher, secret_reader::SecretReader,
    secret_search::search,
};
use crate::config::{self, Batching, HostKind};
use crate::error::Warning;
use crate::identity::Identity;
use crate::secret::Secret;
use crate::task::{self, CredentialsParameter, KeyArn, SecretArn};

/// The staging label of the version in force.
pub(super) const CURRENT_STAGE: &str = "AWSCURRENT";

/// Calls Secrets Manager, KMS, STS and ECR as any identity.
#[derive(Debug)]
pub struct AwsClient {
    deadline: Duration,
    host: Arc<HostCredentials>,
    /// The staging label to read; `None` is `AWSCURRENT`.
    stage: Option<String>,
    config: OnceCell<SdkConfig>,
    secrets_managers: Mutex<HashMap<Region, SecretsManagerClient>>,
    sessions: RoleSessions,
    batcher: Option<SecretBatcher>,
}

/// What calls of one identity in one Region need.
#[expect(clippy::disallowed_types, reason = "the credentials of the next calls")]
pub(super) struct AwsSession<'a> {
    pub config: &'a SdkConfig,
    pub region: Region,
    pub credentials: aws_credential_types::Credentials,
}

impl AwsClient {
    /// Makes a client; it reads and sends nothing before the first call.
    ///
    /// `deadline` limits each read of a secret or token as a whole, including roles and retries.
    /// `ca_bundle` is a file of the only certificates to trust. `observer` is informed of every
    /// call.
    ///
    /// # Errors
    /// [`CaBundleError`], if that file cannot be used.
    pub fn new(
        deadline: Duration,
        batching: Batching,
        host: HostKind,
        ca_bundle: Option<&Path>,
        observer: Arc<dyn CallObserver>,
    ) -> Result<Self, CaBundleError> {
        Ok(Self {
            deadline,
            host: Arc::new(HostCredentials::new(host, HttpClients::new(ca_bundle)?, observer)),
            stage: None,
            config: OnceCell::new(),
            secrets_managers: Mutex::default(),
            sessions: RoleSessions::default(),
            batcher: (batching == Batching::Try).then(SecretBatcher::default),
        })
    }

    /// Reads the versions with this staging label instead of `AWSCURRENT`.
    #[must_use]
    pub fn with_stage(mut self, stage: &str) -> Self {
        self.stage = Some(stage.to_owned()).filter(|stage| stage != CURRENT_STAGE);
        self
    }

    /// Who `identity` has been on its last call, as far as that is known without another call.
    #[must_use]
    pub fn principal(&self, identity: &Identity) -> Option<AwsPrincipal> {
        self.sessions.principal(identity)
    }

    /// What the calls so far have shown about this host: a clock that differs from AWS's.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        Vec::from_iter(self.host.http().clock.warning())
    }

    /// The longest time that one secret or token may take.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The host's Region, in which a secret without an ARN is looked for.
    pub async fn region(&self, end: Instant) -> Option<String> {
        let config = self.config(end).await.ok()?;
        let region = timeout_at(end, self.host.region(config)).await.ok().flatten()?;
        Some(region.as_ref().to_owned())
    }

    /// The host's Region and where it is set. The metadata service is not asked.
    pub async fn host_region(&self) -> Option<HostRegion> {
        let config = self.config(Instant::now() + self.deadline).await.ok()?;
        let name = config.region().map(|region| region.as_ref().to_owned());
        let source = match (&name, config::region_variable()) {
            (Some(_), Some(variable)) => variable.to_owned(),
            (Some(_), None) => "the profile".to_owned(),
            (None, _) if self.host.has_metadata_service() => "the instance's metadata service".to_owned(),
            (None, _) => return None,
        };
        Some(HostRegion { name, source })
    }

    /// Reads a secret, in the Region of its ARN or the host's, until `end`.
    ///
    /// # Errors
    /// [`AwsError`], which names the identity, role or secret that failed.
    pub async fn get_secret(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        end: Instant,
    ) -> Result<SecretVersion, AwsError> {
        let context = ErrorContext::secret(AwsCall::GetSecretValue, secret, identity);
        let session = self.session(&context, secret.region().map(sdk_region), end).await?;
        let (region, requests) = (session.region.clone(), session.requests());
        let access_key = session.credentials.access_key_id().to_owned();
        let reader = self.secret_reader(session).await;
        // A batch contains current versions only.
        if let (Some(batcher), None) = (&self.batcher, &self.stage) {
            // A batch that hangs must leave most of the time to the single read that follows it.
            let batch_end = Instant::now() + end.saturating_duration_since(Instant::now()) / 3;
            if let Ok(Some(version)) = timeout_at(batch_end, batcher.read(&reader, identity, &region, secret)).await {
                return Ok(SecretVersion { requests: [requests, version.requests].concat(), ..version });
            }
        }
        match with_deadline(end, reader.read(secret, self.stage.as_deref())).await {
            Ok(version) => Ok(SecretVersion { requests: [requests, version.requests].concat(), ..version }),
            Err(failed) => {
                let error = self.call_error(&context, &access_key, failed, &region);
                let is_absent = error.kind == AwsErrorKind::NotFound;
                let lookup =
                    if is_absent { self.look_for(secret, identity, (region, reader), end).await } else { None };
                Err(AwsError { lookup, ..error })
            }
        }
    }

    /// Looks for an absent secret in the Region where it was read, and in the host's.
    async fn look_for(
        &self,
        secret: &CredentialsParameter,
        identity: &Identity,
        (region, reader): (Region, SecretReader<'_>),
        end: Instant,
    ) -> Option<SecretLookup> {
        let config = self.config(end).await.ok()?;
        let host_region = self.host.quick_region(config).await.filter(|host_region| *host_region != region);
        let credentials = reader.credentials.clone();
        let mut readers = vec![(region, reader)];
        if let Some(region) = host_region {
            let session = AwsSession { config, region: region.clone(), credentials };
            readers.push((region, self.secret_reader(session).await));
        }
        search(readers, identity, secret, end).await
    }

    /// Decrypts the content of a secret in the key's Region, until `end`.
    ///
    /// # Errors
    /// [`AwsError`]; it is about the secret if the identity has no credentials, else about the key.
    pub async fn decrypt(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        version: &SecretVersion,
        ciphertext: &Ciphertext,
        end: Instant,
    ) -> Result<DecryptedBytes, AwsError> {
        // A ciphertext without a key's ARN names its key, but not the key's Region: KMS is called
        // in the secret's Region.
        let secret_arn = SecretArn::parse(&version.arn).ok();
        let region = ciphertext.key.as_ref().map(KeyArn::region).or(secret_arn.as_ref().map(SecretArn::region));
        let context = ErrorContext::secret(AwsCall::Decrypt, secret, identity);
        let session = self.session(&context, region.map(sdk_region), end).await?;
        let region = session.region.clone();
        let resource = match &ciphertext.key {
            Some(key) => AwsResource::Key(key.clone()),
            None => AwsResource::KeyOfSecret(version.arn.clone()),
        };
        let context = ErrorContext { resource, ..context };
        with_deadline(end, self.kms(session).decrypt(ciphertext))
            .await
            .map_err(|failed| context.call_error(failed, &region))
    }

    /// Encrypts a text as the host, in the key's Region. The ciphertext is bound to `context`.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn encrypt(
        &self,
        key: &KeyArn,
        context: &BTreeMap<String, String>,
        plaintext: &Secret,
    ) -> Result<Vec<u8>, AwsError> {
        let end = Instant::now() + self.deadline;
        let resource = AwsResource::Key(key.clone());
        let error_context = ErrorContext { call: AwsCall::Encrypt, resource, identity: Identity::Host };
        let region = sdk_region(key.region());
        let session = self.session(&error_context, Some(region.clone()), end).await?;
        let encrypted = with_deadline(end, self.kms(session).encrypt(key, context, plaintext)).await;
        encrypted.map_err(|failed| error_context.call_error(failed, &region))
    }

    /// Obtains a new registry token, until `end`.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn registry_token(
        &self,
        identity: &Identity,
        scope: &TokenScope,
        end: Instant,
    ) -> Result<RegistryToken, AwsError> {
        let context = ErrorContext::token(scope, identity);
        let session = self.session(&context, Some(ecr::token_region(scope)), end).await?;
        let (region, requests) = (session.region.clone(), session.requests());
        let access_key = session.credentials.access_key_id().to_owned();
        let AwsSession { config, credentials, .. } = session;
        match with_deadline(end, ecr::get_token(config, self.host.observer(), scope, credentials)).await {
            Ok(token) => Ok(RegistryToken { requests: [requests, token.requests].concat(), ..token }),
            Err(failed) => Err(self.call_error(&context, &access_key, failed, &region)),
        }
    }

    /// Obtains configuration, Region and credentials for the identity of `context`. Without a
    /// Region, it is the host's.
    pub(super) async fn session(
        &self,
        context: &ErrorContext,
        region: Option<Region>,
        end: Instant,
    ) -> Result<AwsSession<'_>, AwsError> {
        let identity = &context.identity;
        let config = self.config(end).await.map_err(|error| error.into_aws_error(context, region.as_ref()))?;
        let region = match region {
            Some(region) => Some(region),
            None => timeout_at(end, self.host.region(config)).await.ok().flatten(),
        };
        let region = region.ok_or_else(|| context.error(AwsErrorKind::NoRegion, None))?;
        let credentials = self.sessions.credentials(identity, &self.host, config, &region, end).await;
        let credentials = credentials.map_err(|error| error.into_aws_error(context, Some(&region)))?;
        Ok(AwsSession { config, region, credentials })
    }

    /// A client of Secrets Manager in the session's Region; one for each Region is cached.
    pub(super) async fn secrets_manager(&self, session: &AwsSession<'_>) -> SecretsManagerClient {
        let AwsSession { config, region, .. } = session;
        let mut clients = self.secrets_managers.lock().await;
        clients
            .entry(region.clone())
            .or_insert_with(|| {
                let config = aws_sdk_secretsmanager::config::Builder::from(*config).region(region.clone()).build();
                SecretsManagerClient::from_conf(config)
            })
            .clone()
    }

    pub(super) async fn secret_reader(&self, session: AwsSession<'_>) -> SecretReader<'_> {
        let client = self.secrets_manager(&session).await;
        SecretReader { client, credentials: session.credentials, observer: self.host.observer() }
    }

    pub(super) fn observer(&self) -> &dyn CallObserver {
        self.host.observer()
    }

    fn kms(&self, AwsSession { config, region, credentials }: AwsSession<'_>) -> Kms<'_> {
        Kms::new(config, region, credentials, self.host.observer())
    }

    /// The error of a call; credentials that the service rejects are removed from the cache.
    fn call_error(&self, context: &ErrorContext, access_key: &str, failed: FailedCall, region: &Region) -> AwsError {
        if failed.kind == AwsErrorKind::IdentityRejected {
            self.sessions.forget(&context.identity, access_key);
        }
        context.call_error(failed, region)
    }

    /// The configuration, which is loaded once.
    async fn config(&self, end: Instant) -> Result<&SdkConfig, IdentityError> {
        let config = self.config.get_or_try_init(|| load_config(Arc::clone(&self.host), self.deadline));
        timeout_at(end, config).await.unwrap_or_else(|_| Err(IdentityError::timed_out(&Identity::Host)))
    }
}

impl AwsSession<'_> {
    /// The calls behind the credentials.
    fn requests(&self) -> Vec<AwsRequest> {
        self.credentials.get_property::<RequestIds>().map(|RequestIds(requests)| requests.clone()).unwrap_or_default()
    }
}

/// A Region in the SDK's type.
pub(super) fn sdk_region(region: &task::Region) -> Region {
    Region::new(region.as_str().to_owned())
}
