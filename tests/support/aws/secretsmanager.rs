//! Secrets Manager, JSON 1.1: `GetSecretValue`, `BatchGetSecretValue` and `ListSecrets`. `secret_writes.rs` has the
//! calls that write.
//!
//! As in AWS, a secret is looked up in the Region of the signature, whatever Region its ARN names.
//! A name or a partial ARN finds only secrets of the caller's account.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::access::{AccessRequest, ResourcePolicy};
use super::arn::Arn;
use super::protocol::{Protocol, ServiceError, ServiceResult};
use super::secret::{CURRENT, Content, Secret, Version, ends_in_six};
use super::secret_writes;
use super::state::{AwsState, Service, ServiceCall};

pub const SERVICE: Service =
    Service { name: "secretsmanager", protocol: Protocol::Json, target_prefix: "secretsmanager.", answer };

const GET: &str = "secretsmanager:GetSecretValue";
const LIST: &str = "secretsmanager:ListSecrets";
const BATCH: &str = "secretsmanager:BatchGetSecretValue";

/// Maximum number of secrets in one batch.
const BATCH_LIMIT: usize = 20;

fn answer(state: &mut AwsState, call: &ServiceCall) -> ServiceResult {
    match call.operation.as_str() {
        "GetSecretValue" => get_secret_value(state, call),
        "BatchGetSecretValue" => batch_get_secret_value(state, call),
        "ListSecrets" => list_secrets(state, call),
        _ => secret_writes::answer(state, call),
    }
}

fn get_secret_value(state: &AwsState, call: &ServiceCall) -> ServiceResult {
    let id = call.text("SecretId").ok_or_else(|| invalid("You must provide a SecretId."))?;
    value(state, call, id).map(|body| body.to_string())
}

/// The caller's secrets in the Region whose names begin with the text of the filter.
fn list_secrets(state: &AwsState, call: &ServiceCall) -> ServiceResult {
    check_for_any_secret(call, LIST)?;
    let prefix = call.parameters["Filters"][0]["Values"][0].as_str().unwrap_or_default();
    let entries = state.secrets.values().filter(|secret| {
        let arn = Arn::expect(&secret.arn, "secretsmanager");
        (arn.region, arn.account) == (&*call.region, call.caller.account()) && secret.name().starts_with(prefix)
    });
    let entries: Vec<_> = entries.map(|secret| json!({ "ARN": secret.arn, "Name": secret.name() })).collect();
    Ok(json!({ "SecretList": entries }).to_string())
}

/// A decision needs an ARN, but these permissions are not about one secret.
fn check_for_any_secret(call: &ServiceCall, action: &str) -> Result<(), ServiceError> {
    let (partition, account) = (call.caller.parts().partition, call.caller.account());
    let any = format!("arn:{partition}:secretsmanager:{}:{account}:secret:any", call.region);
    let rule = ResourcePolicy::MayAllow;
    let access = AccessRequest { action, resource: &any, region: &call.region, context: Vec::new(), rule };
    access.decide(&call.caller, None).map_err(|denied| forbidden(&denied.sentence(&call.caller, action, "*")))
}

/// The batch needs its own permission; each secret in it is then decided like a single one.
fn batch_get_secret_value(state: &AwsState, call: &ServiceCall) -> ServiceResult {
    let ids: Vec<&str> =
        call.parameters["SecretIdList"].as_array().into_iter().flatten().filter_map(|id| id.as_str()).collect();
    if ids.is_empty() || ids.len() > BATCH_LIMIT {
        return Err(invalid("SecretIdList must have 1 to 20 entries."));
    }
    check_for_any_secret(call, BATCH)?;
    let mut body = json!({ "SecretValues": [], "Errors": [] });
    for id in ids {
        let (list, entry) = match value(state, call, id) {
            Ok(value) => ("SecretValues", value),
            Err(error) => ("Errors", json!({ "SecretId": id, "ErrorCode": error.code, "Message": error.message })),
        };
        body[list].as_array_mut().expect("a list").push(entry);
    }
    Ok(body.to_string())
}

fn value(state: &AwsState, call: &ServiceCall, id: &str) -> Result<serde_json::Value, ServiceError> {
    let Some(secret) = find(state, call, id) else {
        return Err(absence_error(call, id));
    };
    let access = get_request(call, &secret.arn);
    access
        .decide(&call.caller, secret.policy.as_ref())
        .map_err(|denied| forbidden(&denied.sentence(&call.caller, GET, id)))?;
    if secret.marked_for_deletion {
        return Err(invalid("You can't perform this operation on the secret because it was marked for deletion."));
    }
    let version = select_version(secret, call)?;
    check_decrypt(state, call, secret)?;
    let mut body = json!({
        "ARN": secret.arn,
        "Name": secret.name(),
        "VersionId": version.id,
        "VersionStages": version.stages,
        "CreatedDate": version.created,
    });
    match &version.content {
        Content::Text(text) => body["SecretString"] = json!(text),
        Content::Binary(bytes) => body["SecretBinary"] = json!(STANDARD.encode(bytes)),
    }
    Ok(body)
}

