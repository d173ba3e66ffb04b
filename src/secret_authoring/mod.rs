//! What `taskpull secret new`, `check` and `seal` do.

mod new_secret;
mod new_secret_error;
mod seal;
mod secret_admin;
mod secret_check;
mod upsert;
mod upstream;

pub use new_secret::{NewSecret, NewSecretArgs, SecretSpec, UpstreamToken};
pub use new_secret_error::NewSecretError;
pub use seal::{Binding, PLAINTEXT_LIMIT, Plaintext, SealError, seal};
pub use secret_admin::SecretAdmin;
pub use secret_check::{CheckStatus, Finding, SecretConsumer, check_content, check_metadata, unknown};
pub use upsert::{OnDifference, UpsertAction, UpsertError, UpsertResult, upsert_secret};
pub use upstream::{SecretUse, Upstream};
