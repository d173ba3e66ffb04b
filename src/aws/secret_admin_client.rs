//! Describes, creates, updates and replicates one secret, as the host.

use aws_config::Region;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::config::{Builder, Config};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, ReplicationStatusType, StatusType, Tag};
use tokio::time::Instant;

use crate::aws::{
    AwsCall, AwsClient, AwsError, AwsErrorKind, Replica, ReplicaState, SecretMetadata, SecretVersion,
    aws_error::ErrorContext, client::CURRENT_STAGE, client::sdk_region, observed_call::observe,
    observed_call::with_deadline, sdk_error::FailedCall, secret_reader::SecretReader,
};
use crate::identity::Identity;
use crate::secret::Secret;
use crate::task::{self, CredentialsParameter, KeyArn};

/// One secret in one Region.
pub struct SecretAdminClient<'a> {
    aws: &'a AwsClient,
    secret: &'a CredentialsParameter,
    region: Region,
    reader: SecretReader<'a>,
}

/// The parameters of `CreateSecret`.
#[derive(Clone, Copy, Debug)]
pub struct SecretCreation<'a> {
    /// The name, without the random suffix that the service appends in the ARN.
    pub name: &'a str,
    /// The description, which is not encrypted.
    pub description: Option<&'a str>,
    /// The customer key; `None` is the default key.
    pub key: Option<&'a KeyArn>,
    /// Keys and values, which are not encrypted.
    pub tags: &'a [(String, String)],
    /// The content of the first version.
    pub content: &'a Secret,
}

/// A secret that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedSecret {
    /// The full ARN of the new secret.
    pub arn: String,
    /// The id of the first version.
    pub version_id: String,
}

impl<'a> SecretAdminClient<'a> {
    /// Prepares the calls: in the Region of the secret's ARN, else in `region`, else in the host's.
    ///
    /// # Errors
    /// [`AwsError`], if the host has no credentials or the Region is not known.
    pub async fn connect(
        aws: &'a AwsClient,
        secret: &'a CredentialsParameter,
        region: Option<&task::Region>,
    ) -> Result<Self, AwsError> {
        let context = ErrorContext::secret(AwsCall::DescribeSecret, secret, &Identity::Host);
        let region = secret.region().or(region).map(sdk_region);
        let session = aws.session(&context, region, Instant::now() + aws.deadline()).await?;
        let region = session.region.clone();
        Ok(Self { aws, secret, region, reader: aws.secret_reader(session).await })
    }

    /// The Region of the calls.
    #[must_use]
    pub fn region(&self) -> &str {
        self.region.as_ref()
    }

