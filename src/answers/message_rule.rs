//! One row of the tables of known messages.

use crate::answers::classification::Classification;
use crate::error::{Class, Link};

/// Phrases, and what a message that contains one of them means.
///
/// Phrases are in lower case. A message is compared between `^: ` and ` $`, so that `: denied ` also
/// matches a message that is only `denied`. `tests/corpus/engine-messages.json` records where each
/// phrase was seen.
#[derive(Debug)]
pub(crate) struct MessageRule {
    pub phrases: &'static [&'static str],
    pub meaning: Classification,
}

impl MessageRule {
    pub(crate) const fn new(
        phrases: &'static [&'static str],
        link: Link,
        class: Class,
        explanation: &'static str,
        hint: &'static str,
    ) -> Self {
        Self { phrases, meaning: Classification { link, class, explanation, hint: Some(hint) } }
    }
}
