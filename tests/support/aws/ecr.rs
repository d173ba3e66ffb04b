//! ECR and ECR Public, JSON 1.1: `GetAuthorizationToken` of each.
//!
//! Neither permission is about one repository: only a policy for `*` grants it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::access::{AccessRequest, ResourcePolicy};
use super::protocol::{Protocol, ServiceError, ServiceResult};
use super::state::{AwsState, Service, ServiceCall};

pub const SERVICE: Service = Service {
    name: "ecr",
    protocol: Protocol::Json,
    target_prefix: "AmazonEC2ContainerRegistry_V20150921.",
    answer: private,
};

pub const PUBLIC: Service =
    Service { name: "ecr-public", protocol: Protocol::Json, target_prefix: "SpencerFrontendService.", answer: public };

/// Default lifetime of a token, in seconds.
pub const TOKEN_LIFETIME: i64 = 43_200;

fn private(state: &mut AwsState, call: &ServiceCall) -> ServiceResult {
    check_operation(call)?;
    check_permission(call, "ecr:GetAuthorizationToken")?;
    // `registryIds` is deprecated, and taskpull must not send it.
    assert!(!call.parameters.contains_key("registryIds"), "registryIds was sent");
    let endpoint = format!("https://{}.dkr.ecr.{}.amazonaws.com", call.caller.account(), call.region);
    let mut data = token(state, call);
    data["proxyEndpoint"] = json!(endpoint);
    Ok(json!({ "authorizationData": [data] }).to_string())
}

/// ECR Public exists in one Region only, and returns one token where ECR returns a list.
fn public(state: &mut AwsState, call: &ServiceCall) -> ServiceResult {
    check_operation(call)?;
    if call.region != "us-east-1" {
        return Err(ServiceError::new(400, "UnsupportedCommandException", "not in this Region"));
    }
    check_permission(call, "ecr-public:GetAuthorizationToken")?;
    check_permission(call, "sts:GetServiceBearerToken")?;
    Ok(json!({ "authorizationData": token(state, call) }).to_string())
}

fn check_operation(call: &ServiceCall) -> Result<(), ServiceError> {
    match call.operation.as_str() {
        "GetAuthorizationToken" => Ok(()),
        other => Err(ServiceError::new(400, "UnknownOperationException", other)),
    }
}

fn check_permission(call: &ServiceCall, action: &str) -> Result<(), ServiceError> {
    // A decision needs an ARN, but this action is not about a repository.
    let (partition, account) = (call.caller.parts().partition, call.caller.account());
    let any = format!("arn:{partition}:ecr:{}:{account}:any", call.region);
    let rule = ResourcePolicy::MayAllow;
    let access = AccessRequest { action, resource: &any, region: &call.region, context: Vec::new(), rule };
    let decision = access.decide(&call.caller, None);
    decision
        .map_err(|denied| ServiceError::new(400, "AccessDeniedException", denied.sentence(&call.caller, action, "*")))
}

/// Returns a different token for each call: `token-1`, `token-2`, …
fn token(state: &mut AwsState, call: &ServiceCall) -> serde_json::Value {
    state.tokens += 1;
    let token = STANDARD.encode(format!("AWS:token-{}", state.tokens));
    json!({ "authorizationToken": token, "expiresAt": call.now + state.token_lifetime })
}
