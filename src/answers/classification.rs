//! The meaning of an answer.

use std::borrow::Cow;

use crate::answers::reaction::Reaction;
use crate::error::{Class, Link};

/// What a failure means, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Classification {
    pub link: Link,
    pub class: Class,
    pub reaction: Reaction,
    /// What happened, as a clause without a full stop.
    pub explanation: Cow<'static, str>,
    /// What to do next, with the host, the Region and the ARN of this failure.
    pub hint: Option<Cow<'static, str>>,
}
