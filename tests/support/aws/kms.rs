//! KMS, JSON 1.1: `Encrypt` and `Decrypt`.
//!
//! The cipher is a toy that can be read back: a mark, the key's ARN and the encryption
//! context, then the text with every byte turned over. What KMS decides about a ciphertext
//! it decides here too: whose key it is, in which Region, bound to which context.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::access::{AccessRequest, ResourcePolicy};
use super::arn::Arn;
use super::protocol::{Protocol, ServiceError, ServiceResult};
use super::state::{AwsState, Key, Service, ServiceCall};

pub const SERVICE: Service = Service { name: "kms", protocol: Protocol::Json, target_prefix: "TrentService.", answer };

/// Real ciphertexts begin with bytes that are no text; so do these.
const MARK: &[u8] = b"\x01\x02\x02\x00";

type Context = BTreeMap<String, String>;

fn answer(state: &mut AwsState, call: &ServiceCall) -> ServiceResult {
    match call.operation.as_str() {
        "Encrypt" => encrypt(state, call),
        "Decrypt" => decrypt(state, call),
        other => Err(ServiceError::new(400, "UnknownOperationException", other)),
    }
}

/// What `Encrypt` would answer for this text, without asking anybody.
pub fn ciphertext(key: &str, context: &Context, text: &[u8]) -> Vec<u8> {
    let header = json!([key, context]).to_string();
    let turned = text.iter().map(|byte| !byte);
    MARK.iter().copied().chain(header.bytes()).chain([0]).chain(turned).collect()
}

fn encrypt(state: &AwsState, call: &ServiceCall) -> ServiceResult {
    let id = call.text("KeyId").ok_or_else(|| invalid("KeyId is required"))?;
    let plaintext = blob(call, "Plaintext")?;
    if plaintext.is_empty() || plaintext.len() > 4096 {
        return Err(invalid("Value at 'plaintext' failed to satisfy constraint: length between 1 and 4096"));
    }
    let context = context(call);
    usable(key_here(state, call, id)?, call, "kms:Encrypt", id, &context)?;
    let blob = STANDARD.encode(ciphertext(id, &context, &plaintext));
    Ok(json!({ "KeyId": id, "CiphertextBlob": blob, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }).to_string())
}

fn decrypt(state: &AwsState, call: &ServiceCall) -> ServiceResult {
    let blob = blob(call, "CiphertextBlob")?;
    let (made_by, bound_to, plaintext) = opened(&blob).ok_or_else(mismatch)?;
    let context = context(call);
    if let Some(id) = call.text("KeyId") {
        let key = key_here(state, call, id)?;
        usable(key, call, "kms:Decrypt", id, &context)?;
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
        let key = key_here(state, call, &made_by).map_err(|_| nowhere())?;
        usable(key, call, "kms:Decrypt", &made_by, &context).map_err(|error| match error.code {
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
fn key_here<'a>(state: &'a AwsState, call: &ServiceCall, id: &str) -> Result<&'a Key, ServiceError> {
    let is_here = Arn::read(id).is_some_and(|arn| arn.region == call.region);
    let key = state.keys.get(id).filter(|_| is_here);
    key.ok_or_else(|| ServiceError::new(400, "NotFoundException", format!("Key '{id}' does not exist")))
}

fn usable(key: &Key, call: &ServiceCall, action: &str, id: &str, bound_to: &Context) -> Result<(), ServiceError> {
    let pairs = bound_to.iter().map(|(name, value)| (format!("kms:EncryptionContext:{name}"), value.clone()));
    let rule = ResourcePolicy::MustAllow;
    let access = AccessRequest { action, resource: id, region: &call.region, context: pairs.collect(), rule };
    let decided = access.decide(&call.caller, Some(&key.policy));
    decided.map_err(|refusal| denied(&refusal.sentence(&call.caller, action, id)))?;
    if key.pending_deletion {
        return Err(ServiceError::new(400, "KMSInvalidStateException", format!("{id} is pending deletion.")));
    }
    if !key.enabled {
        return Err(ServiceError::new(400, "DisabledException", format!("{id} is disabled.")));
    }
    Ok(())
}

fn context(call: &ServiceCall) -> Context {
    let given = call.parameters.get("EncryptionContext").cloned().unwrap_or_else(|| json!({}));
    serde_json::from_value(given).expect("a context is a map of texts")
}

fn blob(call: &ServiceCall, parameter: &str) -> Result<Vec<u8>, ServiceError> {
    let text = call.text(parameter).ok_or_else(|| invalid("a blob is required"))?;
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
