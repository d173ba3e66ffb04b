//! What the engine's words mean: where on the chain a text belongs, and what may be done.
//!
//! The engine reports wrong credentials as HTTP 500, a denied repository as 404 and most
//! faults within a stream of HTTP 200, so the text decides, and the stream's code or the status
//! only where the text is unknown. Names are taken out of the text before it is read: a
//! repository may be called `unauthorized-page`.

mod engine_messages;
mod registry_messages;

use std::fmt::Write as _;

use serde::Serialize;

use crate::engine::{EngineError, Unreachable};
use crate::error::{Class, Explain as _, Link};
use crate::plan::RegistryKind;
use crate::task::ImageReference;

/// What a failure means, ready to be told.
#[derive(Clone, Copy)]
pub(crate) struct Classification {
    pub link: Link,
    pub class: Class,
    pub sentence: &'static str,
    pub hint: Option<&'static str>,
}

/// One row of the tables: phrases in lower case, and what each of them means.
///
/// What each was seen in is `tests/corpus/engine-messages.json`. A text is compared between
/// `^: ` and ` $`, so that `: denied ` also finds a `denied` that stands alone.
struct MessageRule {
    any_of: &'static [&'static str],
    meaning: Classification,
}

const fn rule(
    any_of: &'static [&'static str],
    (link, class): (Link, Class),
    sentence: &'static str,
    hint: &'static str,
) -> MessageRule {
    MessageRule { any_of, meaning: Classification { link, class, sentence, hint: Some(hint) } }
}

/// The tables, in the order in which they are read.
fn rules() -> impl Iterator<Item = &'static MessageRule> {
    engine_messages::RULES.iter().chain(registry_messages::RULES)
}

/// The tables as Markdown, for `docs/troubleshooting.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("| failure | the engine's text has | it means | next step |\n|---|---|---|---|\n");
    for MessageRule { any_of, meaning: Classification { link, class, sentence, hint } } in rules() {
        let phrase = |phrase: &&str| format!("`{}`", phrase.trim_matches(['^', '$', ' ', ':']).trim());
        let mut phrases: Vec<String> = any_of.iter().map(phrase).collect();
        phrases.dedup();
        let (phrases, hint) = (phrases.join(", "), hint.unwrap_or_default());
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{} {}` | {phrases} | {sentence} | {hint} |", word(link), word(class));
    }
    text
}

/// A link or a class, as the report has it.
fn word(of: &impl Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What `cause` means for the pull of `image`, with credentials or without.
pub(crate) fn classify(cause: &EngineError, image: &ImageReference, anonymous: bool) -> Classification {
    let EngineError::Said { status, code, text } = cause else {
        return unreachable(cause);
    };
    let text = format!("^: {} $", without_names(text, image).to_lowercase());
    let rule = rules().find(|rule| rule.any_of.iter().any(|phrase| text.contains(phrase)));
    let mut meaning = rule.map_or_else(|| by_number(*status, *code), |rule| rule.meaning);
    if meaning.class == Class::Unknown && is_refused_by_ecr_public(&text, image) {
        meaning = ECR_PUBLIC_REFUSED;
    }
    let asks_for_credentials =
        meaning.class == Class::Refused && matches!(meaning.link, Link::Registry | Link::Repository);
    if anonymous && asks_for_credentials {
        meaning.sentence = match meaning.link {
            Link::Repository => "the repository does not exist, or wants credentials; the container names none",
            _ => "the registry wants credentials, and the container names none",
        };
        meaning.hint =
            Some("put them in a secret and name it in the container's repositoryCredentials.credentialsParameter");
    }
    meaning
}

const ECR_PUBLIC_REFUSED: Classification = Classification {
    link: Link::Registry,
    class: Class::Refused,
    sentence: "ECR Public does not take this authorization token",
    hint: Some("tokens last 12 hours, and a new one was got after this: see the host's clock"),
};

/// ECR Public answers a token that is over with 400 and without a challenge; engines that do
/// not show its words show the number.
fn is_refused_by_ecr_public(text: &str, image: &ImageReference) -> bool {
    let is_400 = ["400 bad request", "400 (bad request)", "http 400", "statuscode: 400", "from registry 400"];
    RegistryKind::from_image(image) == Ok(RegistryKind::EcrPublic) && is_400.iter().any(|phrase| text.contains(phrase))
}

/// The text without the words that name the image, its repository or its registry. The colon
/// after a name stays: what follows it is the cause.
fn without_names(text: &str, image: &ImageReference) -> String {
    let path = format!("/{}", image.repository());
    // An engine leaves the registry out of its own default's names only.
    let familiar = image.repository().trim_start_matches("library/");
    let is_familiar = |word: &str| image.registry() == "docker.io" && word.split([':', '@']).next() == Some(familiar);
    let is_name = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.contains(image.registry()) || word.contains(&path) || is_familiar(word)
    };
    let kept = text.split_whitespace().filter_map(|word| match is_name(word) {
        true if word.ends_with(':') => Some(":"),
        true => None,
        false => Some(word),
    });
    kept.collect::<Vec<_>>().join(" ")
}

/// By the stream's code, which says more than the 200 before it, or by the status. A 429 or
/// 503 without a registry's words is the engine's own: what stands before it sheds load.
fn by_number(status: u16, code: Option<i64>) -> Classification {
    let (class, sentence) = match code.unwrap_or_else(|| status.into()) {
        401 | 403 => (Class::Refused, "the engine or the registry refused"),
        404 => (Class::Absent, "the engine did not find it"),
        429 | 503 => (Class::EngineBusy, "the engine is too busy to pull"),
        _ => (Class::Unknown, "the engine failed in a way taskpull does not know"),
    };
    Classification { link: Link::Engine, class, sentence, hint: None }
}

/// The engine did not speak at all.
fn unreachable(cause: &EngineError) -> Classification {
    let (sentence, hint) = match cause {
        EngineError::Unreachable { why: Unreachable::TooManyFiles, .. } => (
            "no connection to the engine could be opened",
            "raise the limit of open files (`ulimit -n`), or lower pull.concurrency",
        ),
        EngineError::Garbled { .. } => ("the engine's answer cannot be read", "`journalctl -u docker` may say why"),
        _ => ("the engine went away", "`journalctl -u docker` may say why"),
    };
    Classification { link: Link::Engine, class: cause.class(), sentence, hint: Some(hint) }
}

#[cfg(test)]
mod tests;
