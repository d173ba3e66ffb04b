//! What resolves a denial: the policy to change, who can change it, and the command that shows it.

use super::candidates;
use super::denied_request::DeniedRequest;
use super::policy_commands::{resource_policy, show};
use super::policy_decision::{PolicyDecision, PolicyKind};

/// The hint for a denial. `policy` is the policy that AWS names.
pub(super) fn hint(request: &DeniedRequest<'_>, decision: PolicyDecision, policy: Option<&str>) -> String {
    match decision {
        PolicyDecision::NotAllowed(kind) => allow(request, kind, policy),
        PolicyDecision::ExplicitDeny(Some(kind)) => remove_deny(request, kind, policy),
        PolicyDecision::ExplicitDeny(None) => candidates::of_an_explicit_deny(request),
        PolicyDecision::AbsentOrNotAllowed => candidates::of_a_key(request),
        PolicyDecision::Unstated => candidates::of_a_denial(request),
    }
}

fn allow(request: &DeniedRequest<'_>, kind: PolicyKind, policy: Option<&str>) -> String {
    let (action, holder, target) = (request.action_text(), request.holder(), request.policy_resource());
    let shown = shown(request, kind, policy);
    match kind {
        PolicyKind::Identity => allow_identity(request, &shown),
        PolicyKind::Resource => {
            let (resource_policy, owner) = (request.resource_policy(), owner(request));
            let context =
                if request.service() == "kms" { " (a condition on the encryption context counts too)" } else { "" };
            format!("{resource_policy} must allow {action} to {holder}{context}{owner}{shown}")
        }
        PolicyKind::PermissionsBoundary => format!(
            "the permissions boundary of {holder} must allow {action} on {target}; an allow in its other policies does not help{shown}"
        ),
        PolicyKind::Session => session_policy(request, "must allow"),
        PolicyKind::VpcEndpoint => {
            format!("{} must allow {action} on {target}{shown}", endpoint_policy(request))
        }
        PolicyKind::ServiceControl | PolicyKind::ResourceControl => format!(
            "{} must allow {action}; an allow in the account's own policies does not help{}",
            control_policy(request, kind),
            shown_to_the_organization(request, kind, policy)
        ),
        PolicyKind::RoleTrust => format!("the trust policy of {target} must name {holder} as a principal{shown}"),
    }
}

/// The one kind of denial that an "allow" for the caller resolves.
fn allow_identity(request: &DeniedRequest<'_>, shown: &str) -> String {
    let (action, holder, target) = (request.needed_actions(), request.holder(), request.policy_resource());
    let mut hint = format!("allow {action} on {target} in an identity-based policy of {holder}{shown}");
    if request.crosses_accounts() {
        hint += &format!("; {} must allow it too{}", request.resource_policy(), owner(request));
        hint += &resource_policy(request).map(|command| format!(": {command}")).unwrap_or_default();
    } else if request.reads_by_name {
        let account = request.account().map(|account| format!(" ({account})")).unwrap_or_default();
        hint += &format!(
            "; a bare name is looked up in the caller's own account{account}: give the full ARN of a secret of another account"
        );
    } else if action == "ecr:GetAuthorizationToken" {
        hint += "; a repository's policy cannot grant it";
    }
    hint
}

fn remove_deny(request: &DeniedRequest<'_>, kind: PolicyKind, policy: Option<&str>) -> String {
    let (action, holder, target) = (request.action_text(), request.holder(), request.policy_resource());
    let shown = shown(request, kind, policy);
    let remove =
        format!("no allow overrides an explicit deny: remove the deny of {action} on {target}, or except this caller,");
    match kind {
        PolicyKind::Identity => format!("{remove} in the identity-based policies of {holder}{shown}"),
        PolicyKind::Resource => format!("{remove} in {}{}{shown}", request.resource_policy(), owner(request)),
        PolicyKind::PermissionsBoundary => format!("{remove} in the permissions boundary of {holder}{shown}"),
        PolicyKind::Session => session_policy(request, "must not deny"),
        PolicyKind::VpcEndpoint => format!("{remove} in {}{shown}", endpoint_policy(request)),
        PolicyKind::ServiceControl | PolicyKind::ResourceControl => {
            format!("{remove} in {}{}", control_policy(request, kind), shown_to_the_organization(request, kind, policy))
        }
        PolicyKind::RoleTrust => format!("{remove} in the trust policy of {target}{shown}"),
    }
}

/// A session policy belongs to the credentials, so no policy of the role resolves it.
fn session_policy(request: &DeniedRequest<'_>, verb: &str) -> String {
    format!(
        "the session policy {verb} {} on {}; it was set when the credentials of {} were issued (Policy or PolicyArns of AssumeRole, an activation, a credential process), so change it there: the policies of the role do not help",
        request.action_text(),
        request.policy_resource(),
        request.principal.map_or("the session", |principal| principal.text),
    ) + &show(request, PolicyKind::Session, None)
        .map(|command| format!("; {command} shows these calls"))
        .unwrap_or_default()
}

fn endpoint_policy(request: &DeniedRequest<'_>) -> String {
    format!("the policy of the VPC endpoint through which this host reaches {}", request.service_name())
}

fn control_policy(request: &DeniedRequest<'_>, kind: PolicyKind) -> String {
    let account = match kind {
        PolicyKind::ResourceControl => request.owner().or(request.account()),
        _ => request.account(),
    };
    let account = account.map_or("the account".to_owned(), |account| format!("account {account}"));
    let plural = if kind == PolicyKind::ResourceControl { "resource" } else { "service" };
    format!("the organization's {plural} control policies for {account}")
}

/// Only the organization's administrators can see and change its policies.
fn shown_to_the_organization(request: &DeniedRequest<'_>, kind: PolicyKind, policy: Option<&str>) -> String {
    let administrators = "; only an administrator of the organization can change them";
    match show(request, kind, policy) {
        Some(command) => format!("{administrators}, in its management account: {command}"),
        None => administrators.to_owned(),
    }
}

/// The command that shows the policy, after a colon.
fn shown(request: &DeniedRequest<'_>, kind: PolicyKind, policy: Option<&str>) -> String {
    show(request, kind, policy).map(|command| format!(": {command}")).unwrap_or_default()
}

fn owner(request: &DeniedRequest<'_>) -> String {
    match request.owner() {
        Some(owner) if request.crosses_accounts() => {
            format!("; the {} belongs to account {owner}, whose administrators change it", request.resource_noun())
        }
        _ => String::new(),
    }
}
