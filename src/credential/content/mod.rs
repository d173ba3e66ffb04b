//! Parses the content of a secret, and finds the login for an image in it.
//!
//! Each format is either recognized and accepted, or rejected with the reason; nothing is guessed.
//! The formats are:
//!
//! - `username` and `password` (A8);
//! - `username` and `accessToken`, if the operator accepts it (A9, C15);
//! - Docker's `auths`, also as a Kubernetes secret contains them;
//! - the answer of a credential helper;
//! - an identity token.
//!
//! A text may also be sealed: an [`Envelope`], or the bytes of a KMS ciphertext.
//!
//! Forms that are not read but in common use are recognised (`foreign_form`, `binary_form`), so that the
//! error says what to change.
//!
//! Must not: show a value in an error, or a key that may contain one (`key_name`).

mod binary_form;
pub(crate) mod commands;
mod content_error;
mod content_fault;
mod content_hint;
mod docker;
pub(crate) mod docker_auth_entry;
mod envelope;
mod foreign_form;
mod forms;
pub(crate) mod json;
mod key_fault;
pub(crate) mod key_name;
mod login_key_faults;
mod login_keys;
mod login_parser;
pub(crate) mod object_form;
pub(crate) mod object_parser;
mod secret_content;
#[cfg(test)]
mod tests;
pub(crate) mod text_form;
pub(crate) mod username_token;

pub use binary_form::BinaryForm;
pub use content_error::ContentError;
pub(crate) use content_fault::VALUE_LIMIT;
pub use content_fault::{ContentFault, EntryFault};
pub(crate) use content_hint::content_hint;
pub use envelope::Envelope;
pub use foreign_form::ForeignForm;
pub use key_fault::KeyFault;
pub use login_key_faults::LoginKeyFaults;
pub(crate) use login_parser::{ParsedLogin, parse_all_logins, parse_login};
pub(crate) use secret_content::{SecretContent, decode_plaintext, not_ciphertext};
