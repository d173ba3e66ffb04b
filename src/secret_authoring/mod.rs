//! What `taskpull secret new`, `check` and `seal` do.

mod draft;
mod draft_error;
mod finding;
mod seal;
mod upkeep;
mod upstream;

pub use draft::{Draft, NewSecret, Token, Wanted};
pub use draft_error::DraftError;
pub use finding::{Finding, Found, UsedBy, about_content, about_description, unknown};
pub use seal::{Binding, PLAINTEXT_LIMIT, Plaintext, SealError};
pub use upkeep::{Description, Kept, Outcome, Replica, ReplicaState, UpdateError, Updates, keep};
pub use upstream::{SecretUse, Upstream};
