//! Resolves the needs of a plan to credentials, and caches them in memory.
//!
//! A pull asks a [`CredentialProvider`] for its credential when it needs one; no stage of the
//! pipeline fetches credentials ahead. [`CachingCredentialProvider`] is the real provider. A secret
//! or a token is fetched once for each identity, for all images that need it (A20, N3). Different
//! ones are fetched concurrently, and no pull waits for the credential of another one. After a
//! refusal by the registry the secret is read once more (A21).
//!
//! - `cache`: the caches of secrets and tokens, and the provider on top of them.
//! - `content`: parses the content of a secret to the login for an image.
//! - [`host_logins`]: the logins that the host itself has.
//!
//! Invariant: a cache key contains the identity, so one task never gains from the access of
//! another. Must not: know the AWS SDK, write a secret to disk, or show one in a text.

mod cache;
pub(crate) mod content;
#[expect(clippy::module_inception, reason = "the file has the name of its type")]
mod credential;
pub mod host_logins;
mod login;
mod login_remark;
mod observer;
mod provenance;
mod provider;
mod redaction;
pub(crate) mod scope;
mod store;
mod text_flaw;
mod text_shape;

pub use cache::{CacheConfig, CachingCredentialProvider, SecretHome};
pub use content::{
    BinaryForm, ContentError, ContentFault, EntryFault, Envelope, ForeignForm, KeyFault, LoginKeyFaults,
};
pub use credential::Credential;
pub use login::Login;
pub use login_remark::{LoginPart, LoginRemark};
pub use observer::{CredentialKind, CredentialObserver, CredentialOrigin, ProvidedCredential};
pub use provenance::{Provenance, SecretNames};
pub use provider::CredentialProvider;
pub(crate) use redaction::{RESERVED, redact_login};
pub use store::{SecretStore, TokenStore};
pub use text_flaw::TextFlaw;
