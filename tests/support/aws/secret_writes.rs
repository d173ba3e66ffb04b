//! The calls of Secrets Manager that create, update and describe secrets: `CreateSecret`,
//! `PutSecretValue`, `DescribeSecret`, `ReplicateSecretToRegions`.

use serde_json::{Value, json};

use super::access::{AccessRequest, ResourcePolicy};
use super::protocol::{ServiceError, ServiceResult};
use super::secret::Secret;
use super::secretsmanager::{find, forbidden, full_arn, invalid, not_found};
use super::state::{AwsState, ServiceCall};

/// Maximum length of a value, in bytes.
const VALUE_LIMIT: usize = 65_536;

pub fn answer(state: &mut AwsState, call: &ServiceCall) -> ServiceResult {
    let body = match call.operation.as_str() {
        "CreateSecret" => create(state, call)?,
        "PutSecretValue" => put(state, call)?,
        "DescribeSecret" => describe(state, call)?,
        "ReplicateSecretToRegions" => replicate(state, call)?,
        other => return Err(ServiceError::new(400, "UnknownOperationException", other)),
    };
    Ok(body.to_string())
}

fn create(state: &mut AwsState, call: &ServiceCall) -> Result<Value, ServiceError> {
    let name = call.text("Name").ok_or_else(|| invalid("You must provide a Name."))?;
    // The six characters are fixed, so that a test can name the ARN.
    let arn = format!("{}-Nw1Scr", full_arn(call, name));
    check_permission(call, &arn, name, None)?;
    if let Some(existing) = find(state, call, name) {
        return Err(if existing.marked_for_deletion {
            invalid("You can't create this secret because a secret with this name is already scheduled for deletion.")
        } else {
            let message = format!("The operation failed because the secret {name} already exists.");
            ServiceError::new(400, "ResourceExistsException", message)
        });
    }
    let mut secret = Secret::text(&arn, value(call)?);
    if let Some(key) = call.text("KmsKeyId") {
        assert!(state.keys.contains_key(key), "no such key: {key}");
        secret = secret.key(key);
    }
    call.text("Description").unwrap_or_default().clone_into(&mut secret.description);
    for tag in call.parameters.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| tag[key].as_str().expect("a text").to_owned();
        secret.tags.push((text("Key"), text("Value")));
    }
    let body = json!({ "ARN": arn, "Name": name, "VersionId": secret.versions[0].id });
    state.secrets.insert(arn, secret);
    Ok(body)
}

fn put(state: &mut AwsState, call: &ServiceCall) -> Result<Value, ServiceError> {
    let (id, arn) = find_permitted(state, call)?;
    let secret = state.secrets.get_mut(&arn).expect("it was found");
    if secret.marked_for_deletion {
        return Err(invalid("You can't perform this operation on the secret because it was marked for deletion."));
    }
    if secret.primary_region.is_some() {
        return Err(invalid(
            "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
        ));
    }
    let version = secret.rotate(value(call)?);
    Ok(json!({ "ARN": arn, "Name": id, "VersionId": version, "VersionStages": ["AWSCURRENT"] }))
}

fn describe(state: &AwsState, call: &ServiceCall) -> Result<Value, ServiceError> {
    let (_, arn) = find_permitted(state, call)?;
    let secret = &state.secrets[&arn];
    let stages: serde_json::Map<String, Value> =
        secret.versions.iter().map(|version| (version.id.clone(), json!(version.stages))).collect();
    let tags: Vec<_> = secret.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let mut body = json!({
        "ARN": arn, "Name": secret.name(), "Tags": tags, "VersionIdsToStages": stages, "RotationEnabled": secret.rotated,
    });
    // As in AWS, absent properties are left out.
    let mut set = |key: &str, value: Option<Value>| {
        body.as_object_mut().expect("an object").extend(value.map(|value| (key.to_owned(), value)));
    };
    set("Description", Some(&secret.description).filter(|text| !text.is_empty()).map(|text| json!(text)));
    set("KmsKeyId", secret.key.as_ref().map(|key| json!(key)));
    set("DeletedDate", secret.marked_for_deletion.then(|| json!(call.now)));
    let is_primary = !secret.replicas.is_empty();
    set(
        "PrimaryRegion",
        secret.primary_region.clone().or(is_primary.then(|| call.region.clone())).map(|region| json!(region)),
    );
    let replica = |(region, status): &(String, &str)| json!({ "Region": region, "Status": status });
    set("ReplicationStatus", is_primary.then(|| secret.replicas.iter().map(replica).collect()));
    Ok(body)
}

fn replicate(state: &mut AwsState, call: &ServiceCall) -> Result<Value, ServiceError> {
    let (_, arn) = find_permitted(state, call)?;
    let regions = call.parameters["AddReplicaRegions"].as_array().expect("a list");
    let regions = regions.iter().map(|region| region["Region"].as_str().expect("a Region").to_owned());
    let secret = state.secrets.get_mut(&arn).expect("it was found");
    secret.replicas.extend(regions.map(|region| (region, "InProgress")));
    Ok(json!({ "ARN": arn }))
}

fn value(call: &ServiceCall) -> Result<&str, ServiceError> {
    let text = call.text("SecretString").expect("a text");
    if text.len() <= VALUE_LIMIT {
        return Ok(text);
    }
    Err(ServiceError::new(400, "ValidationException", "Member must have length less than or equal to 65536"))
}

/// Finds the requested secret, and checks that the caller may perform the operation on it.
fn find_permitted(state: &AwsState, call: &ServiceCall) -> Result<(String, String), ServiceError> {
    let id = call.text("SecretId").ok_or_else(|| invalid("You must provide a SecretId."))?;
    let Some(secret) = find(state, call, id) else {
        check_permission(call, &full_arn(call, id), id, None)?;
        return Err(not_found("Secrets Manager can't find the specified secret."));
    };
    check_permission(call, &secret.arn, id, Some(secret))?;
    Ok((id.to_owned(), secret.arn.clone()))
}

fn check_permission(
    call: &ServiceCall,
    arn: &str,
    requested: &str,
    secret: Option<&Secret>,
) -> Result<(), ServiceError> {
    let action = format!("secretsmanager:{}", call.operation);
    let context = vec![("secretsmanager:SecretId".to_owned(), arn.to_owned())];
    let access =
        AccessRequest { action: &action, resource: arn, region: &call.region, context, rule: ResourcePolicy::MayAllow };
    let decision = access.decide(&call.caller, secret.and_then(|secret| secret.policy.as_ref()));
    decision.map_err(|denied| forbidden(&denied.sentence(&call.caller, &action, requested)))
}