    /// Reads the metadata; `None` if the secret does not exist.
    ///
    /// # Errors
    /// [`AwsError`], also for a secret that is marked for deletion.
    pub async fn describe(&self) -> Result<Option<SecretMetadata>, AwsError> {
        let call = self.reader.client.describe_secret().secret_id(self.secret.as_str()).customize();
        match self.call(AwsCall::DescribeSecret, call.config_override(self.config()).send()).await {
            Ok(answer) if answer.deleted_date.is_some() => {
                Err(self.context(AwsCall::DescribeSecret).error(AwsErrorKind::MarkedForDeletion, Some(&self.region)))
            }
            Ok(answer) => Ok(Some(metadata(answer))),
            Err(AwsError { kind: AwsErrorKind::NotFound, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the current version.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn read(&self) -> Result<SecretVersion, AwsError> {
        let version = with_deadline(Instant::now() + self.aws.deadline(), self.reader.read(self.secret, None)).await;
        version.map_err(|failed| self.call_error(AwsCall::GetSecretValue, failed))
    }

    /// Creates the secret. The SDK's copies of the content cannot be wiped; the program ends soon
    /// afterwards.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn create(&self, secret: &SecretCreation<'_>) -> Result<CreatedSecret, AwsError> {
        let tags = secret.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        #[expect(clippy::disallowed_methods, reason = "the content is sent to Secrets Manager and nowhere else")]
        let call = self.reader.client.create_secret().name(secret.name).secret_string(secret.content.expose());
        let call = call
            .set_description(secret.description.map(str::to_owned))
            .set_kms_key_id(secret.key.map(|key| key.as_str().to_owned()))
            .set_tags(Some(tags.collect::<Vec<_>>()).filter(|tags| !tags.is_empty()))
            .customize()
            .config_override(self.config());
        let answer = self.call(AwsCall::CreateSecret, call.send()).await?;
        match (answer.arn, answer.version_id) {
            (Some(arn), Some(version_id)) => Ok(CreatedSecret { arn, version_id }),
            _ => Err(self.incomplete_answer(AwsCall::CreateSecret)),
        }
    }

    /// Writes a version and makes it current; returns its id.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn put(&self, arn: &str, content: &Secret) -> Result<String, AwsError> {
        #[expect(clippy::disallowed_methods, reason = "the content is sent to Secrets Manager and nowhere else")]
        let call = self.reader.client.put_secret_value().secret_id(arn).secret_string(content.expose());
        let sent = call.customize().config_override(self.config()).send();
        let answer = self.call(AwsCall::PutSecretValue, sent).await?;
        answer.version_id.ok_or_else(|| self.incomplete_answer(AwsCall::PutSecretValue))
    }

    /// Starts the replication to more Regions, which continues after the answer.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn replicate(&self, arn: &str, regions: &[task::Region]) -> Result<(), AwsError> {
        let regions = regions.iter().map(|region| ReplicaRegionType::builder().region(region.as_str()).build());
        let call = self.reader.client.replicate_secret_to_regions().secret_id(arn);
        let call = call.set_add_replica_regions(Some(regions.collect())).customize();
        let sent = call.config_override(self.config()).send();
        self.call(AwsCall::ReplicateSecretToRegions, sent).await.map(drop)
    }

    fn config(&self) -> Builder {
        Config::builder().credentials_provider(self.reader.credentials.clone())
    }

    fn context(&self, call: AwsCall) -> ErrorContext {
        ErrorContext::secret(call, self.secret, &Identity::Host)
    }

    /// The answer of a call, within the deadline.
    async fn call<T, E>(
        &self,
        call: AwsCall,
        sent: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    ) -> Result<T, AwsError>
    where
        T: RequestId + Send,
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let response =
            with_deadline(Instant::now() + self.aws.deadline(), observe(self.aws.observer(), call, sent)).await;
        response.map(|response| response.answer).map_err(|failed| self.call_error(call, failed))
    }

    fn call_error(&self, call: AwsCall, failed: FailedCall) -> AwsError {
        self.context(call).call_error(failed, &self.region)
    }

    fn incomplete_answer(&self, call: AwsCall) -> AwsError {
        self.call_error(call, FailedCall::unavailable("the answer has no ARN or no version"))
    }
}

fn metadata(answer: DescribeSecretOutput) -> SecretMetadata {
    let stages = answer.version_ids_to_stages.unwrap_or_default();
    let has = |stages: &Vec<String>, stage: &str| stages.iter().any(|label| label == stage);
    // A rotation that has ended may leave its label on the version that is current now.
    let is_pending = |stages: &Vec<String>| has(stages, "AWSPENDING") && !has(stages, CURRENT_STAGE);
    let tags = answer.tags.unwrap_or_default().into_iter();
    SecretMetadata {
        arn: answer.arn.unwrap_or_default(),
        name: answer.name.unwrap_or_default(),
        description: answer.description.filter(|text| !text.is_empty()),
        kms_key: answer.kms_key_id,
        tags: tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect(),
        is_rotated: answer.rotation_enabled.unwrap_or_default(),
        has_pending_version: stages.values().any(is_pending),
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
    Replica { region: status.region.unwrap_or_default(), state, message: status.status_message }
}
