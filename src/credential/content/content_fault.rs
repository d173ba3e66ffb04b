//! What is wrong with the content of a secret.
//!
//! Each fault is a separate variant, and no text repeats a value: it contains only known keys, keys that
//! may be shown, positions, and the registry of the image.

use super::binary_form::BinaryForm;
use super::foreign_form::ForeignForm;
use super::key_fault::KeyFault;
use super::login_key_faults::LoginKeyFaults;

/// What is wrong with the content of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentFault {
    /// `SecretBinary` is recognised as something else than a ciphertext.
    #[error("it is stored as `SecretBinary`, but is not a KMS ciphertext: {0}")]
    Binary(BinaryForm),
    /// KMS does not accept `SecretBinary` as a ciphertext.
    #[error("it is stored as `SecretBinary`, and KMS does not accept it as a ciphertext{}", binary_reason(*has_header))]
    NotCiphertext {
        /// Whether it begins as a ciphertext does.
        has_header: bool,
    },
    /// The plaintext that KMS returned is not UTF-8.
    #[error("the decrypted content is not text")]
    DecryptedBinary,
    /// It is longer than Secrets Manager allows.
    #[error("it is longer than {VALUE_LIMIT} bytes")]
    TooLong,
    /// It is empty, or contains only white space.
    #[error("it is empty")]
    Empty,
    /// It is not JSON. The position is known; the text is not shown.
    #[error("it is not JSON (line {line}, column {column}){}", reason(form.as_ref()))]
    NotJson {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// What it is, if that is recognised.
        form: Option<ForeignForm>,
    },
    /// It is a JSON value other than an object; what it is, if that is recognised.
    #[error("it is JSON, but not an object with `username` and `password`{}", reason(.0.as_ref()))]
    NotAnObject(Option<ForeignForm>),
    /// It is an object in a form that is not read.
    #[error("it has no `username` and no `password`: {0}")]
    OtherForm(ForeignForm),
    /// At least one of the two keys of a login is missing or has no valid value.
    #[error("{0}")]
    LoginKeys(LoginKeyFaults),
    /// A key of another form is missing or has no valid value.
    #[error("{0}")]
    Key(#[from] KeyFault),
    /// The value of a key is a string, a number or another JSON value.
    #[error("`{0}` is not an object")]
    KeyNotAnObject(&'static str),
    /// It has the format of the pull-through cache (A9).
    #[error("it has `accessToken`, the format of ECR's pull-through cache, and no `password`")]
    AccessToken,
    /// It could be read in two ways.
    #[error("it has both `{0}` and `{1}`, so it is ambiguous")]
    Ambiguous(&'static str, &'static str),
    /// The value of `.dockerconfigjson` is not a Docker config.
    #[error("`{0}` is neither a Docker config nor the base64 of one")]
    NotDockerConfig(&'static str),
    /// `auths` has no login for the registry and repository of the image.
    #[error("`auths` has no entry for {0}")]
    NoEntry(String),
    /// `auths` has the same registry in two spellings, with different logins.
    #[error("`auths` has two different logins for {covered}: {entries}")]
    DuplicateEntry {
        /// The registry, with a repository or a path in it.
        covered: String,
        /// The entries: their keys if they may be shown, otherwise their numbers.
        entries: String,
    },
    /// The entry is empty, as Docker leaves it when a credential store has the login.
    #[error("the entry of `auths` for {0} has no login")]
    EmptyEntry(String),
    /// The entry for the image is not a login.
    #[error("the entry of `auths` for {0} is invalid: {1}")]
    InvalidEntry(String, EntryFault),
    /// The key of an entry is not a registry. Entries are counted from 1.
    #[error("the key of entry {0} of `auths` is not a registry's host, with or without a path")]
    NotARegistry(usize),
    /// It is a credential helper's answer for another registry.
    #[error("its `ServerURL` is not the registry of {0}")]
    OtherRegistry(String),
    /// The envelope has an unknown version.
    #[error("the `version` of its envelope is not 1")]
    EnvelopeVersion,
    /// The envelope has a key that its version does not have.
    #[error("its envelope has a key that version 1 does not have")]
    EnvelopeKey,
    /// `keyArn` is not the ARN of a KMS key.
    #[error("the `keyArn` of its envelope is not the ARN of a KMS key")]
    KeyArn,
    /// `ciphertext` is not base64, or too long or too short.
    #[error("the `ciphertext` of its envelope is not base64 of 1 to 6144 bytes")]
    Ciphertext,
    /// `encryptionContext` is not an object of strings.
    #[error("the `encryptionContext` of its envelope is not an object of strings with unique names")]
    EncryptionContext,
    /// The decrypted content is an envelope again.
    #[error("its envelope contains another envelope")]
    NestedEnvelope,
}

fn reason(form: Option<&ForeignForm>) -> String {
    form.map(|form| format!(": {form}")).unwrap_or_default()
}

fn binary_reason(has_header: bool) -> &'static str {
    if has_header {
        ": it is damaged, or was made with an encryption context, which only an envelope can name"
    } else {
        ""
    }
}

/// The keys that Docker writes, or has written, into an entry.
pub(super) const ENTRY_KEYS: [&str; 7] =
    ["auth", "username", "password", "email", "serveraddress", "identitytoken", "registrytoken"];

/// Why an entry of Docker's `auths` is not a login. It never repeats a value or an unknown key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// It is a string, a number or another JSON value.
    #[error("it is not an object")]
    NotAnObject,
    /// It has keys that Docker does not write; those that may be shown, in backticks.
    #[error("it has a key other than {}{}", ENTRY_KEYS.map(|key| format!("`{key}`")).join(", "), list_keys(.0))]
    UnknownKey(Vec<String>),
    /// A key occurs twice, perhaps in two spellings.
    #[error("`{0}` occurs twice")]
    DuplicateKey(&'static str),
    /// The value of a key is a number, an object or another JSON value.
    #[error("`{0}` is not a string")]
    NotAString(&'static str),
    /// It has a `registrytoken`.
    #[error("it has a `registrytoken`, which is valid for one request only")]
    RegistryToken,
    /// `auth` cannot be decoded.
    #[error("`auth` is not the base64 of a text")]
    NotBase64,
    /// `auth` decodes to a text without a colon.
    #[error("`auth` is not the base64 of `user:password`: it has no colon")]
    NoColon,
    /// It has only a user name, or only a password.
    #[error("it has a user name without a password, or a password without a user name")]
    IncompleteLogin,
    /// `auth` differs from `username` and `password`.
    #[error("`auth` and `username`/`password` are not the same login")]
    ConflictingLogins,
}

fn list_keys(keys: &[String]) -> String {
    if keys.is_empty() { String::new() } else { format!(": {}", keys.join(", ")) }
}

/// The longest value that Secrets Manager stores, in bytes (C6).
pub(crate) const VALUE_LIMIT: usize = 65_536;

/// The longest ciphertext that KMS decrypts, in bytes (`Decrypt`, API reference).
pub(super) const CIPHERTEXT_LIMIT: usize = 6_144;
