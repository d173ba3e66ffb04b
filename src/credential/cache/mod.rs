//! Caches secrets and ECR tokens in memory, and provides credentials from them.
//!
//! - [`CachingCredentialProvider`] picks the source of a credential by the need of the image.
//! - [`secret_provider`] and [`token_provider`] look a value up, fetch it, and share a fetch that is
//!   in flight.
//! - [`secret_cache`] and [`token_cache`] make the decisions: they contain no I/O, and take time
//!   and random numbers as arguments.
//! - [`refresh`] computes when a cached value is refreshed.
//!
//! Invariant: the key of an entry contains the identity. A denial or a deletion evicts an entry at
//! once; a failed fetch is never cached, except for ECR Public, where the pull goes on without a
//! token. Must not: know the AWS SDK, or log a secret.

mod boot_clock;
mod cache_config;
mod cached_secret;
mod caching_provider;
mod lookup;
mod refresh;
mod secret_cache;
mod secret_fetcher;
mod secret_provider;
mod spellings;
#[cfg(test)]
mod tests;
mod token_cache;
mod token_provider;

pub use cache_config::CacheConfig;
pub(super) use cached_secret::CachedSecret;
pub use caching_provider::CachingCredentialProvider;
pub use spellings::SecretHome;
pub(super) use token_cache::CachedToken;
