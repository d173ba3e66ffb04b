//! The Region of this host, and where it is set.

/// The Region of this host, and where it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRegion {
    /// The name; `None` if only a request would tell.
    pub name: Option<String>,
    /// Where the Region is set, or what will be asked for it.
    pub source: String,
}
