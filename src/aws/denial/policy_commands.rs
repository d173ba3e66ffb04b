//! Commands that show a policy, complete with names and Region.
//!
//! Each function returns `None` if a name that the command needs is not known.

use super::denied_request::DeniedRequest;
use super::policy_decision::PolicyKind;
use super::safe_arn::{SafeArn, is_word};

/// The command that shows the policy that denied the request. `policy` is the policy that AWS names.
pub(super) fn show(request: &DeniedRequest<'_>, kind: PolicyKind, policy: Option<&str>) -> Option<String> {
    if let Some(command) = policy.and_then(named_policy) {
        return Some(command);
    }
    match kind {
        PolicyKind::Identity => identity_policies(request),
        PolicyKind::Resource => resource_policy(request),
        PolicyKind::PermissionsBoundary => boundary(request),
        PolicyKind::Session => Some(session_start(request)),
        PolicyKind::VpcEndpoint => vpc_endpoint(request),
        PolicyKind::ServiceControl => control_policies(request.account()?, "SERVICE_CONTROL_POLICY"),
        PolicyKind::ResourceControl => {
            control_policies(request.owner().or(request.account())?, "RESOURCE_CONTROL_POLICY")
        }
        PolicyKind::RoleTrust => trust_policy(&request.arn()?),
    }
}

/// A policy by its ARN. The document of a managed policy is shown by version only.
fn named_policy(policy: &str) -> Option<String> {
    let arn = SafeArn::parse(policy)?;
    match arn.service {
        "organizations" => {
            let id = arn.resource.rsplit('/').next().filter(|id| is_word(id))?;
            Some(format!("`aws organizations describe-policy --policy-id {id}`"))
        }
        "iam" if arn.resource.starts_with("policy/") => Some(format!(
            "`aws iam get-policy-version --policy-arn {policy} --version-id $(aws iam get-policy --policy-arn {policy} --query Policy.DefaultVersionId --output text)`"
        )),
        _ => None,
    }
}

fn identity_policies(request: &DeniedRequest<'_>) -> Option<String> {
    let (noun, name) = entity(request)?;
    Some(format!(
        "`aws iam list-attached-{noun}-policies --{noun}-name {name}` and `aws iam list-{noun}-policies --{noun}-name {name}`"
    ))
}

fn boundary(request: &DeniedRequest<'_>) -> Option<String> {
    let (noun, name) = entity(request)?;
    let entity = if noun == "role" { "Role" } else { "User" };
    Some(format!("`aws iam get-{noun} --{noun}-name {name} --query {entity}.PermissionsBoundary`"))
}

/// `role` or `user`, and its name.
fn entity<'a>(request: &DeniedRequest<'a>) -> Option<(&'static str, &'a str)> {
    let principal = request.principal?;
    let role = principal.role_name().map(|name| ("role", name));
    role.or_else(|| principal.user_name().map(|name| ("user", name)))
}

/// The policy of a secret, key, repository, bucket or role.
pub(super) fn resource_policy(request: &DeniedRequest<'_>) -> Option<String> {
    let region = request.region();
    match request.service() {
        "secretsmanager" => {
            let (region, id) = (region?, request.id()?);
            Some(format!("`aws secretsmanager get-resource-policy --region {region} --secret-id {id}`"))
        }
        "kms" => {
            let (region, arn) = (region?, request.arn()?.text);
            Some(format!("`aws kms get-key-policy --region {region} --key-id {arn} --policy-name default`"))
        }
        "ecr" => {
            let (region, arn) = (region?, request.arn()?);
            let (account, name) = (arn.account, arn.resource.strip_prefix("repository/")?);
            Some(format!(
                "`aws ecr get-repository-policy --region {region} --registry-id {account} --repository-name {name}`"
            ))
        }
        "s3" => {
            let bucket = request.arn()?.resource.split('/').next()?;
            Some(format!("`aws s3api get-bucket-policy --bucket {bucket}`"))
        }
        "sts" => trust_policy(&request.arn()?),
        _ => None,
    }
}

/// The trust policy of a role. It also shows whether the role exists.
pub(super) fn trust_policy(role: &SafeArn<'_>) -> Option<String> {
    let name = role.role_name()?;
    Some(format!("`aws iam get-role --role-name {name} --query Role.AssumeRolePolicyDocument`"))
}

/// The calls that issued sessions. No other API shows the session policy that they set.
fn session_start(request: &DeniedRequest<'_>) -> String {
    let region = request.region().map(|region| format!("--region {region} ")).unwrap_or_default();
    format!(
        "`aws cloudtrail lookup-events {region}--lookup-attributes AttributeKey=EventName,AttributeValue=AssumeRole --max-items 20`"
    )
}

/// The policies of the VPC endpoints of the service in the Region.
pub(super) fn vpc_endpoint(request: &DeniedRequest<'_>) -> Option<String> {
    let (region, service) = (request.region()?, endpoint_service(request)?);
    Some(vpc_endpoints(region, service))
}

/// The command that shows the VPC endpoints of a service, such as `ecr.api`, with their policies.
/// China's services have two forms of names.
pub(in crate::aws) fn vpc_endpoints(region: &str, service: &str) -> String {
    let prefix = if region.starts_with("cn-") { "*" } else { "com.amazonaws" };
    format!(
        "`aws ec2 describe-vpc-endpoints --region {region} --filters 'Name=service-name,Values={prefix}.{region}.{service}'`"
    )
}

/// The service in the name of a VPC endpoint. ECR's images go through another one than its API.
fn endpoint_service<'a>(request: &DeniedRequest<'a>) -> Option<&'a str> {
    match (request.service(), request.action.and_then(|action| action.split(':').nth(1)).unwrap_or_default()) {
        ("ecr", "BatchGetImage" | "GetDownloadUrlForLayer" | "BatchCheckLayerAvailability") => Some("ecr.dkr"),
        ("ecr", _) => Some("ecr.api"),
        (service @ ("secretsmanager" | "kms" | "sts" | "s3" | "ecs"), _) => Some(service),
        _ => None,
    }
}

fn control_policies(account: &str, kind: &str) -> Option<String> {
    is_word(account)
        .then(|| format!("`aws organizations list-policies-for-target --target-id {account} --filter {kind}`"))
}
