//! KMS, JSON 1.1: `Encrypt` and `Decrypt`.
//!
//! The cipher is reversible without a key: a prefix, the key's ARN and the encryption context, then
//! the text with every byte inverted. The decisions about a ciphertext are those of KMS: which key
//! encrypted it, in which Region, and with which context.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::access::{AccessRequest, ResourcePolicy};
use super::arn::Arn;
use super::protocol::{Protocol, ServiceError, ServiceResult};
use super::state::{AwsState, Key, Service, ServiceCall};

pub const SERVICE: Service = Service { name: "kms", protocol: Protocol::Json, target_prefix: "TrentService.", answer };

/// A prefix that is not valid text, as in real ciphertexts.
const PREFIX: &[u8] = b"\x01\x02\x02\x00";

type Context = BTreeMap<String, String>;

fn answer(state: &mut AwsState, call: &ServiceCall) -> ServiceResult {
    match call.operation.as_str() {
        "Encrypt" => encrypt(state, call),
        "Decrypt" => decrypt(state, call),
        other => Err(ServiceError::new(400, "UnknownOperationException", other)),
    }
}

/// The ciphertext that `Encrypt` would return for this text, without a policy decision.
pub fn ciphertext(key: &str, context: &Context, text: &[u8]) -> Vec<u8> {
    let header = json!([key, context]).to_string();
    let inverted = text.iter().map(|byte| !byte);
    PREFIX.iter().copied().chain(header.bytes()).chain([0]).chain(inverted).collect()
}

fn encrypt(state: &AwsState, call: &ServiceCall) -> ServiceResult {
    let id = call.text("KeyId").ok_or_else(|| invalid("KeyId is required"))?;
    let plaintext = blob(call, "Plaintext")?;
    if plaintext.is_empty() || plaintext.len() > 4096 {
        return Err(invalid("Value at 'plaintext' failed to satisfy constraint: length between 1 and 4096"));
    }
    let context = context(call);
    check_usable(find_key(state, call, id)?, call, "kms:Encrypt", id, &context)?;
    let blob = STANDARD.encode(ciphertext(id, &context, &plaintext));
    Ok(json!({ "KeyId": id, "CiphertextBlob": blob, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }).to_string())
}

fn decrypt(state: &AwsState, call: &ServiceCall) -> ServiceResult {
    let blob = blob(call, "CiphertextBlob")?;
    let (key_arn, bound_context, plaintext) = parse_ciphertext(&blob).ok_or_else(mismatch)?;
    let context = context(call);
    if let Some(id) = call.text("KeyId") {
        let key = find_key(state, call, id)?;
        check_usable(key, call, "kms:Decrypt", id, &context)?;
        if id != key_arn {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(ServiceError::new(400, "IncorrectKeyException", message));
        }
    } else {
        let inaccessible = || {
            denied(
                "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                 region, or you are not allowed to access.",
            )
        };
        let key = find_key(state, call, &key_arn).map_err(|_| inaccessible())?;
        check_usable(key, call, "kms:Decrypt", &key_arn, &context).map_err(|error| match error.code {
            "AccessDeniedException" => inaccessible(),
            _ => error,
        })?;
    }
    if context != bound_context {
        return Err(mismatch());
    }
    Ok(json!({ "KeyId": key_arn, "Plaintext": STANDARD.encode(plaintext) }).to_string())
}

fn parse_ciphertext(blob: &[u8]) -> Option<(String, Context, Vec<u8>)> {
    let rest = blob.strip_prefix(PREFIX)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let (key, context) = serde_json::from_slice(&rest[..end]).ok()?;
    Some((key, context, rest[end + 1..].iter().map(|byte| !byte).collect()))
}

/// Finds a key, only in the Region of the signature.
fn find_key<'a>(state: &'a AwsState, call: &ServiceCall, id: &str) -> Result<&'a Key, ServiceError> {
    let is_in_region = Arn::read(id).is_some_and(|arn| arn.region == call.region);
    let key = state.keys.get(id).filter(|_| is_in_region);
    key.ok_or_else(|| ServiceError::new(400, "NotFoundException", format!("Key '{id}' does not exist")))
}

fn check_usable(
    key: &Key,
    call: &ServiceCall,
    action: &str,
    id: &str,
    bound_context: &Context,
) -> Result<(), ServiceError> {
    let pairs = bound_context.iter().map(|(name, value)| (format!("kms:EncryptionContext:{name}"), value.clone()));
    let rule = ResourcePolicy::MustAllow;
    let access = AccessRequest { action, resource: id, region: &call.region, context: pairs.collect(), rule };
    let decision = access.decide(&call.caller, Some(&key.policy));
    decision.map_err(|refusal| denied(&refusal.sentence(&call.caller, action, id)))?;
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
