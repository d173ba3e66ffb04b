//! ECR and ECR Public, JSON 1.1: `GetAuthorizationToken` of each.
//!
//! Neither permission is about one repository: only a policy for `*` gives it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::access::{Access, ResourcePolicy};
use super::answer::{Answer, Protocol, ServiceError};
use super::world::{Asked, Service, World};

pub const SERVICE: Service = Service {
    name: "ecr",
    protocol: Protocol::Json,
    target_prefix: "AmazonEC2ContainerRegistry_V20150921.",
    answer: private,
};

pub const PUBLIC: Service =
    Service { name: "ecr-public", protocol: Protocol::Json, target_prefix: "SpencerFrontendService.", answer: public };

/// How long a token lasts, in seconds.
pub const TOKEN_LIFE: i64 = 43_200;

fn private(world: &mut World, asked: &Asked) -> Answer {
    known(asked)?;
    allowed(asked, "ecr:GetAuthorizationToken")?;
    // `registryIds` is deprecated, and nobody here is to send it.
    assert!(!asked.parameters.contains_key("registryIds"), "registryIds was sent");
    let endpoint = format!("https://{}.dkr.ecr.{}.amazonaws.com", asked.caller.account(), asked.region);
    let mut data = token(world, asked);
    data["proxyEndpoint"] = json!(endpoint);
    Ok(json!({ "authorizationData": [data] }).to_string())
}

/// It is in one Region only, and gives one token where the other one gives a list.
fn public(world: &mut World, asked: &Asked) -> Answer {
    known(asked)?;
    if asked.region != "us-east-1" {
        return Err(ServiceError::new(400, "UnsupportedCommandException", "not in this Region"));
    }
    allowed(asked, "ecr-public:GetAuthorizationToken")?;
    allowed(asked, "sts:GetServiceBearerToken")?;
    Ok(json!({ "authorizationData": token(world, asked) }).to_string())
}

fn known(asked: &Asked) -> Result<(), ServiceError> {
    match asked.operation.as_str() {
        "GetAuthorizationToken" => Ok(()),
        other => Err(ServiceError::new(400, "UnknownOperationException", other)),
    }
}

fn allowed(asked: &Asked, action: &str) -> Result<(), ServiceError> {
    // A decision is about an ARN; none of a repository is meant.
    let (partition, account) = (asked.caller.parts().partition, asked.caller.account());
    let any = format!("arn:{partition}:ecr:{}:{account}:any", asked.region);
    let rule = ResourcePolicy::MayAllow;
    let access = Access { action, resource: &any, region: &asked.region, context: Vec::new(), rule };
    let decided = access.decide(&asked.caller, None);
    decided
        .map_err(|denied| ServiceError::new(400, "AccessDeniedException", denied.sentence(&asked.caller, action, "*")))
}

/// Every call gives another one: `token-1`, `token-2`, …
fn token(world: &mut World, asked: &Asked) -> serde_json::Value {
    world.tokens += 1;
    let token = STANDARD.encode(format!("AWS:token-{}", world.tokens));
    json!({ "authorizationToken": token, "expiresAt": asked.now + world.token_life })
}
