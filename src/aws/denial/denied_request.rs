//! A denied request with what can be derived from its names.

use super::safe_arn::{SafeArn, is_word};
use crate::task::{self, SecretArn};

/// The caller, the action, the resource and the Region of a denied request.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeniedRequest<'a> {
    pub principal: Option<SafeArn<'a>>,
    pub action: Option<&'a str>,
    /// An ARN, the name of a secret, or `*`.
    pub resource: Option<&'a str>,
    pub region: Option<&'a str>,
    /// Whether a secret was read by its bare name, which AWS looks up in the caller's account.
    pub reads_by_name: bool,
}

impl<'a> DeniedRequest<'a> {
    /// The action in a sentence.
    pub(super) fn action_text(&self) -> &'a str {
        self.action.unwrap_or("the request")
    }

    /// The actions that the caller needs. A token of ECR Public is a bearer token of STS.
    pub(super) fn needed_actions(&self) -> &'a str {
        match self.action {
            Some("ecr-public:GetAuthorizationToken" | "sts:GetServiceBearerToken") => {
                "ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken"
            }
            _ => self.action_text(),
        }
    }

    /// Whether resources of the service have policies of their own.
    pub(super) fn has_resource_policy(&self) -> bool {
        self.resource != Some("*") && matches!(self.service(), "secretsmanager" | "kms" | "ecr" | "s3" | "sts")
    }

    /// The service in the action, such as `secretsmanager`.
    pub(super) fn service(&self) -> &'a str {
        self.action.and_then(|action| action.split(':').next()).unwrap_or_default()
    }

    /// The resource as an ARN without patterns.
    pub(super) fn arn(&self) -> Option<SafeArn<'a>> {
        self.resource.and_then(SafeArn::parse)
    }

    /// The ARN or name by which a command finds the resource.
    pub(super) fn id(&self) -> Option<&'a str> {
        self.resource.filter(|resource| is_word(resource))
    }

    /// The Region of the resource, else the one where the request was sent.
    pub(super) fn region(&self) -> Option<&'a str> {
        self.arn().map(|arn| arn.region).filter(|region| !region.is_empty()).or(self.region)
    }

    /// The account of the caller.
    pub(super) fn account(&self) -> Option<&'a str> {
        self.principal.map(|principal| principal.account).filter(|account| task::is_account_id(account))
    }

    /// The account that owns the resource.
    pub(super) fn owner(&self) -> Option<&'a str> {
        self.arn().map(|arn| arn.account).filter(|account| task::is_account_id(account))
    }

    /// Whether caller and resource are known to belong to different accounts.
    pub(super) fn crosses_accounts(&self) -> bool {
        matches!((self.account(), self.owner()), (Some(account), Some(owner)) if account != owner)
    }

    /// The identity whose policies the operator can change.
    pub(super) fn holder(&self) -> String {
        match self.principal {
            Some(SafeArn { service: "sts", account, .. }) if self.role_name().is_some() => {
                format!("the role {} of account {account}", self.role_name().unwrap_or_default())
            }
            Some(principal) => principal.text.to_owned(),
            None => "the host's identity (instance role, task role or user)".to_owned(),
        }
    }

    /// The name of the caller's role, without its path.
    pub(super) fn role_name(&self) -> Option<&'a str> {
        self.principal.and_then(|principal| principal.role_name())
    }

    /// The resource as a policy has to name it. Secrets Manager appends a hyphen and six characters
    /// to a secret's name, so a policy needs the full ARN or six wildcards (A17).
    pub(super) fn policy_resource(&self) -> String {
        match (self.service(), self.resource) {
            (_, Some("*")) => "Resource `*`".to_owned(),
            ("secretsmanager", Some(name)) if !name.starts_with("arn:") => {
                let region = self.region.unwrap_or("REGION");
                let partition = task::Region::parse(region).map_or("aws", |region| region.partition());
                let account = self.account().unwrap_or("ACCOUNT");
                format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-??????")
            }
            ("secretsmanager", Some(arn)) if is_partial(arn) => format!("{arn}-??????"),
            (_, Some(resource)) => resource.to_owned(),
            ("kms", None) => "the key of the ciphertext".to_owned(),
            (_, None) => "the resource".to_owned(),
        }
    }

    /// The kind of the resource, in a sentence.
    pub(super) fn resource_noun(&self) -> &'static str {
        match self.service() {
            "secretsmanager" => "secret",
            "kms" => "key",
            "ecr" | "ecr-public" => "repository",
            "s3" => "bucket",
            "sts" => "role",
            _ => "resource",
        }
    }

    /// What the policy of the resource is called.
    pub(super) fn resource_policy(&self) -> String {
        match self.service() {
            "secretsmanager" => "the secret's resource policy".to_owned(),
            "sts" => "the trust policy of the role".to_owned(),
            _ => format!("the {}'s own policy", self.resource_noun()),
        }
    }

    /// The name of the service in a sentence.
    pub(super) fn service_name(&self) -> &'static str {
        match self.service() {
            "secretsmanager" => "Secrets Manager",
            "kms" => "KMS",
            "sts" => "STS",
            "ecr" => "ECR",
            "ecr-public" => "ECR Public",
            "s3" => "S3",
            "ecs" => "ECS",
            _ => "the service",
        }
    }
}

/// Whether an ARN of a secret lacks the six random characters.
fn is_partial(arn: &str) -> bool {
    SecretArn::parse(arn).is_ok_and(|arn| !arn.ends_like_a_full_arn())
}
