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
//! Must not: show a value, or an unknown key, in an error.

mod content_error;
mod docker;
pub(crate) mod docker_auth_entry;
mod envelope;
mod forms;
pub(crate) mod json;
mod login_parser;
mod secret_content;
#[cfg(test)]
mod tests;
pub(crate) mod username_token;

pub(crate) use content_error::VALUE_LIMIT;
pub use content_error::{ContentError, ContentFault, EntryFault};
pub use envelope::Envelope;
pub(crate) use forms::check_sealable;
pub(crate) use login_parser::{ParsedLogin, parse_login};
pub(crate) use secret_content::{SecretContent, decode_plaintext};
