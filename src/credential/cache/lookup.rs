//! The results of cache lookups.

/// The result of a lookup before a pull.
#[derive(Debug)]
pub(super) enum Lookup<T> {
    /// The cached value can be used.
    Fresh(T),
    /// The cached value can be used, and a refresh in the background is due.
    RefreshDue(T),
    /// No cached value can be used without asking AWS first.
    Miss,
}

/// The result of a lookup after a registry refused a cached value.
#[derive(Debug)]
pub(super) enum RefusalLookup<T> {
    /// A newer value is in the cache.
    Newer(T),
    /// AWS confirmed the value recently, so the refusal is final.
    Confirmed,
    /// The cache does not know. AWS must be asked.
    Unknown,
}
