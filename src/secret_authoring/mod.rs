//! Creates, checks and seals secrets: the logic of `taskpull secret new`, `check` and `seal`.
//!
//! The decisions are pure, or take the trait [`SecretAdmin`] in place of AWS. Nothing is written
//! before the existing secret has been read, and no error contains a token.

mod commands;
mod content_check;
mod finding;
mod metadata_check;
mod new_secret;
mod new_secret_error;
mod seal;
mod secret_admin;
mod secret_check;
mod secret_spec;
mod secret_use;
#[cfg(test)]
mod tests;
mod upsert;
mod upsert_error;
mod upstream;

pub use finding::{CheckStatus, Finding};
pub use metadata_check::SecretConsumer;
pub use new_secret::{NewSecret, UpstreamToken};
pub use new_secret_error::NewSecretError;
pub use seal::{Binding, PLAINTEXT_LIMIT, Plaintext, SealError, seal};
pub use secret_admin::SecretAdmin;
pub use secret_check::{SecretCheckRequest, check_secret};
pub use secret_spec::{NewSecretArgs, SecretSpec};
pub use secret_use::SecretUse;
pub use upsert::{DifferencePolicy, UpsertAction, UpsertResult, upsert_secret};
pub use upsert_error::UpsertError;
pub use upstream::Upstream;
