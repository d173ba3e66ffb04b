//! The error of a login check.

use super::engine_words::{direct_hint, engine_words};
use super::login_target::LoginTarget;
use super::registry_error::RegistryError;
use crate::answers::{Answer, AnswerSource, Classification, PullPhase, Reaction, SentLogin, interpret};
use crate::error::{Class, Explain, Link};

/// Why a registry did not accept a login, or why it could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// A request failed, or its answer is an error.
    #[error("{}: {}", target.name(), Self::meaning(target, source).explanation)]
    Request {
        /// The registry or image that was checked.
        target: Box<LoginTarget>,
        /// Why the request failed.
        source: RegistryError,
    },
    /// The login is accepted, but may not read the repository.
    #[error("{} accepts this login, but does not let it read {}", target.host(), target.reference().repository())]
    Repository {
        /// The image that was checked.
        target: Box<LoginTarget>,
        /// The registry's answer about the repository.
        source: RegistryError,
    },
    /// The registry accepts the login for the image, but does not ask for it where engines look.
    #[error(
        "{host} lets the login read {image}, but answers `/v2/` without asking for a login, so that Docker Engine sends none unless it uses the containerd image store"
    )]
    NotAsked {
        /// The host that received the request.
        host: String,
        /// The image that was requested, with its tag or digest.
        image: String,
    },
    /// The time limit passed.
    #[error("{host} did not answer in time")]
    TimedOut {
        /// The host that received the request.
        host: String,
    },
}

impl LoginError {
    pub(super) fn request(target: &LoginTarget, source: RegistryError) -> Self {
        Self::Request { target: Box::new(target.clone()), source }
    }

    /// The same error, after the registry has accepted the login elsewhere.
    pub(super) fn about_repository(self) -> Self {
        match self {
            Self::Request { target, source } => Self::Repository { target, source },
            other => other,
        }
    }

    /// Whether the registry did not accept the login itself.
    pub(super) fn is_refused_login(&self) -> bool {
        let Self::Request { target, source } = self else { return false };
        let meaning = Self::meaning(target, source);
        meaning.link == Link::Registry && meaning.reaction == Reaction::NewerLogin
    }

    /// What the answer or the lack of one means; the same as in a pull.
    fn meaning(target: &LoginTarget, source: &RegistryError) -> Classification {
        let image = target.reference();
        let unsupported = |explanation: &'static str, hint: &str| Classification {
            link: Link::Registry,
            class: Class::Unsupported,
            reaction: Reaction::Final,
            explanation: explanation.into(),
            hint: Some(hint.to_owned().into()),
        };
        match source {
            RegistryError::Answer(answer) => interpret(answer, image, &SentLogin::unremarkable()),
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
            RegistryError::Unreachable(_) | RegistryError::Tls(_) | RegistryError::ConnectionLost => {
                Self::without_answer(target, source)
            }
        }
    }

    /// The meaning of a failed connection, which is the same as in a pull; but here taskpull connects.
    fn without_answer(target: &LoginTarget, source: &RegistryError) -> Classification {
        let text = engine_words(source).unwrap_or_default();
        let host = target.host();
        let (source_of_words, phase) = (AnswerSource::Engine, PullPhase::Manifest);
        let host_name = Some(host.to_owned());
        let answer = Answer { source: source_of_words, status: None, code: None, text, host: host_name, phase };
        let meaning = interpret(&answer, target.reference(), &SentLogin::unremarkable());
        let own_words = |text: &str| text.replace("the engine's host", "this host").replace("the engine", "taskpull");
        let hint = direct_hint(source, host).or_else(|| meaning.hint.as_deref().map(own_words));
        Classification { explanation: own_words(&meaning.explanation).into(), hint: hint.map(Into::into), ..meaning }
    }
}

impl Explain for LoginError {
    fn link(&self) -> Link {
        match self {
            Self::Request { target, source } => Self::meaning(target, source).link,
            Self::Repository { .. } => Link::Repository,
            Self::NotAsked { .. } | Self::TimedOut { .. } => Link::Registry,
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Request { target, source } => Self::meaning(target, source).class,
            Self::Repository { .. } => Class::Refused,
            Self::NotAsked { .. } => Class::Unsupported,
            Self::TimedOut { .. } => Class::TimedOut,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Request { target, .. } => target.name(),
            Self::Repository { target, .. } => target.reference().name(),
            Self::NotAsked { host, image } => format!("{host}/{image}"),
            Self::TimedOut { host } => host.clone(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Request { target, source } => Self::meaning(target, source).hint.map(Into::into),
            Self::Repository { .. } => Some(
                "let the token read the repository (its scope, the permission of its account), and check the spelling of the name"
                    .to_owned(),
            ),
            Self::NotAsked { .. } => Some(
                "make the registry answer `/v2/` with 401 and a `WWW-Authenticate` header: switch off its anonymous access, or forward the header in the proxy in front of it"
                    .to_owned(),
            ),
            Self::TimedOut { .. } => Some(
                "taskpull contacts the registry directly, without a proxy, by https (on this machine by http): check DNS, routes and the firewall"
                    .to_owned(),
            ),
        }
    }
}
