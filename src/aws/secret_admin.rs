//! `DescribeSecret`, `CreateSecret`, `PutSecretValue`, `ReplicateSecretToRegions`: the calls
//! that make a secret and look after it, as the host.
#![expect(clippy::disallowed_types, reason = "the credentials of these calls, on their way into them")]

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Config;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, ReplicationStatusType, StatusType, Tag};
use tokio::time::{Instant, timeout_at};

use crate::aws::sdk_error::{CallErrorKind, FailedCall, ServiceError, failed};
use crate::aws::{AwsClient, secrets_manager};
use crate::aws::{SecretError, SecretFault, UpkeepAction, UpkeepError, UpkeepFault};
use crate::credential::SecretVersion;
use crate::error::Failure;
use crate::identity::Identity;
use crate::secret_authoring::{NewSecret, Replica, ReplicaState, SecretMetadata};
use crate::task::{self, CredentialsParameter, KeyArn};

/// One secret in one Region, asked about and written as the host.
#[derive(Debug)]
pub struct SecretAdminClient<'a> {
    aws: &'a AwsClient,
    secret: &'a CredentialsParameter,
    client: Client,
    credentials: Credentials,
    region: Region,
}

impl AwsClient {
    /// Prepares the upkeep of a secret: in the Region of its ARN, else in `region`, else in the
    /// host's.
    ///
    /// # Errors
    /// [`SecretError`] as a [`Failure`], when there is nobody to ask as or no Region.
    pub async fn upkeep<'a>(
        &'a self,
        secret: &'a CredentialsParameter,
        region: Option<&task::Region>,
    ) -> Result<SecretAdminClient<'a>, Failure> {
        let end = Instant::now() + self.deadline;
        let host = Identity::Host;
        let config = self.config(end).await.map_err(|refused| Failure::from(&refused.about(secret, None)))?;
        let region = self.region(secret.region().or(region), config, end).await;
        let region = region.ok_or_else(|| Failure::from(&SecretError::new(secret, &host, SecretFault::NoRegion)))?;
        let credentials = self.sessions.credentials(&host, &self.host, config, &region, end).await;
        let credentials = credentials.map_err(|refused| Failure::from(&refused.about(secret, Some(&region))))?;
        let client = self.client(config, &region).await;
        Ok(SecretAdminClient { aws: self, secret, client, credentials, region })
    }
}

impl SecretAdminClient<'_> {
    /// Where it is asked.
    #[must_use]
    pub fn region(&self) -> &str {
        self.region.as_ref()
    }

    /// What the service says of the secret; none where there is no such secret.
    ///
    /// # Errors
    /// [`UpkeepError`] as a [`Failure`]; a secret that is marked for deletion is one.
    pub async fn describe(&self) -> Result<Option<SecretMetadata>, Failure> {
        let call = self.client.describe_secret().secret_id(self.secret.as_str()).customize();
        match self.within(call.config_override(self.as_host()).send()).await {
            Ok(answer) => {
                let found = described(answer);
                if found.is_marked_for_deletion {
                    return Err(self.refused(UpkeepAction::Describe, (SecretFault::MarkedForDeletion, None)));
                }
                Ok(Some(found))
            }
            Err((SecretFault::Absent, ..)) => Ok(None),
            Err(why) => Err(self.failed(UpkeepAction::Describe, why)),
        }
    }

    /// Its current version.
    ///
    /// # Errors
    /// [`UpkeepError`] as a [`Failure`].
    pub async fn read(&self) -> Result<SecretVersion, Failure> {
        let end = Instant::now() + self.aws.deadline;
        let asked = secrets_manager::get_secret_value(
            (&self.client, self.aws.host.watch()),
            self.credentials.clone(),
            self.secret,
            None,
        );
        let answer = timeout_at(end, asked).await.unwrap_or_else(|_| Err((SecretFault::TimedOut, silent())));
        answer.map_err(|(fault, said)| self.refused(UpkeepAction::Read, (fault, Some(said))))
    }

    /// Makes it; gives its ARN and version. The SDK's copies of the content cannot be wiped;
    /// the program ends soon after.
    ///
    /// # Errors
    /// [`UpkeepError`] as a [`Failure`].
    pub async fn create(&self, secret: &NewSecret) -> Result<(String, String), Failure> {
        let NewSecret { draft, content, .. } = secret;
        let tags = draft.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        #[expect(clippy::disallowed_methods, reason = "the content goes to Secrets Manager and nowhere else")]
        let call = self.client.create_secret().name(&draft.name).secret_string(content.expose());
        let call = call
            .set_description(draft.description.clone())
            .set_kms_key_id(draft.key.as_ref().map(|key| KeyArn::as_str(key).to_owned()))
            .set_tags(Some(tags.collect::<Vec<_>>()).filter(|tags| !tags.is_empty()))
            .customize()
            .config_override(self.as_host());
        let answer =
            self.within(call.send()).await.map_err(|why| self.failed(UpkeepAction::Create, without(why, secret)))?;
        answer.arn.zip(answer.version_id).ok_or_else(|| self.unanswered(UpkeepAction::Create))
    }

    /// Writes a version and makes it current; gives its id.
    ///
    /// # Errors
    /// [`UpkeepError`] as a [`Failure`].
    pub async fn put(&self, arn: &str, secret: &NewSecret) -> Result<String, Failure> {
        #[expect(clippy::disallowed_methods, reason = "the content goes to Secrets Manager and nowhere else")]
        let call = self.client.put_secret_value().secret_id(arn).secret_string(secret.content.expose());
        let answer = self.within(call.customize().config_override(self.as_host()).send()).await;
        let answer = answer.map_err(|why| self.failed(UpkeepAction::Put, without(why, secret)))?;
        answer.version_id.ok_or_else(|| self.unanswered(UpkeepAction::Put))
    }

    /// Has it replicated to more Regions. That goes on after the answer.
    ///
    /// # Errors
    /// [`UpkeepError`] as a [`Failure`].
    pub async fn replicate(&self, arn: &str, regions: &[task::Region]) -> Result<(), Failure> {
        let regions = regions.iter().map(|region| ReplicaRegionType::builder().region(region.as_str()).build());
        let call = self.client.replicate_secret_to_regions().secret_id(arn);
        let call = call.set_add_replica_regions(Some(regions.collect())).customize();
        let answer = self.within(call.config_override(self.as_host()).send()).await;
        answer.map(drop).map_err(|why| self.failed(UpkeepAction::Replicate, why))
    }

    fn as_host(&self) -> aws_sdk_secretsmanager::config::Builder {
        Config::builder().credentials_provider(self.credentials.clone())
    }

    /// The answer of a call, within the deadline.
    async fn within<T, E>(
        &self,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, (SecretFault, UpkeepFault, ServiceError)>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        match timeout_at(Instant::now() + self.aws.deadline, call).await {
            Ok(answer) => answer.map_err(|error| {
                let FailedCall { meaning, said } = failed(error);
                (secrets_manager::fault(&meaning), particular(&meaning), said)
            }),
            Err(_) => Err((SecretFault::TimedOut, UpkeepFault::Common, silent())),
        }
    }

    fn failed(&self, action: UpkeepAction, (common, fault, said): (SecretFault, UpkeepFault, ServiceError)) -> Failure {
        let common = SecretError::new(self.secret, &Identity::Host, common).in_region(&self.region);
        Failure::from(&UpkeepError { action, fault, common, source: Some(said) })
    }

    fn refused(&self, action: UpkeepAction, (fault, source): (SecretFault, Option<ServiceError>)) -> Failure {
        let common = SecretError::new(self.secret, &Identity::Host, fault).in_region(&self.region);
        Failure::from(&UpkeepError { action, fault: UpkeepFault::Common, common, source })
    }

    fn unanswered(&self, action: UpkeepAction) -> Failure {
        self.refused(action, (SecretFault::Unavailable, Some("the answer says no ARN or no version".into())))
    }
}

