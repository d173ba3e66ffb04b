//! Finds the meaning of a failure of the engine.

use crate::answers::answer::Answer;
use crate::answers::classification::Classification;
use crate::answers::engine_messages::ENGINE_MESSAGES;
use crate::answers::generic_messages::GENERIC_MESSAGES;
use crate::answers::image_messages::IMAGE_MESSAGES;
use crate::answers::message_rule::MessageRule;
use crate::answers::network_messages::NETWORK_MESSAGES;
use crate::answers::pull_phase::PullPhase;
use crate::answers::reaction::Reaction;
use crate::answers::registry_messages::REGISTRY_MESSAGES;
use crate::answers::sent_login::SentLogin;
use crate::engine::{EngineError, UnreachableReason};
use crate::error::{Class, Explain as _, Link};
use crate::plan::RegistryKind;
use crate::task::ImageReference;

/// Returns the tables in the order in which they are tried. The engine's own messages come first: an
/// engine that cannot open a socket names the registry too.
pub(crate) fn rules() -> impl Iterator<Item = &'static MessageRule> {
    [ENGINE_MESSAGES, REGISTRY_MESSAGES, IMAGE_MESSAGES, NETWORK_MESSAGES, GENERIC_MESSAGES].into_iter().flatten()
}

/// Returns what an error of the engine means for the pull of `image`.
pub(crate) fn classify(
    error: &EngineError,
    image: &ImageReference,
    login: &SentLogin,
    _phase: PullPhase,
) -> Classification {
    let EngineError::ErrorMessage { status, code, text } = error else {
        return classify_without_message(error);
    };
    classify_text(*status, *code, text, image, login)
}

/// Returns what an answer of the registry of `image` means, whoever gave it.
pub(crate) fn interpret(answer: &Answer, image: &ImageReference, login: &SentLogin) -> Classification {
    classify_text(answer.status.unwrap_or(500), None, &answer.text, image, login)
}

fn classify_text(
    status: u16,
    code: Option<i64>,
    text: &str,
    image: &ImageReference,
    login: &SentLogin,
) -> Classification {
    let text = format!("^: {} $", remove_names(text, image).to_lowercase());
    let rule = rules().find(|rule| rule.phrases.iter().any(|phrase| text.contains(phrase)));
    let mut meaning = rule.map_or_else(|| classify_by_number(status, code), MessageRule::meaning);
    if meaning.class == Class::Unknown && is_refused_by_ecr_public(&text, image) {
        meaning = ECR_PUBLIC_REFUSED.meaning();
    }
    if *login == SentLogin::Anonymous && meaning.reaction == Reaction::NewerLogin {
        meaning.explanation = match meaning.link {
            Link::Repository => "the repository does not exist, or requires credentials; the container names none",
            _ => "the registry requires credentials, and the container names none",
        }
        .into();
        meaning.hint = Some(
            "store credentials in a secret and name it in the container's repositoryCredentials.credentialsParameter"
                .into(),
        );
    }
    meaning
}

const ECR_PUBLIC_REFUSED: MessageRule = MessageRule::new(
    &[],
    Link::Registry,
    Class::Refused,
    "ECR Public does not accept this authorization token",
    "tokens last 12 hours, and taskpull has requested a new one since: check the host's clock",
);

/// ECR Public answers an expired token with status 400 and without a challenge; engines that do not
/// relay its message show the status.
fn is_refused_by_ecr_public(text: &str, image: &ImageReference) -> bool {
    let is_400 = ["400 bad request", "400 (bad request)", "http 400", "statuscode: 400", "from registry 400"];
    RegistryKind::from_image(image) == Ok(RegistryKind::EcrPublic) && is_400.iter().any(|phrase| text.contains(phrase))
}

/// Removes the words that name the image, its repository or its registry. The colon after a name
/// stays, because the cause follows it.
fn remove_names(text: &str, image: &ImageReference) -> String {
    let path = format!("/{}", image.repository());
    // An engine omits the registry only in names of its default registry.
    let familiar_name = image.repository().trim_start_matches("library/");
    let is_familiar =
        |word: &str| image.registry() == "docker.io" && word.split([':', '@']).next() == Some(familiar_name);
    let is_name = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.contains(image.registry()) || word.contains(&path) || is_familiar(word)
    };
    let words = text.split_whitespace().filter_map(|word| match is_name(word) {
        true if word.ends_with(':') => Some(":"),
        true => None,
        false => Some(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Classifies a message that no rule matches by the stream's code, which is more precise than the
/// 200 before it, or by the HTTP status. A 429 or 503 without a registry's message is the engine's
/// own: a proxy in front of it sheds load.
fn classify_by_number(status: u16, code: Option<i64>) -> Classification {
    let (class, explanation) = match code.unwrap_or_else(|| status.into()) {
        401 | 403 => (Class::Refused, "the engine or the registry denied the request"),
        404 => (Class::Absent, "the engine did not find the image"),
        429 | 503 => (Class::EngineBusy, "the engine is too busy to pull"),
        _ => (Class::Unknown, "the engine reported an error that taskpull does not know"),
    };
    let explanation = explanation.into();
    Classification { link: Link::Engine, class, reaction: Reaction::ByClass, explanation, hint: None }
}

/// Classifies an error for which the engine sent no message.
fn classify_without_message(error: &EngineError) -> Classification {
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
    let (class, explanation, hint) = (error.class(), explanation.into(), Some(hint.into()));
    Classification { link: Link::Engine, class, reaction: Reaction::ByClass, explanation, hint }
}
