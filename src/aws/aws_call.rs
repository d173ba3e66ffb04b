//! The operations of AWS that taskpull calls, with the names that errors, policies and traces use.

use crate::error::Printable;

/// An AWS service that taskpull calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsService {
    /// Secrets of AWS Secrets Manager.
    SecretsManager,
    /// AWS Key Management Service.
    Kms,
    /// AWS Security Token Service.
    Sts,
    /// Amazon ECR, private registries.
    Ecr,
    /// Tokens of Amazon ECR Public.
    EcrPublic,
    /// Clusters of Amazon ECS.
    Ecs,
}

/// One operation of an AWS service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsCall {
    /// Secrets Manager: read one secret.
    GetSecretValue,
    /// Secrets Manager: read up to 20 secrets.
    BatchGetSecretValue,
    /// Secrets Manager: list secrets by the beginning of their names.
    ListSecrets,
    /// Secrets Manager: read the metadata of a secret.
    DescribeSecret,
    /// Secrets Manager: create a secret with its first version.
    CreateSecret,
    /// Secrets Manager: write a version and make it current.
    PutSecretValue,
    /// Secrets Manager: replicate a secret to more Regions.
    ReplicateSecretToRegions,
    /// KMS: decrypt a ciphertext.
    Decrypt,
    /// KMS: encrypt a text.
    Encrypt,
    /// STS: assume a role.
    AssumeRole,
    /// The call `GetAuthorizationToken` of ECR.
    GetEcrToken,
    /// The call `GetAuthorizationToken` of ECR Public.
    GetEcrPublicToken,
    /// ECS: list the services of a cluster.
    ListServices,
    /// `ListServices` and `DescribeServices` of ECS.
    DescribeServices,
    /// ECS: list the tasks of a cluster.
    ListTasks,
    /// `ListTasks` and `DescribeTasks` of ECS.
    DescribeTasks,
    /// ECS: read a revision of a task definition.
    DescribeTaskDefinition,
    /// ECS: read the attributes of a container instance.
    DescribeContainerInstances,
}

impl AwsService {
    /// The name in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SecretsManager => "Secrets Manager",
            Self::Kms => "KMS",
            Self::Sts => "STS",
            Self::Ecr => "ECR",
            Self::EcrPublic => "ECR Public",
            Self::Ecs => "ECS",
        }
    }

    /// The service id of the SDK, for traces.
    #[must_use]
    pub fn sdk_id(self) -> &'static str {
        match self {
            Self::SecretsManager => "SecretsManager",
            Self::EcrPublic => "ECRPublic",
            other => other.name(),
        }
    }

    /// The prefix of the service's actions in an IAM policy, without the colon.
    #[must_use]
    pub fn policy_prefix(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::Kms => "kms",
            Self::Sts => "sts",
            Self::Ecr => "ecr",
            Self::EcrPublic => "ecr-public",
            Self::Ecs => "ecs",
        }
    }

    /// The environment variable that selects another endpoint for this service alone.
    #[must_use]
    pub fn endpoint_variable(self) -> &'static str {
        match self {
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::Kms => "AWS_ENDPOINT_URL_KMS",
            Self::Sts => "AWS_ENDPOINT_URL_STS",
            Self::Ecr => "AWS_ENDPOINT_URL_ECR",
            Self::EcrPublic => "AWS_ENDPOINT_URL_ECR_PUBLIC",
            Self::Ecs => "AWS_ENDPOINT_URL_ECS",
        }
    }
}

impl AwsCall {
    /// The service that has this operation.
    #[must_use]
    pub fn service(self) -> AwsService {
        match self {
            Self::GetSecretValue
            | Self::BatchGetSecretValue
            | Self::ListSecrets
            | Self::DescribeSecret
            | Self::CreateSecret
            | Self::PutSecretValue
            | Self::ReplicateSecretToRegions => AwsService::SecretsManager,
            Self::Decrypt | Self::Encrypt => AwsService::Kms,
            Self::AssumeRole => AwsService::Sts,
            Self::GetEcrToken => AwsService::Ecr,
            Self::GetEcrPublicToken => AwsService::EcrPublic,
            Self::ListServices
            | Self::DescribeServices
            | Self::ListTasks
            | Self::DescribeTasks
            | Self::DescribeTaskDefinition
            | Self::DescribeContainerInstances => AwsService::Ecs,
        }
    }

    /// The operation's name in the API reference.
    #[must_use]
    pub fn operation(self) -> &'static str {
        match self {
            Self::GetSecretValue => "GetSecretValue",
            Self::BatchGetSecretValue => "BatchGetSecretValue",
            Self::ListSecrets => "ListSecrets",
            Self::DescribeSecret => "DescribeSecret",
            Self::CreateSecret => "CreateSecret",
            Self::PutSecretValue => "PutSecretValue",
            Self::ReplicateSecretToRegions => "ReplicateSecretToRegions",
            Self::Decrypt => "Decrypt",
            Self::Encrypt => "Encrypt",
            Self::AssumeRole => "AssumeRole",
            Self::GetEcrToken | Self::GetEcrPublicToken => "GetAuthorizationToken",
            Self::ListServices => "ListServices",
            Self::DescribeServices => "DescribeServices",
            Self::ListTasks => "ListTasks",
            Self::DescribeTasks => "DescribeTasks",
            Self::DescribeTaskDefinition => "DescribeTaskDefinition",
            Self::DescribeContainerInstances => "DescribeContainerInstances",
        }
    }

    /// The IAM action that permits the call, such as `ecs:ListTasks`.
    #[must_use]
    pub fn permission(self) -> String {
        format!("{}:{}", self.service().policy_prefix(), self.operation())
    }
}

/// An answered AWS call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsRequest {
    /// The operation in the API reference, such as `GetSecretValue`.
    pub operation: &'static str,
    /// The request id that the service assigned.
    pub id: Printable,
}

/// The calls behind an identity's credentials, as a property of the SDK's credentials.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestIds(pub Vec<AwsRequest>);
