//! One row of the tables of known messages.

use crate::answers::classification::Classification;
use crate::answers::reaction::Reaction;
use crate::error::{Class, Link};

/// Phrases, and what a message that contains one of them means.
///
/// Phrases are in lower case. A message is compared between `^: ` and ` $`, so that `: denied ` also
/// matches a message that is only `denied`. `tests/corpus/engine-messages.json` records where each
/// phrase was seen.
#[derive(Debug)]
pub(crate) struct MessageRule {
    pub phrases: &'static [&'static str],
    pub link: Link,
    pub class: Class,
    pub explanation: &'static str,
    pub hint: &'static str,
}

impl MessageRule {
    pub(crate) const fn new(
        phrases: &'static [&'static str],
        link: Link,
        class: Class,
        explanation: &'static str,
        hint: &'static str,
    ) -> Self {
        Self { phrases, link, class, explanation, hint }
    }

    pub(crate) fn meaning(&self) -> Classification {
        let Self { link, class, explanation, hint, .. } = *self;
        let is_login = class == Class::Refused && matches!(link, Link::Registry | Link::Repository);
        let reaction = if is_login { Reaction::NewerLogin } else { Reaction::ByClass };
        Classification { link, class, reaction, explanation: explanation.into(), hint: Some(hint.into()) }
    }
}
