//! Decisions of a pull, as pure functions: when a cached image may be used, when to fall back to the
//! upstream registry, and how long a registry asks to wait.

mod cache_policy;
pub(super) mod fallback;
mod retry_after;

pub use cache_policy::CachePolicy;
pub(super) use retry_after::retry_after;
