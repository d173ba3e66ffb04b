//! Secrets Manager, JSON 1.1: `GetSecretValue`, `BatchGetSecretValue`; the calls that write are
//! in `upkeep.rs`.
//!
//! A secret is found in the Region of the signature, whatever Region its ARN
//! names: Secrets Manager itself answers that way. A name or a partial ARN finds
//! only what the caller's own account holds.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::access::{Access, ResourcePolicy};
use super::answer::{Answer, Protocol, ServiceError};
use super::arn::Arn;
use super::secret::{CURRENT, Content, Secret, Version, ends_in_six};
use super::upkeep;
use super::world::{Asked, Service, World};

pub const SERVICE: Service =
    Service { name: "secretsmanager", protocol: Protocol::Json, target_prefix: "secretsmanager.", answer };

const GET: &str = "secretsmanager:GetSecretValue";
const BATCH: &str = "secretsmanager:BatchGetSecretValue";

/// Secrets in one batch.
const BATCH_LIMIT: usize = 20;

fn answer(world: &mut World, asked: &Asked) -> Answer {
    match asked.operation.as_str() {
        "GetSecretValue" => get_secret_value(world, asked),
        "BatchGetSecretValue" => batch_get_secret_value(world, asked),
        _ => upkeep::answer(world, asked),
    }
}

fn get_secret_value(world: &World, asked: &Asked) -> Answer {
    let id = asked.text("SecretId").ok_or_else(|| invalid("You must provide a SecretId."))?;
    value(world, asked, id).map(|body| body.to_string())
}

/// The batch has a permission of its own; each secret in it is decided like a single one.
fn batch_get_secret_value(world: &World, asked: &Asked) -> Answer {
    let ids: Vec<&str> =
        asked.parameters["SecretIdList"].as_array().into_iter().flatten().filter_map(|id| id.as_str()).collect();
    if ids.is_empty() || ids.len() > BATCH_LIMIT {
        return Err(invalid("SecretIdList must have 1 to 20 entries."));
    }
    // The permission is not about one secret; a decision is about an ARN.
    let (partition, account) = (asked.caller.parts().partition, asked.caller.account());
    let any = format!("arn:{partition}:secretsmanager:{}:{account}:secret:any", asked.region);
    let rule = ResourcePolicy::MayAllow;
    let access = Access { action: BATCH, resource: &any, region: &asked.region, context: Vec::new(), rule };
    access.decide(&asked.caller, None).map_err(|denied| forbidden(&denied.sentence(&asked.caller, BATCH, "*")))?;
    let mut body = json!({ "SecretValues": [], "Errors": [] });
    for id in ids {
        let (list, entry) = match value(world, asked, id) {
            Ok(value) => ("SecretValues", value),
            Err(error) => ("Errors", json!({ "SecretId": id, "ErrorCode": error.code, "Message": error.message })),
        };
        body[list].as_array_mut().expect("a list").push(entry);
    }
    Ok(body.to_string())
}

fn value(world: &World, asked: &Asked, id: &str) -> Result<serde_json::Value, ServiceError> {
    let Some(secret) = find(world, asked, id) else {
        return Err(absent(asked, id));
    };
    let access = may_get(asked, &secret.arn);
    access
        .decide(&asked.caller, secret.policy.as_ref())
        .map_err(|denied| forbidden(&denied.sentence(&asked.caller, GET, id)))?;
    if secret.marked_for_deletion {
        return Err(invalid("You can't perform this operation on the secret because it was marked for deletion."));
    }
    let version = wanted(secret, asked)?;
    may_decrypt(world, asked, secret)?;
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

pub(super) fn find<'a>(world: &'a World, asked: &Asked, id: &str) -> Option<&'a Secret> {
    let here = |secret: &&Secret| {
        let arn = Arn::expect(&secret.arn, "secretsmanager");
        arn.region == asked.region && arn.partition == asked.caller.parts().partition
    };
    if let Some(secret) = world.secrets.get(id) {
        return Some(secret).filter(here);
    }
    let own = asked.caller.account();
    let name = match Arn::read(id) {
        // AWS takes such an end for the random part, so what it names is not there.
        Some(_) if ends_in_six(id) => return None,
        Some(arn) if arn.account != own || arn.region != asked.region => return None,
        Some(arn) => arn.resource.strip_prefix("secret:")?,
        None => id,
    };
    let mut here = world.secrets.values().filter(here);
    here.find(|secret| secret.name() == name && Arn::expect(&secret.arn, "secretsmanager").account == own)
}

