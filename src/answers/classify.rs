//! Finds the meaning of a failure of the engine, or of an answer.

use crate::answers::answer::Answer;
use crate::answers::answer_source::AnswerSource;
use crate::answers::attribution::attribute;
use crate::answers::classification::Classification;
use crate::answers::pull_context::PullContext;
use crate::answers::reader::Reader;
use crate::answers::rules::image_rules::ZSTD;
use crate::answers::sent_login::SentLogin;
use crate::answers::unknown_words::{classify_by_number, classify_without_message, unknown_answer};
use crate::engine::EngineError;
use crate::task::ImageReference;

/// Returns what an error of the engine means for the pull of `image`.
pub(crate) fn classify(error: &EngineError, image: &ImageReference, context: &PullContext) -> Classification {
    let EngineError::ErrorMessage { status, code, text } = error else {
        return classify_without_message(error);
    };
    let answer = attribute(*status, text, context.phase);
    if answer.source != AnswerSource::Engine {
        return interpret(&answer, image, &context.login);
    }
    let reader = Reader::new(&answer, image, &context.login);
    // An engine that knows no zstd takes such a layer for a tar archive.
    if !context.reads_zstd && reader.words.contains("invalid tar header") {
        return reader.meaning(&ZSTD);
    }
    reader.engine_words().unwrap_or_else(|| classify_by_number(*status, *code))
}

/// Returns what an answer of the registry of `image` means, whoever gave it.
pub(crate) fn interpret(answer: &Answer, image: &ImageReference, login: &SentLogin) -> Classification {
    let answer = &answer.clone().with_source_of_body();
    let reader = Reader::new(answer, image, login);
    let meaning = match answer.source {
        AnswerSource::Engine => reader.engine_words(),
        AnswerSource::Proxy => Some(reader.proxy_words()),
        AnswerSource::LayerStore => Some(reader.store_words()),
        AnswerSource::Registry | AnswerSource::TokenService => reader.registry_words(),
    };
    reader.about_login(meaning.unwrap_or_else(|| unknown_answer(answer)))
}
