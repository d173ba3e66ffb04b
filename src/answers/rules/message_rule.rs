//! One row of the tables of known words.

use crate::answers::reaction::Reaction;
use crate::error::{Class, Link};

/// Phrases, and what words that contain one of them mean, if they are said by the table's source.
///
/// Phrases are in lower case. Words are compared between `^: ` and ` $`, so that `: denied ` also
/// matches words that are only `denied`. A `*` in a phrase matches any words. The explanation and the hint are templates
/// ([`crate::answers::facts`]). `tests/corpus/engine-messages.json` records where each phrase was seen.
#[derive(Debug)]
pub(crate) struct MessageRule {
    pub phrases: &'static [&'static str],
    pub link: Link,
    pub class: Class,
    pub reaction: Reaction,
    pub explanation: &'static str,
    pub hint: &'static str,
}

impl MessageRule {
    /// A rule whose class decides about other attempts.
    pub(crate) const fn new(
        phrases: &'static [&'static str],
        link: Link,
        class: Class,
        explanation: &'static str,
        hint: &'static str,
    ) -> Self {
        Self { phrases, link, class, reaction: Reaction::ByClass, explanation, hint }
    }

    /// The rule, after which no other attempt is made.
    pub(crate) const fn and_final(self) -> Self {
        Self { reaction: Reaction::Final, ..self }
    }

    /// The rule, after which a newer login is tried.
    pub(crate) const fn about_login(self) -> Self {
        Self { reaction: Reaction::NewerLogin, ..self }
    }

    /// Whether words contain one of the phrases; the words are prepared by [`prepare`].
    pub(crate) fn matches(&self, words: &str) -> bool {
        self.phrases.iter().any(|phrase| contains(words, phrase))
    }
}

/// Prepares words for [`MessageRule::matches`].
pub(crate) fn prepare(words: &str) -> String {
    format!("^: {} $", words.to_lowercase())
}

/// Whether the parts of a phrase between its `*` occur in this order.
fn contains(words: &str, phrase: &str) -> bool {
    let mut rest = words;
    phrase.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Prepares the words about a request, which the engine puts behind the request's URL.
pub(crate) fn prepare_in_request(words: &str) -> String {
    format!("request: {} $", words.to_lowercase())
}