/// Whoever may not read it is not told that it is absent.
fn absent(asked: &Asked, id: &str) -> ServiceError {
    let caller = &asked.caller;
    let arn = full_arn(asked, id);
    match may_get(asked, &arn).decide(caller, None) {
        Ok(()) => not_found("Secrets Manager can't find the specified secret."),
        Err(denied) => forbidden(&denied.sentence(caller, GET, id)),
    }
}

/// The ARN that policies are asked about where there is no secret.
pub(super) fn full_arn(asked: &Asked, id: &str) -> String {
    let caller = &asked.caller;
    let named = |partition, region, account| format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{id}");
    match Arn::read(id) {
        Some(_) => id.to_owned(),
        None => named(caller.parts().partition, asked.region.as_str(), caller.account()),
    }
}

fn may_get<'a>(asked: &'a Asked, arn: &'a str) -> Access<'a> {
    let mut context = vec![("secretsmanager:SecretId".to_owned(), arn.to_owned())];
    for (parameter, key) in [("VersionId", "secretsmanager:VersionId"), ("VersionStage", "secretsmanager:VersionStage")]
    {
        context.extend(asked.text(parameter).map(|value| (key.to_owned(), value.to_owned())));
    }
    let rule = ResourcePolicy::MayAllow;
    Access { action: GET, resource: arn, region: &asked.region, context, rule }
}

fn wanted<'a>(secret: &'a Secret, asked: &Asked) -> Result<&'a Version, ServiceError> {
    let by_stage = |stage: &str| {
        secret.labelled(stage).ok_or_else(|| {
            not_found(&format!("Secrets Manager can't find the specified secret value for staging label: {stage}"))
        })
    };
    let Some(id) = asked.text("VersionId") else {
        return by_stage(asked.text("VersionStage").unwrap_or(CURRENT));
    };
    let found = secret.versions.iter().find(|version| version.id == id).ok_or_else(|| {
        not_found(&format!("Secrets Manager can't find the specified secret value for VersionId: {id}"))
    })?;
    match asked.text("VersionStage") {
        Some(stage) if !found.stages.iter().any(|label| label == stage) => {
            Err(invalid("You provided a VersionStage that is not associated to the provided VersionId."))
        }
        _ => Ok(found),
    }
}

/// Secrets Manager decrypts in the caller's name.
fn may_decrypt(world: &World, asked: &Asked, secret: &Secret) -> Result<(), ServiceError> {
    let owner = Arn::expect(&secret.arn, "secretsmanager");
    let Some(key_arn) = &secret.key else {
        return if owner.account == asked.caller.account() {
            Ok(())
        } else {
            Err(invalid(
                "You can't access a secret from a different AWS account if you encrypt the secret \
                 with the default KMS service key.",
            ))
        };
    };
    let key = &world.keys[key_arn];
    let suffix = if owner.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let context = [
        ("kms:ViaService", format!("secretsmanager.{}.{suffix}", asked.region)),
        ("kms:CallerAccount", asked.caller.account().to_owned()),
        ("kms:EncryptionContext:SecretARN", secret.arn.clone()),
    ];
    let access = Access {
        action: "kms:Decrypt",
        resource: key_arn,
        region: &asked.region,
        context: context.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        rule: ResourcePolicy::MustAllow,
    };
    access.decide(&asked.caller, Some(&key.policy)).map_err(|_| forbidden("Access to KMS is not allowed"))?;
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
