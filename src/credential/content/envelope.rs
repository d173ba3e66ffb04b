//! The envelope: a login as text, encrypted under a KMS key that the owner of the login chose.
//!
//! `{"taskpull": {"version": 1, "keyArn": "…", "ciphertext": "<base64>", "encryptionContext":
//! {…}}}`. taskpull defines this format, so it is parsed strictly: exact keys, and no others.
//! `docs/credentials-envelope.md` describes it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::json::{JsonObject, JsonValue, expose};
use super::{content_fault::CIPHERTEXT_LIMIT, content_fault::ContentFault, key_fault::KeyFault};
use crate::task::KeyArn;

/// The key that marks an envelope.
pub(super) const NAME: &str = "taskpull";

/// The only version.
const VERSION: u64 = 1;

/// The keys of this version.
const KEYS: [&str; 4] = ["version", "keyArn", "ciphertext", "encryptionContext"];

/// A ciphertext with all that KMS needs to decrypt it, as a secret contains it.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The key. Its Region is where KMS decrypts the ciphertext.
    pub key: KeyArn,
    /// The output of KMS, 1 to 6144 bytes.
    pub ciphertext: Vec<u8>,
    /// The encryption context to which the ciphertext is bound. Not secret: CloudTrail shows it.
    pub context: BTreeMap<String, String>,
}

impl Envelope {
    /// The JSON to be stored in a secret.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct EnvelopeJson<'a> {
            version: u64,
            key_arn: &'a str,
            ciphertext: String,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            encryption_context: &'a BTreeMap<String, String>,
        }
        let json = EnvelopeJson {
            version: VERSION,
            key_arn: self.key.as_str(),
            ciphertext: STANDARD.encode(&self.ciphertext),
            encryption_context: &self.context,
        };
        serde_json::json!({ NAME: json }).to_string()
    }
}

/// Whether the content is an envelope, valid or not.
pub(super) fn is_envelope(content: &JsonObject) -> bool {
    content.has_exactly(NAME)
}

/// Parses the envelope in the content of a secret.
pub(super) fn parse(content: &JsonObject) -> Result<Envelope, ContentFault> {
    // The keys are checked below, so no warning is possible.
    let warnings = &mut Vec::new();
    let Some(JsonValue::Object(envelope)) = content.get(NAME, warnings)? else {
        return Err(ContentFault::KeyNotAnObject(NAME));
    };
    match envelope.get("version", warnings)? {
        Some(JsonValue::Integer(VERSION)) => (),
        None => return Err(KeyFault::Missing("version").into()),
        Some(_) => return Err(ContentFault::EnvelopeVersion),
    }
    if envelope.entries().any(|(name, _)| !KEYS.contains(&name)) {
        return Err(ContentFault::EnvelopeKey);
    }
    let key = envelope.required_text("keyArn", warnings)?;
    let key = KeyArn::parse(expose(&key)).map_err(|_| ContentFault::KeyArn)?;
    let ciphertext = envelope.required_text("ciphertext", warnings)?;
    let ciphertext = STANDARD.decode(expose(&ciphertext)).ok();
    let fits = |bytes: &Vec<u8>| (1..=CIPHERTEXT_LIMIT).contains(&bytes.len());
    let ciphertext = ciphertext.filter(fits).ok_or(ContentFault::Ciphertext)?;
    let bound_to = match envelope.get("encryptionContext", warnings)? {
        None => BTreeMap::new(),
        Some(JsonValue::Object(pairs)) => parse_context(pairs)?,
        Some(_) => return Err(ContentFault::EncryptionContext),
    };
    Ok(Envelope { key, ciphertext, context: bound_to })
}

fn parse_context(object: &JsonObject) -> Result<BTreeMap<String, String>, ContentFault> {
    let mut pairs = BTreeMap::new();
    for (name, value) in object.entries() {
        let JsonValue::Text(value) = value else { return Err(ContentFault::EncryptionContext) };
        if pairs.insert(name.to_owned(), expose(value).to_owned()).is_some() {
            return Err(ContentFault::EncryptionContext);
        }
    }
    Ok(pairs)
}
