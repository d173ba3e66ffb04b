//! KMS, JSON 1.1: `Encrypt` and `Decrypt`.
//!
//! The cipher is a toy that can be read back: a mark, the key's ARN and the encryption
//! context, then the text with every byte turned over. What KMS decides about a ciphertext
//! it decides here too: whose key it is, in which Region, bound to which context.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::access::{Access, ResourcePolicy};
use super::answer::{Answer, Protocol, ServiceError};
use super::arn::Arn;
use super::world::{Asked, Key, Service, World};

pub const SERVICE: Service = Service { name: "kms", protocol: Protocol::Json, target_prefix: "TrentService.", answer };

/// Real ciphertexts begin with bytes that are no text; so do these.
const MARK: &[u8] = b"\x01\x02\x02\x00";

type Context = BTreeMap<String, String>;

fn answer(world: &mut World, asked: &Asked) -> Answer {
    match asked.operation.as_str() {
        "Encrypt" => encrypt(world, asked),
        "Decrypt" => decrypt(world, asked),
        other => Err(ServiceError::new(400, "UnknownOperationException", other)),
    }
}

/// What `Encrypt` would answer for this text, without asking anybody.
pub fn ciphertext(key: &str, context: &Context, text: &[u8]) -> Vec<u8> {
    let header = json!([key, context]).to_string();
    let turned = text.iter().map(|byte| !byte);
    MARK.iter().copied().chain(header.bytes()).chain([0]).chain(turned).collect()
}

fn encrypt(world: &World, asked: &Asked) -> Answer {
    let id = asked.text("KeyId").ok_or_else(|| invalid("KeyId is required"))?;
    let plaintext = blob(asked, "Plaintext")?;
    if plaintext.is_empty() || plaintext.len() > 4096 {
        return Err(invalid("Value at 'plaintext' failed to satisfy constraint: length between 1 and 4096"));
    }
    let context = context(asked);
    usable(key_here(world, asked, id)?, asked, "kms:Encrypt", id, &context)?;
    let blob = STANDARD.encode(ciphertext(id, &context, &plaintext));
    Ok(json!({ "KeyId": id, "CiphertextBlob": blob, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }).to_string())
}

fn decrypt(world: &World, asked: &Asked) -> Answer {
    let blob = blob(asked, "CiphertextBlob")?;
    let (made_by, bound_to, plaintext) = opened(&blob).ok_or_else(mismatch)?;
    let context = context(asked);
    if let Some(id) = asked.text("KeyId") {
        let key = key_here(world, asked, id)?;
        usable(key, asked, "kms:Decrypt", id, &context)?;
        if id != made_by {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(ServiceError::new(400, "IncorrectKeyException", message));
        }
    } else {
        let nowhere = || {
            denied(
                "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                 region, or you are not allowed to access.",
            )
        };
        let key = key_here(world, asked, &made_by).map_err(|_| nowhere())?;
        usable(key, asked, "kms:Decrypt", &made_by, &context).map_err(|error| match error.code {
            "AccessDeniedException" => nowhere(),
            _ => error,
        })?;
    }
    if context != bound_to {
        return Err(mismatch());
    }
    Ok(json!({ "KeyId": made_by, "Plaintext": STANDARD.encode(plaintext) }).to_string())
}

fn opened(blob: &[u8]) -> Option<(String, Context, Vec<u8>)> {
    let rest = blob.strip_prefix(MARK)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let (key, context) = serde_json::from_slice(&rest[..end]).ok()?;
    Some((key, context, rest[end + 1..].iter().map(|byte| !byte).collect()))
}

/// A key is found in the Region of the signature only.
fn key_here<'a>(world: &'a World, asked: &Asked, id: &str) -> Result<&'a Key, ServiceError> {
    let is_here = Arn::read(id).is_some_and(|arn| arn.region == asked.region);
    let key = world.keys.get(id).filter(|_| is_here);
    key.ok_or_else(|| ServiceError::new(400, "NotFoundException", format!("Key '{id}' does not exist")))
}

fn usable(key: &Key, asked: &Asked, action: &str, id: &str, bound_to: &Context) -> Result<(), ServiceError> {
    let pairs = bound_to.iter().map(|(name, value)| (format!("kms:EncryptionContext:{name}"), value.clone()));
    let rule = ResourcePolicy::MustAllow;
    let access = Access { action, resource: id, region: &asked.region, context: pairs.collect(), rule };
    let decided = access.decide(&asked.caller, Some(&key.policy));
    decided.map_err(|refusal| denied(&refusal.sentence(&asked.caller, action, id)))?;
    if key.pending_deletion {
        return Err(ServiceError::new(400, "KMSInvalidStateException", format!("{id} is pending deletion.")));
    }
    if !key.enabled {
        return Err(ServiceError::new(400, "DisabledException", format!("{id} is disabled.")));
    }
    Ok(())
}

fn context(asked: &Asked) -> Context {
    let given = asked.parameters.get("EncryptionContext").cloned().unwrap_or_else(|| json!({}));
    serde_json::from_value(given).expect("a context is a map of texts")
}

fn blob(asked: &Asked, parameter: &str) -> Result<Vec<u8>, ServiceError> {
    let text = asked.text(parameter).ok_or_else(|| invalid("a blob is required"))?;
    STANDARD.decode(text).map_err(|_| invalid("a blob is base64"))
}

fn mismatch() -> ServiceError {
    ServiceError::new(400, "InvalidCiphertextException", "")
}

fn denied(message: &str) -> ServiceError {
    ServiceError::new(400, "AccessDeniedException", message)
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(400, "ValidationException", message)
}
