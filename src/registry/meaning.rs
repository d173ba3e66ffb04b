//! What a failed request of a login check means.

use super::engine_words::{direct_hint, engine_words};
use super::login_target::LoginTarget;
use super::registry_error::RegistryError;
use crate::answers::{Answer, AnswerSource, Classification, PullPhase, Reaction, SentLogin, interpret};
use crate::error::{Class, Link};

/// What a failed request means; an answer means the same as in a pull. `login` is the login that the
/// request was sent with.
pub(super) fn meaning(target: &LoginTarget, login: &SentLogin, source: &RegistryError) -> Classification {
    match source {
        RegistryError::Answer(answer) => match (read(answer, target, login), login) {
            (meaning, SentLogin::Anonymous) => without_login(meaning),
            (meaning, SentLogin::Login { .. }) => meaning,
        },
        RegistryError::Unreachable { host, .. }
        | RegistryError::Tls { host, .. }
        | RegistryError::ConnectionLost { host }
        | RegistryError::NoToken { host, .. } => without_answer(target, host, login, source),
        RegistryError::Redirect { to } => unsupported(
            "the login was not sent, because the registry redirects the request to another server",
            &format!("a login is for one server: name the registry that answers without a redirect, perhaps {to}"),
        ),
        RegistryError::Realm { .. } => unsupported(
            "the login was not sent, because the registry's token service has an unsafe or invalid address",
            "configure the token service's address (`realm`) at the registry: whole, and with https",
        ),
        RegistryError::UnsupportedChallenge { .. } => unsupported(
            "the registry requires a kind of authentication that engines do not support",
            "the registry must offer `Basic` or `Bearer` in the header WWW-Authenticate of its 401 answer; a proxy in front of it may ask for a login of its own, or remove the header",
        ),
        RegistryError::ResponseTooLong { .. } | RegistryError::InvalidResponse(_) => unsupported(
            "the answer is not one of a registry",
            "check the host and port: a proxy or a web server may answer in the registry's place",
        ),
        RegistryError::NoCredentials | RegistryError::Uri => unsupported(
            "the login cannot be sent in the form that the registry requires",
            "use a user name with a password or token",
        ),
    }
}

/// The meaning of an answer to a request without the login: the login was not refused.
fn without_login(meaning: Classification) -> Classification {
    if meaning.reaction != Reaction::NewerLogin {
        return meaning;
    }
    Classification {
        explanation: "the registry denies the request before it asks for a login, so the login was not sent".into(),
        hint: Some(
            "a registry asks for a login with the status 401 and the header WWW-Authenticate: a proxy, a firewall or an allow-list in front of it may deny this host, or remove the header".into(),
        ),
        ..meaning
    }
}

/// Reads an answer as for a pull; but here taskpull asks, from this host.
fn read(answer: &Answer, target: &LoginTarget, login: &SentLogin) -> Classification {
    let meaning = interpret(answer, target.reference(), login);
    let own_words = |text: &str| text.replace("the engine's host", "this host").replace("the engine", "taskpull");
    Classification {
        explanation: own_words(&meaning.explanation).into(),
        hint: meaning.hint.as_deref().map(|hint| own_words(hint).into()),
        ..meaning
    }
}

/// Reads a failure without an answer as the words of an engine.
fn without_answer(target: &LoginTarget, host: &str, login: &SentLogin, source: &RegistryError) -> Classification {
    let text = engine_words(source).unwrap_or_default();
    let (source_of_words, phase, host) = (AnswerSource::Engine, PullPhase::Manifest, Some(host.to_owned()));
    let meaning = read(&Answer { source: source_of_words, status: None, code: None, text, host, phase }, target, login);
    Classification { hint: direct_hint(source).map(Into::into).or(meaning.hint), ..meaning }
}

fn unsupported(explanation: &'static str, hint: &str) -> Classification {
    Classification {
        link: Link::Registry,
        class: Class::Unsupported,
        reaction: Reaction::Final,
        explanation: explanation.into(),
        hint: Some(hint.to_owned().into()),
    }
}
