//! Hints that several kinds of AWS errors share.

use crate::aws::denial::vpc_endpoints;
use crate::aws::{AwsCall, AwsResource, AwsService, Denial, PolicyDecision, PolicyKind};
use crate::identity::Identity;
use crate::task::KeyArn;

/// No source of the host has an identity.
pub(super) const FIND_HOST_IDENTITY: &str = "on EC2 attach an instance role (in a container the metadata hop limit must be 2), in a task configure a task role, elsewhere set up a profile: `aws sts get-caller-identity` must work as this user";

/// The host has an identity that does not work.
pub(super) const REPAIR_HOST_IDENTITY: &str = "`aws sts get-caller-identity` must work as this user: renew the access key or session, or correct what the message names";

/// AWS rejects the time of a request.
pub(super) const SET_THE_CLOCK: &str = "set the host's clock: `timedatectl` shows whether it is synchronized";

/// The service is throttling.
pub(super) const WAIT: &str = "wait and try again: all callers of this account and Region share the service's quota";

/// The service did not answer.
pub(super) fn try_again(service: AwsService, region: Option<&str>) -> String {
    format!("this may be temporary: try again; if it persists, {}", check_the_path(service, region))
}

/// The hint for a call that did not end before its deadline.
pub(super) fn raise_the_timeout(service: AwsService, region: Option<&str>) -> String {
    format!("{}; or raise secrets.timeout", check_the_path(service, region))
}

/// The path to a service, with the VPC endpoint that it may need.
fn check_the_path(service: AwsService, region: Option<&str>) -> String {
    let path = "check the network path to the service's endpoint (route, security group, proxy, VPC endpoint";
    let endpoint = match service {
        AwsService::Ecr => Some("ecr.api"),
        AwsService::EcrPublic => None,
        service => Some(service.policy_prefix()),
    };
    match endpoint.zip(region) {
        Some((endpoint, region)) => format!("{path}: {})", vpc_endpoints(region, endpoint)),
        None => format!("{path})"),
    }
}

/// What lets a caller assume a role. The external id counts only if a trust policy decides.
pub(super) fn allow_assume_role(identity: &Identity, denial: &Denial) -> String {
    let hint = denial.hint();
    let is_about_trust = !matches!(
        denial.decision(),
        PolicyDecision::NotAllowed(kind) | PolicyDecision::ExplicitDeny(Some(kind))
            if !matches!(kind, PolicyKind::RoleTrust | PolicyKind::Resource)
    );
    match identity {
        Identity::AccountRole(role) if is_about_trust => {
            let sent = match &role.external_id {
                Some(id) => format!("the external id `{id}` was sent"),
                None => "no external id was sent".to_owned(),
            };
            format!("{hint}; {sent} (identity.account), and sts:ExternalId in the trust policy must agree")
        }
        Identity::ExecutionRole(_) => {
            format!("{hint}; to use the host's identity instead, set identity.execution_role = \"ignore\"")
        }
        Identity::AccountRole(_) | Identity::Host => hint,
    }
}

/// How to allow the use of a secret's key. Secrets Manager does not name the key.
pub(super) fn allow_on_secret_key(call: AwsCall, holder: &str, region: &str, secret: &str) -> String {
    let permissions = match call {
        AwsCall::GetSecretValue => "kms:Decrypt",
        _ => "kms:GenerateDataKey and kms:Decrypt",
    };
    format!(
        "allow {permissions} on the secret's key in an identity-based policy of {holder}, and let the key's own policy admit it: `aws secretsmanager describe-secret --region {region} --secret-id {secret} --query KmsKeyId` names the key"
    )
}

/// The key of a secret cannot be used in its present state.
pub(super) fn check_the_key(region: &str, secret: &str) -> String {
    format!(
        "check that the key is enabled and not pending deletion: `aws kms describe-key --region {region} --key-id $(aws secretsmanager describe-secret --region {region} --secret-id {secret} --query KmsKeyId --output text)`"
    )
}

/// The command that enables a disabled key.
pub(super) fn enable_key(region: &str, resource: &AwsResource, message: &str) -> String {
    match key_id(resource, message) {
        Some(key) => format!("enable it: `aws kms enable-key --region {region} --key-id {key}`"),
        None => "enable the key that the message names".to_owned(),
    }
}

/// The commands that show the state of a key and cancel its deletion.
pub(super) fn cancel_key_deletion(region: &str, resource: &AwsResource, message: &str) -> String {
    match key_id(resource, message) {
        Some(key) => format!(
            "`aws kms describe-key --region {region} --key-id {key}` shows its state; a deletion can be cancelled: `aws kms cancel-key-deletion --region {region} --key-id {key}`"
        ),
        None => "cancel the deletion of the key that the message names".to_owned(),
    }
}

/// The ARN of the key: the one in KMS's message, which is never an alias, else the resource.
fn key_id(resource: &AwsResource, message: &str) -> Option<KeyArn> {
    let named = message
        .split_whitespace()
        .find_map(|word| KeyArn::parse(word.trim_matches(|c: char| !c.is_ascii_alphanumeric())).ok());
    match resource {
        AwsResource::Key(key) => named.or_else(|| Some(key.clone())),
        _ => named,
    }
}
