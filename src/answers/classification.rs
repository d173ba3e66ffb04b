//! The meaning of a message.

use crate::error::{Class, Link};

/// What a failure means, and what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Classification {
    pub link: Link,
    pub class: Class,
    /// What happened, as a clause without a full stop.
    pub explanation: &'static str,
    pub hint: Option<&'static str>,
}
