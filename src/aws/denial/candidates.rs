//! The policies that may have denied a request, in the order of likelihood, where AWS does not name
//! one.

use super::denied_request::DeniedRequest;
use super::policy_commands::{resource_policy, show, trust_policy, vpc_endpoint};
use super::policy_decision::PolicyKind;

/// A denial without a reason: most often an identity-based policy lacks the permission.
pub(super) fn of_a_denial(request: &DeniedRequest<'_>) -> String {
    if request.service() == "sts" {
        return of_assume_role(request);
    }
    let (action, holder, target) = (request.needed_actions(), request.holder(), request.policy_resource());
    let mut steps = vec![format!(
        "an identity-based policy of {holder} must allow {action} on {target}{}",
        command(show(request, PolicyKind::Identity, None))
    )];
    if request.reads_by_bare_name() {
        steps.push(
            "a secret of another account is read by its full ARN only, and its resource policy must allow it too"
                .to_owned(),
        );
    } else if request.has_resource_policy() {
        let condition = match request.owner() {
            _ if request.crosses_accounts() => String::new(),
            Some(owner) if request.account().is_none() => format!("if that identity is not in account {owner}, "),
            _ => format!("if the {} belongs to another account, ", request.resource_noun()),
        };
        let policy = request.resource_policy();
        steps.push(format!("{condition}{policy} must allow it too{}", command(resource_policy(request))));
    }
    let endpoint = command(vpc_endpoint(request));
    steps.push(format!(
        "a permissions boundary, the organization or the policy of the VPC endpoint may forbid it{endpoint}"
    ));
    format!("AWS does not say which policy is missing; check in this order: {}", numbered(&steps))
}

/// STS gives the same answer for a role that does not exist, for a trust policy that does not name
/// the caller, and for a caller without the permission.
fn of_assume_role(request: &DeniedRequest<'_>) -> String {
    let (action, holder, role) = (request.action_text(), request.holder(), request.policy_resource());
    let trust = request.arn().and_then(|role| trust_policy(&role));
    let steps = [
        format!("{role} must exist, and its trust policy must name {holder} as a principal{}", command(trust)),
        format!(
            "an identity-based policy of {holder} must allow {action} on it{}",
            command(show(request, PolicyKind::Identity, None))
        ),
    ];
    format!("STS does not say what is missing; check in this order: {}", numbered(&steps))
}

/// An explicit deny in a policy of unknown kind.
pub(super) fn of_an_explicit_deny(request: &DeniedRequest<'_>) -> String {
    let mut steps = vec![format!(
        "the identity-based policies of {}{}",
        request.holder(),
        command(show(request, PolicyKind::Identity, None))
    )];
    if request.has_resource_policy() {
        steps.push(format!("{}{}", request.resource_policy(), command(resource_policy(request))));
    }
    if let Some(endpoint) = vpc_endpoint(request) {
        steps.push(format!("the policy of the VPC endpoint: {endpoint}"));
    }
    let organization = show(request, PolicyKind::ServiceControl, None);
    steps.push(format!("the service control policies of the organization{}", command(organization)));
    format!(
        "no allow overrides an explicit deny: find the deny of {}, and remove it or except this caller; look in this order: {}",
        request.action_text(),
        numbered(&steps)
    )
}

/// KMS has one sentence for a key that is absent and for a key's policy that does not admit the
/// caller.
pub(super) fn of_a_key(request: &DeniedRequest<'_>) -> String {
    let (action, holder) = (request.action_text(), request.holder());
    let region = request.region().unwrap_or("that Region");
    let exists = request
        .arn()
        .zip(request.region())
        .map(|(key, region)| format!("`aws kms describe-key --region {region} --key-id {}`", key.text));
    let steps = [
        format!("the key must exist in {region}{}", command(exists)),
        format!(
            "the key's own policy must allow {action} to {holder}, and must not deny it (a condition on the encryption context counts too){}",
            command(resource_policy(request))
        ),
    ];
    format!("KMS does not say what is missing; check in this order: {}", numbered(&steps))
}

fn command(command: Option<String>) -> String {
    command.map(|command| format!(": {command}")).unwrap_or_default()
}

fn numbered(steps: &[String]) -> String {
    let steps = steps.iter().enumerate().map(|(index, step)| format!("({}) {step}", index + 1));
    steps.collect::<Vec<_>>().join("; ")
}
