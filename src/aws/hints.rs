//! Hints that several kinds of AWS errors share.

use crate::identity::Identity;
use crate::task::{CredentialsParameter, Region};

/// No source of the host has an identity.
pub(super) const FIND_HOST_IDENTITY: &str = "on EC2 attach an instance role (in a container the metadata hop limit must be 2), in a task configure a task role, elsewhere set up a profile: `aws sts get-caller-identity` must work as this user";

/// The host has an identity that does not work.
pub(super) const REPAIR_HOST_IDENTITY: &str = "`aws sts get-caller-identity` must work as this user: renew the access key or session, or correct what the message names";

/// AWS rejects the time of a request.
pub(super) const SET_THE_CLOCK: &str = "set the host's clock: `timedatectl` shows whether it is synchronized";

/// The service did not answer, or is throttling.
pub(super) const TRY_AGAIN: &str = "this may be temporary: try again; if it persists, check the network path to the service's endpoint (route, VPC endpoint, proxy)";

/// The deadline passed.
pub(super) const CHECK_THE_PATH: &str =
    "check the network path to the service's endpoint (route, VPC endpoint, proxy), or raise secrets.timeout";

/// A key cannot be used in its present state.
pub(super) const CHECK_THE_KEY: &str =
    "check that the key is enabled and not pending deletion: `aws kms describe-key --key-id KEY`";

/// The policies that permit a caller to assume a role. STS never states which of the two is
/// missing.
pub(super) fn allow_assume_role(identity: &Identity) -> String {
    let caller = match identity.assumed_by().as_ref().and_then(Identity::role) {
        Some(role) => role.to_string(),
        None => "the host".to_owned(),
    };
    let policies = format!(
        "the trust policy of {identity} must name the principal of {caller}, and the policy of {caller} must allow sts:AssumeRole on it"
    );
    match identity {
        Identity::AccountRole(role) => {
            let sent = match &role.external_id {
                Some(id) => format!("the external id `{id}` was sent"),
                None => "no external id was sent".to_owned(),
            };
            format!("{policies}; {sent} (identity.account), and sts:ExternalId in the trust policy must agree")
        }
        Identity::Host | Identity::ExecutionRole(_) => {
            format!("{policies}; to use the host's identity instead, set identity.execution_role = \"ignore\"")
        }
    }
}

/// The identity whose policy the operator has to change.
pub(super) fn policy_holder(identity: &Identity) -> String {
    match identity {
        Identity::Host => "the host's identity (instance role, task role or user)".to_owned(),
        Identity::ExecutionRole(_) | Identity::AccountRole(_) => identity.to_string(),
    }
}

/// Allows a call on a secret. The service appends a hyphen and six characters to a secret's name,
/// so a policy needs the full ARN or six wildcards (A17).
pub(super) fn allow_on_secret(
    permission: &str,
    secret: &CredentialsParameter,
    region: &str,
    identity: &Identity,
) -> String {
    let holder = policy_holder(identity);
    match secret {
        CredentialsParameter::Arn(arn) => {
            let (wildcards, account) = (if arn.ends_like_a_full_arn() { "" } else { "-??????" }, arn.account());
            format!(
                "allow {permission} on {arn}{wildcards} in the policy of {holder}; if that identity is not in account {account}, the secret's resource policy must allow it too"
            )
        }
        CredentialsParameter::Name(name) => {
            let partition = Region::parse(region).map_or("aws", |region| region.partition());
            format!(
                "allow {permission} on arn:{partition}:secretsmanager:{region}:ACCOUNT:secret:{name}-?????? in the policy of {holder}"
            )
        }
    }
}

/// Allows a call on a KMS key.
pub(super) fn allow_on_key(permission: &str, key: &str, holder: &str) -> String {
    format!(
        "allow {permission} on {key} in the policy of {holder}, and let the key's own policy admit it (a condition on the encryption context counts too)"
    )
}

/// Where to look for a secret that was not found.
pub(super) fn find_secret(secret: &CredentialsParameter) -> String {
    match secret {
        CredentialsParameter::Name(_) => {
            "a name is looked up in the account and Region of the caller: compare `aws secretsmanager list-secrets`, or give the full ARN".to_owned()
        }
        CredentialsParameter::Arn(arn) => format!(
            "compare `aws secretsmanager list-secrets --region {}` in account {}; a partial ARN must match exactly one secret",
            arn.region(),
            arn.account()
        ),
    }
}
