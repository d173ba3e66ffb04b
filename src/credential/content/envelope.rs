//! The envelope: a login under a KMS key of its owner's choice, as text.
//!
//! `{"taskpull": {"version": 1, "keyArn": "…", "ciphertext": "<base64>",
//! "encryptionContext": {…}}}`. It is our own format, so it is read to the letter: exact
//! keys, no others. `docs/credentials-envelope.md` describes it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::json::{Node, Object, ParseWarnings};
use super::{ContentFault, text_of};
use crate::task::KeyArn;

/// The key under which an envelope is known.
pub(crate) const NAME: &str = "taskpull";

/// The one version there is.
const VERSION: u64 = 1;

/// The keys that this version has.
const KEYS: [&str; 4] = ["version", "keyArn", "ciphertext", "encryptionContext"];

/// KMS takes no longer ciphertext, in bytes (`Decrypt`, API reference).
pub(crate) const CIPHERTEXT_LIMIT: usize = 6_144;

/// A ciphertext with what KMS must be told to decrypt it.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The key, whose Region is where KMS is asked.
    pub key: KeyArn,
    /// What KMS encrypted.
    pub ciphertext: Vec<u8>,
    /// What it was bound to. Not secret: CloudTrail shows it.
    pub context: BTreeMap<String, String>,
}

impl Envelope {
    /// As it is put into a secret.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Written<'a> {
            version: u64,
            key_arn: &'a str,
            ciphertext: String,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            encryption_context: &'a BTreeMap<String, String>,
        }
        let written = Written {
            version: VERSION,
            key_arn: self.key.as_str(),
            ciphertext: STANDARD.encode(&self.ciphertext),
            encryption_context: &self.context,
        };
        // Texts and a number are JSON.
        serde_json::json!({ NAME: written }).to_string()
    }
}

/// Whether a text is an envelope, whatever is wrong with it.
pub(crate) fn is_one(content: &Object) -> bool {
    content.has_exactly(NAME)
}

/// Reads the envelope in a secret's content.
pub(crate) fn read(secret: &Object) -> Result<Envelope, ContentFault> {
    let notes = &mut ParseWarnings::default();
    let Some(Node::Object(envelope)) = secret.get(NAME, notes)? else {
        return Err(ContentFault::NoObject(NAME));
    };
    match envelope.get("version", notes)? {
        Some(Node::Integer(VERSION)) => (),
        None => return Err(ContentFault::Missing("version")),
        Some(_) => return Err(ContentFault::EnvelopeVersion),
    }
    if envelope.entries().any(|(name, _)| !KEYS.contains(&name)) {
        return Err(ContentFault::EnvelopeKey);
    }
    let key = envelope.needed("keyArn", notes)?;
    let key = KeyArn::parse(text_of(&key)).map_err(|_| ContentFault::KeyArn)?;
    let ciphertext = envelope.needed("ciphertext", notes)?;
    let ciphertext = STANDARD.decode(text_of(&ciphertext)).ok();
    let fits = |bytes: &Vec<u8>| (1..=CIPHERTEXT_LIMIT).contains(&bytes.len());
    let ciphertext = ciphertext.filter(fits).ok_or(ContentFault::Ciphertext)?;
    let context = match envelope.get("encryptionContext", notes)? {
        None => BTreeMap::new(),
        Some(Node::Object(context)) => context_of(context)?,
        Some(_) => return Err(ContentFault::EncryptionContext),
    };
    Ok(Envelope { key, ciphertext, context })
}

fn context_of(context: &Object) -> Result<BTreeMap<String, String>, ContentFault> {
    let mut pairs = BTreeMap::new();
    for (name, value) in context.entries() {
        let Node::Text(value) = value else { return Err(ContentFault::EncryptionContext) };
        if pairs.insert(name.to_owned(), text_of(value).to_owned()).is_some() {
            return Err(ContentFault::EncryptionContext);
        }
    }
    Ok(pairs)
}
