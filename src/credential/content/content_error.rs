//! Why a secret's content is no login for an image.
//!
//! Each way of being wrong is an error of its own, and no error repeats a value: what
//! stands in a fault is a key of ours, a place, or the image's registry.

use super::VALUE_LIMIT;
use super::docker_auth_entry::EntryFault;
use crate::credential::scope::WRITE_A_REGISTRY;
use crate::error::{Class, Explain, Link};

/// Why a secret's content is no login.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("secret {arn} (version {version_id}): {fault}")]
pub struct ContentError {
    /// The secret.
    pub arn: String,
    /// The version that was read.
    pub version_id: String,
    /// What is wrong with it.
    pub fault: ContentFault,
}

/// What is wrong with a secret's content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentFault {
    /// `SecretBinary` with a text in it.
    #[error("it is binary, not text, and no KMS ciphertext")]
    Binary,
    /// What KMS decrypted is no UTF-8.
    #[error("what KMS decrypted is not text")]
    DecryptedBinary,
    /// Longer than the service stores.
    #[error("it is longer than {VALUE_LIMIT} bytes")]
    Long,
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// Not JSON; the place is known, the text is not shown.
    #[error("it is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON, and not an object.
    #[error("it is JSON, but not an object with `username` and `password`")]
    NotAnObject,
    /// A key is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A key is missing, and one that is often meant for it is there.
    #[error("`{key}` is missing; `{found}` is there, and is not taken for it")]
    NearMiss {
        /// The key.
        key: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A key's value is the empty string.
    #[error("`{0}` is empty")]
    EmptyValue(&'static str),
    /// A key's value is a number, an object, …
    #[error("`{0}` is not a string")]
    NotAString(&'static str),
    /// A key's value is a text, a number, …
    #[error("`{0}` is not an object")]
    NoObject(&'static str),
    /// A key stands there twice.
    #[error("`{0}` stands there twice")]
    Twice(&'static str),
    /// The pull-through cache's format (A9).
    #[error("it has `accessToken`, the format of ECR's pull-through cache, and no `password`")]
    AccessToken,
    /// It could be read in two ways.
    #[error("it has both `{0}` and `{1}`: which of them is meant cannot be told")]
    Ambiguous(&'static str, &'static str),
    /// `.dockerconfigjson` holds something else.
    #[error("`{0}` is neither a Docker configuration nor the base64 of one")]
    NotDockerConfig(&'static str),
    /// No login for the image's registry and repository.
    #[error("`auths` has no entry for {0}")]
    NoEntry(String),
    /// Two spellings of one registry.
    #[error("`auths` has two entries for {0}")]
    TwoEntries(String),
    /// An entry as Docker leaves it when a credential store has the login.
    #[error("the entry of `auths` for {0} has no login in it")]
    EmptyEntry(String),
    /// An entry is no login.
    #[error("in the entry of `auths` for {0}, {1}")]
    Entry(String, EntryFault),
    /// An address that is none.
    #[error("the key of entry {0} of `auths` is not a registry's host, with or without a path")]
    NoRegistry(usize),
    /// A credential helper's answer for another registry.
    #[error("its `ServerURL` is not {0}")]
    WrongServer(String),
    /// The envelope has a version that is not known here.
    #[error("its envelope has a `version` other than 1")]
    EnvelopeVersion,
    /// The envelope has a key that its version does not have.
    #[error("its envelope has a key that version 1 does not have")]
    EnvelopeKey,
    /// `keyArn` is no ARN of a KMS key.
    #[error("its envelope's `keyArn` is not the ARN of a KMS key")]
    KeyArn,
    /// `ciphertext` cannot be one.
    #[error("its envelope's `ciphertext` is not base64 of 1 to 6144 bytes")]
    Ciphertext,
    /// `encryptionContext` is not an object of texts.
    #[error("its envelope's `encryptionContext` is not an object of strings, each name once")]
    EncryptionContext,
    /// What was decrypted is an envelope again.
    #[error("its envelope holds another envelope")]
    EnvelopeInEnvelope,
}

impl Explain for ContentError {
    fn link(&self) -> Link {
        Link::Content
    }

    fn class(&self) -> Class {
        match self.fault {
            ContentFault::NoEntry(_) => Class::Absent,
            ContentFault::Entry(_, EntryFault::RegistryToken) => Class::Unsupported,
            _ => Class::Invalid,
        }
    }

    fn resource(&self) -> String {
        self.arn.clone()
    }

    fn hint(&self) -> Option<String> {
        let hint = match &self.fault {
            ContentFault::AccessToken => {
                "put the token under `password` in a second secret, or set secrets.access_token = \"accept\" to show the token to this image's registry as the password"
            }
            ContentFault::NotAString(_) => r#"quote it: {"username": "…", "password": "…"}"#,
            ContentFault::NearMiss { key, found } => return Some(format!("rename `{found}` to `{key}`")),
            ContentFault::Twice(_) => "leave one of them, in the documented spelling",
            ContentFault::Ambiguous(..) => "put each kind of login in a secret of its own",
            ContentFault::NoEntry(registry) => {
                return Some(format!(
                    "add an entry for the host of {registry}, or give the container the secret of that registry"
                ));
            }
            ContentFault::TwoEntries(_) => {
                "leave one: a registry is the same with and without `https://`, a last slash and `/v1/`"
            }
            ContentFault::EmptyEntry(_) => {
                "its login is in a credential store of the machine it was written on: put `auth`, or `username` and `password`, there"
            }
            ContentFault::WrongServer(_) => "give the container the secret of its own registry",
            ContentFault::NoRegistry(_) => WRITE_A_REGISTRY,
            ContentFault::Entry(_, EntryFault::RegistryToken) => {
                "put a user name and a password, or an identity token, there"
            }
            ContentFault::Entry(..) | ContentFault::NotDockerConfig(_) => {
                "make it again: `kubectl create secret docker-registry --dry-run=client -o json` writes a whole one"
            }
            ContentFault::EnvelopeVersion
            | ContentFault::EnvelopeKey
            | ContentFault::KeyArn
            | ContentFault::Ciphertext
            | ContentFault::EncryptionContext
            | ContentFault::EnvelopeInEnvelope => {
                "seal the login itself, once: `taskpull secret seal --key ARN`; docs/credentials-envelope.md has the format"
            }
            _ => {
                r#"put {"username": "…", "password": "…"} into it as text: `aws secretsmanager put-secret-value --secret-id ARN --secret-string file://FILE`"#
            }
        };
        Some(hint.to_owned())
    }
}
