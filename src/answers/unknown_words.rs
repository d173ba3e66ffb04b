//! What is said about words that no table knows, and about failures without words.

use crate::answers::answer::Answer;
use crate::answers::answer_source::AnswerSource;
use crate::answers::classification::Classification;
use crate::answers::reaction::Reaction;
use crate::engine::{EngineError, UnreachableReason};
use crate::error::{Class, Explain as _, Link};

/// The longest part of an unknown answer that an explanation repeats, in characters.
const LONGEST: usize = 300;

/// An answer that no table knows. It is the registry's word, so asking again does not help.
pub(crate) fn unknown_answer(answer: &Answer) -> Classification {
    let who = match answer.source {
        AnswerSource::TokenService => "the registry's token service",
        AnswerSource::LayerStore => "the store of the registry's layers",
        AnswerSource::Proxy => "a proxy in front of the registry",
        AnswerSource::Registry | AnswerSource::Engine => "the registry",
    };
    let words: String = answer.text.chars().take(LONGEST).collect();
    let explanation = match (words.is_empty(), answer.status) {
        (false, _) => format!("{who} said: {words}"),
        (true, Some(status)) => format!("{who} answered HTTP {status} without a reason"),
        (true, None) => format!("{who} gave no reason"),
    };
    Classification {
        link: Link::Registry,
        class: Class::Unknown,
        reaction: Reaction::Final,
        explanation: explanation.into(),
        hint: Some("look up these words in the documentation of the registry, or ask its operator".into()),
    }
}

/// Classifies words of the engine that no table knows by the stream's code, which is more precise
/// than the 200 before it, or by the HTTP status. A 429 or 503 without a registry's words is the
/// engine's own: a proxy in front of it sheds load.
pub(crate) fn classify_by_number(status: u16, code: Option<i64>) -> Classification {
    let (class, explanation) = match code.unwrap_or_else(|| status.into()) {
        401 | 403 => (Class::Refused, "the engine or the registry denied the request"),
        404 => (Class::Absent, "the engine did not find the image"),
        429 | 503 => (Class::EngineBusy, "the engine is too busy to pull"),
        _ => (Class::Unknown, "the engine reported an error that taskpull does not know"),
    };
    Classification {
        link: Link::Engine,
        class,
        reaction: Reaction::ByClass,
        explanation: explanation.into(),
        hint: Some("`journalctl -u docker` on the engine's host may say more".into()),
    }
}

/// Classifies an error for which the engine sent no words.
pub(crate) fn classify_without_message(error: &EngineError) -> Classification {
    let (explanation, hint) = match error {
        EngineError::Unreachable { reason: UnreachableReason::TooManyFiles, .. } => (
            "taskpull could not open a connection to the engine",
            "raise the limit of open files (`ulimit -n`), or lower pull.concurrency",
        ),
        EngineError::UnexpectedResponse { .. } => {
            ("the engine's response cannot be used", "check `journalctl -u docker`")
        }
        _ => ("the connection to the engine failed", "check `journalctl -u docker`"),
    };
    Classification {
        link: Link::Engine,
        class: error.class(),
        reaction: Reaction::ByClass,
        explanation: explanation.into(),
        hint: Some(hint.into()),
    }
}