pub(super) fn find<'a>(state: &'a AwsState, call: &ServiceCall, id: &str) -> Option<&'a Secret> {
    let is_in_region = |secret: &&Secret| {
        let arn = Arn::expect(&secret.arn, "secretsmanager");
        arn.region == call.region && arn.partition == call.caller.parts().partition
    };
    if let Some(secret) = state.secrets.get(id) {
        return Some(secret).filter(is_in_region);
    }
    let own = call.caller.account();
    let name = match Arn::read(id) {
        // AWS reads such an ending as the random part, so the secret does not exist.
        Some(_) if ends_in_six(id) => return None,
        Some(arn) if arn.account != own || arn.region != call.region => return None,
        Some(arn) => arn.resource.strip_prefix("secret:")?,
        None => id,
    };
    let mut secrets = state.secrets.values().filter(is_in_region);
    secrets.find(|secret| secret.name() == name && Arn::expect(&secret.arn, "secretsmanager").account == own)
}

/// A caller without permission to read the secret does not learn that it does not exist.
fn absence_error(call: &ServiceCall, id: &str) -> ServiceError {
    let caller = &call.caller;
    let arn = full_arn(call, id);
    match get_request(call, &arn).decide(caller, None) {
        Ok(()) => not_found("Secrets Manager can't find the specified secret."),
        Err(denied) => forbidden(&denied.sentence(caller, GET, id)),
    }
}

/// The ARN for a policy decision about a secret that does not exist.
pub(super) fn full_arn(call: &ServiceCall, id: &str) -> String {
    let caller = &call.caller;
    let named = |partition, region, account| format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{id}");
    match Arn::read(id) {
        Some(_) => id.to_owned(),
        None => named(caller.parts().partition, call.region.as_str(), caller.account()),
    }
}

fn get_request<'a>(call: &'a ServiceCall, arn: &'a str) -> AccessRequest<'a> {
    let mut context = vec![("secretsmanager:SecretId".to_owned(), arn.to_owned())];
    for (parameter, key) in [("VersionId", "secretsmanager:VersionId"), ("VersionStage", "secretsmanager:VersionStage")]
    {
        context.extend(call.text(parameter).map(|value| (key.to_owned(), value.to_owned())));
    }
    let rule = ResourcePolicy::MayAllow;
    AccessRequest { action: GET, resource: arn, region: &call.region, context, rule }
}

fn select_version<'a>(secret: &'a Secret, call: &ServiceCall) -> Result<&'a Version, ServiceError> {
    let by_stage = |stage: &str| {
        secret.labelled(stage).ok_or_else(|| {
            not_found(&format!("Secrets Manager can't find the specified secret value for staging label: {stage}"))
        })
    };
    let Some(id) = call.text("VersionId") else {
        return by_stage(call.text("VersionStage").unwrap_or(CURRENT));
    };
    let found = secret.versions.iter().find(|version| version.id == id).ok_or_else(|| {
        not_found(&format!("Secrets Manager can't find the specified secret value for VersionId: {id}"))
    })?;
    match call.text("VersionStage") {
        Some(stage) if !found.stages.iter().any(|label| label == stage) => {
            Err(invalid("You provided a VersionStage that is not associated to the provided VersionId."))
        }
        _ => Ok(found),
    }
}

/// Secrets Manager decrypts in the name of the caller.
fn check_decrypt(state: &AwsState, call: &ServiceCall, secret: &Secret) -> Result<(), ServiceError> {
    let owner = Arn::expect(&secret.arn, "secretsmanager");
    let Some(key_arn) = &secret.key else {
        return if owner.account == call.caller.account() {
            Ok(())
        } else {
            Err(invalid(
                "You can't access a secret from a different AWS account if you encrypt the secret \
                 with the default KMS service key.",
            ))
        };
    };
    let key = &state.keys[key_arn];
    let suffix = if owner.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let context = [
        ("kms:ViaService", format!("secretsmanager.{}.{suffix}", call.region)),
        ("kms:CallerAccount", call.caller.account().to_owned()),
        ("kms:EncryptionContext:SecretARN", secret.arn.clone()),
    ];
    let access = AccessRequest {
        action: "kms:Decrypt",
        resource: key_arn,
        region: &call.region,
        context: context.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        rule: ResourcePolicy::MustAllow,
    };
    access.decide(&call.caller, Some(&key.policy)).map_err(|_| forbidden("Access to KMS is not allowed"))?;
    if key.enabled {
        return Ok(());
    }
    Err(ServiceError::new(
        400,
        "DecryptionFailure",
        "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
    ))
}

pub(super) fn forbidden(message: &str) -> ServiceError {
    ServiceError::new(400, "AccessDeniedException", message)
}

pub(super) fn not_found(message: &str) -> ServiceError {
    ServiceError::new(400, "ResourceNotFoundException", message)
}

pub(super) fn invalid(message: &str) -> ServiceError {
    ServiceError::new(400, "InvalidRequestException", message)
}
