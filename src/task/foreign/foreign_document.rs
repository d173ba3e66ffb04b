//! What an input is that is not a task definition.

/// A document of another kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::task) struct ForeignDocument {
    /// What it is, with its article: `a Docker Compose file`.
    pub name: String,
    /// How to get a task definition; the name of the input is `FILE` in it.
    pub hint: String,
}

impl ForeignDocument {
    pub(super) fn new(name: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name: name.into(), hint: hint.into() }
    }
}
