//! The credential of a pull in a report: where it came from, never its value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::timestamp::timestamp;
use crate::aws::{AwsRequest, HostRegion};
use crate::credential::{Provenance, SecretNames};
use crate::error::Printable;
use crate::plan::{HostLogin, Need};

/// The credential that was used, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum CredentialReport {
    /// No credential.
    Anonymous,
    /// A secret of Secrets Manager.
    Secret {
        /// ARN of the secret; in a dry run, the value in the task definition.
        arn: Printable,
        /// Version of the secret; absent in a dry run.
        #[serde(skip_serializing_if = "Option::is_none")]
        version_id: Option<Printable>,
        /// Requested staging label, if it is not `AWSCURRENT`.
        #[serde(skip_serializing_if = "Option::is_none")]
        stage: Option<Printable>,
        /// Warnings about the content of the secret. Each ends with its id in brackets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<Printable>,
        /// Account of the secret, if it is known without a call to AWS.
        #[serde(skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// Region of the secret, if it is known without a call to AWS.
        #[serde(skip_serializing_if = "Option::is_none")]
        region: Option<String>,
        /// In a dry run, for a secret without an ARN: where the Region is from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region_source: Option<String>,
        /// Identity that reads the secret: `host`, or the ARN of a role.
        identity: String,
        /// Who that identity was for AWS: the ARN of the role session, or the source of the host's
        /// credentials; absent in a dry run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        principal: Option<Printable>,
        /// Age of a stale value, in seconds, that was used because AWS was unavailable.
        #[serde(skip_serializing_if = "Option::is_none")]
        stale_seconds: Option<u64>,
        /// The AWS calls that returned the value, with the request ids for AWS support.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        aws_requests: Vec<AwsRequestReport>,
    },
    /// A token for a private ECR registry.
    Ecr {
        /// Account of the registry.
        account: String,
        /// Region of the registry, which issues the token.
        region: String,
        /// Identity that requests the token: `host`, or the ARN of a role.
        identity: String,
        /// Who that identity was for AWS: the ARN of the role session, or the source of the host's
        /// credentials; absent in a dry run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        principal: Option<Printable>,
        /// When the token expires; absent in a dry run.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
        /// The AWS calls that returned the token, with the request ids for AWS support.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        aws_requests: Vec<AwsRequestReport>,
    },
    /// A token for ECR Public, or an anonymous pull if no token could be obtained.
    EcrPublic {
        /// Identity that requests the token: `host`, or the ARN of a role.
        identity: String,
        /// Who that identity was for AWS: the ARN of the role session, or the source of the host's
        /// credentials; absent in a dry run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        principal: Option<Printable>,
        /// When the token expires; absent in a dry run.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
        /// The AWS calls that returned the token, with the request ids for AWS support.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        aws_requests: Vec<AwsRequestReport>,
        /// Why no token could be obtained, so that the pull was anonymous.
        #[serde(skip_serializing_if = "Option::is_none")]
        without_token: Option<Printable>,
    },
    /// A host login.
    Instance {
        /// `ecs-engine-auth-data`, `docker-config`, or the name of the credential helper.
        source: String,
        /// Scope of the login: the host of a registry, or a path in it.
        matched: Printable,
    },
}

/// A call to AWS that returned an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AwsRequestReport {
    /// API operation: `AssumeRole`, `GetSecretValue`, …
    pub operation: String,
    /// Request id of the call.
    pub id: Printable,
}

impl From<&Provenance> for CredentialReport {
    fn from(provenance: &Provenance) -> Self {
        match provenance {
            Provenance::Anonymous => Self::Anonymous,
            Provenance::HostLogin(login) => Self::from(login),
            Provenance::Ecr { registry, identity, principal, expires, requests } => Self::Ecr {
                account: registry.account.clone(),
                region: registry.region.to_string(),
                identity: identity.name().to_owned(),
                principal: principal.clone(),
                expires_at: expires.map(timestamp),
                aws_requests: aws_requests(requests),
            },
            Provenance::EcrPublic { identity, principal, expires, no_token_reason, requests } => Self::EcrPublic {
                identity: identity.name().to_owned(),
                principal: principal.clone(),
                expires_at: expires.map(timestamp),
                aws_requests: aws_requests(requests),
                without_token: no_token_reason.clone(),
            },
            Provenance::Secret { names, warnings, identity, principal, stale } => {
                let SecretNames { arn, version_id, account, region, stage, requests } = &**names;
                Self::Secret {
                    arn: arn.clone(),
                    version_id: Some(version_id.clone()),
                    stage: stage.clone(),
                    warnings: warnings.iter().map(|warning| Printable::new(&warning.to_string())).collect(),
                    account: account.clone(),
                    region: region.clone(),
                    region_source: None,
                    identity: identity.name().to_owned(),
                    principal: principal.clone(),
                    stale_seconds: stale.map(|age| age.as_secs()),
                    aws_requests: aws_requests(requests),
                }
            }
        }
    }
}

impl From<&Need> for CredentialReport {
    fn from(need: &Need) -> Self {
        match need {
            Need::Anonymous => Self::Anonymous,
            Need::HostLogin(login) => Self::from(login),
            Need::Ecr { registry, identity } => Self::Ecr {
                account: registry.account.clone(),
                region: registry.region.to_string(),
                identity: identity.name().to_owned(),
                principal: None,
                expires_at: None,
                aws_requests: Vec::new(),
            },
            Need::EcrPublic { identity } => Self::EcrPublic {
                identity: identity.name().to_owned(),
                principal: None,
                expires_at: None,
                aws_requests: Vec::new(),
                without_token: None,
            },
            Need::Secret { parameter, identity } => Self::Secret {
                arn: Printable::new(parameter.as_str()),
                version_id: None,
                stage: None,
                warnings: Vec::new(),
                account: parameter.account().map(str::to_owned),
                region: parameter.region().map(ToString::to_string),
                region_source: None,
                identity: identity.name().to_owned(),
                principal: None,
                stale_seconds: None,
                aws_requests: Vec::new(),
            },
        }
    }
}

impl CredentialReport {
    /// In a dry run, adds the host's Region to a secret that is named without one.
    pub(super) fn set_host_region(&mut self, HostRegion { name, source }: &HostRegion) {
        if let Self::Secret { region: region @ None, region_source, .. } = self {
            region.clone_from(name);
            *region_source = Some(source.clone());
        }
    }
}

impl From<&HostLogin> for CredentialReport {
    fn from(login: &HostLogin) -> Self {
        Self::Instance { source: login.source.to_string(), matched: Printable::new(&login.scope) }
    }
}

fn aws_requests(requests: &[AwsRequest]) -> Vec<AwsRequestReport> {
    let report = |AwsRequest { operation, id }: &AwsRequest| AwsRequestReport {
        operation: (*operation).to_owned(),
        id: id.clone(),
    };
    requests.iter().map(report).collect()
}