/// A service, or what stands before it, may quote the request that it turns down.
fn without(
    (common, fault, said): (SecretFault, UpkeepFault, ServiceError),
    secret: &NewSecret,
) -> (SecretFault, UpkeepFault, ServiceError) {
    let shows = secret.shows_in(&said.to_string());
    (common, fault, if shows { "its words repeat the token, and are not shown".into() } else { said })
}

fn silent() -> ServiceError {
    "no answer within secrets.timeout".into()
}

/// The errors of the writing calls (API reference, "Errors").
fn particular(meaning: &CallErrorKind) -> UpkeepFault {
    match meaning {
        CallErrorKind::Answer { code, .. } => match code.as_str() {
            "ResourceExistsException" => UpkeepFault::Exists,
            "LimitExceededException" => UpkeepFault::Limit,
            "EncryptionFailure" | "EncryptionFailureException" => UpkeepFault::Encryption,
            _ => UpkeepFault::Common,
        },
        _ => UpkeepFault::Common,
    }
}

fn described(answer: DescribeSecretOutput) -> SecretMetadata {
    let stages = answer.version_ids_to_stages.unwrap_or_default();
    let has = |stages: &Vec<String>, stage: &str| stages.iter().any(|label| label == stage);
    // A rotation that has ended may leave the label on the version that is current now.
    let is_waiting = |stages: &Vec<String>| has(stages, "AWSPENDING") && !has(stages, super::CURRENT);
    let tags = answer.tags.unwrap_or_default().into_iter();
    SecretMetadata {
        arn: answer.arn.unwrap_or_default(),
        name: answer.name.unwrap_or_default(),
        text: answer.description.filter(|text| !text.is_empty()),
        key: answer.kms_key_id,
        tags: tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect(),
        is_marked_for_deletion: answer.deleted_date.is_some(),
        is_rotated: answer.rotation_enabled.unwrap_or_default(),
        has_pending_version: stages.values().any(is_waiting),
        primary_region: answer.primary_region,
        replicas: answer.replication_status.unwrap_or_default().into_iter().map(replica).collect(),
    }
}

fn replica(status: ReplicationStatusType) -> Replica {
    let state = match status.status {
        Some(StatusType::InSync) => ReplicaState::InSync,
        Some(StatusType::Failed) => ReplicaState::Failed,
        _ => ReplicaState::InProgress,
    };
    Replica { region: status.region.unwrap_or_default(), state, says: status.status_message }
}
