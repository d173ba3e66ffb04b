//! Why an image could not be pulled.

use std::time::Duration;

use super::disk::{DiskFull, Shortage};
use super::policy::retry_after;
use crate::answers::{Classification, PullPhase, Reaction, SentLogin, classify};
use crate::credential::Credential;
use crate::engine::EngineError;
use crate::error::{Class, Explain, Link, Retryability};
use crate::task::ImageReference;

/// An image that could not be pulled.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PullError {
    /// The engine reported an error, its own or the registry's.
    #[error("image {image}: {}", classify(cause, image, login, *phase).explanation)]
    Engine {
        /// The image that could not be pulled.
        image: ImageReference,
        /// The login that the registry was sent.
        login: SentLogin,
        /// How far the pull had come.
        phase: PullPhase,
        /// The engine's error, with its message unchanged except for removed logins.
        #[source]
        cause: EngineError,
    },
    /// The disk has no space for the image, and [`DiskCheck::Refuse`](crate::config::DiskCheck::Refuse) is
    /// set (G6).
    #[error("image {image}: {shortage}")]
    NotEnoughSpace {
        /// The image that could not be pulled.
        image: ImageReference,
        /// The space that the image needs, and the free space.
        shortage: Box<Shortage>,
    },
    /// The disk became full during the pull (G6).
    #[error("image {image}: {disk}")]
    DiskFull {
        /// The image that could not be pulled.
        image: ImageReference,
        /// The state of the disk after the failure.
        disk: Box<DiskFull>,
        /// The error that the engine reported.
        #[source]
        cause: EngineError,
    },
    /// The engine sent no message about the pull. It sends one as soon as the registry answers.
    #[error("image {image}: the registry did not answer within {}", humantime::format_duration(*limit))]
    NoAnswer {
        /// The image that could not be pulled.
        image: ImageReference,
        /// The limit that was reached.
        limit: Duration,
    },
    /// The pull started and then made no progress.
    #[error("image {image}: no progress for {}", humantime::format_duration(*limit))]
    Stalled {
        /// The image that could not be pulled.
        image: ImageReference,
        /// The limit that was reached.
        limit: Duration,
    },
    /// The pull with all its attempts did not finish in time.
    #[error("image {image}: not finished within {}", humantime::format_duration(*limit))]
    TimedOut {
        /// The image that could not be pulled.
        image: ImageReference,
        /// The limit that was reached.
        limit: Duration,
        /// The error of the last attempt that failed before the limit.
        #[source]
        last: Option<Box<PullError>>,
    },
    /// The engine reported success, but the local image is another one (F6).
    #[error("image {image}: the engine pulled {digest}, but the local image has {}", list_digests(local))]
    Unverified {
        /// The image that could not be pulled.
        image: ImageReference,
        /// The digest in the pull stream.
        digest: String,
        /// The digests of the local image.
        local: Vec<String>,
    },
    /// The engine reported success, but the local image is for another platform (H5).
    #[error("image {image}: platform {requested} was requested, but the image is for {found}")]
    WrongPlatform {
        /// The image that could not be pulled.
        image: ImageReference,
        /// The platform that the task or the operator requested.
        requested: Box<str>,
        /// The platform of the local image.
        found: Box<str>,
    },
    /// The engine pulled the image through a pull-through cache and cannot tag it.
    #[error("image {image}: pulled, but the engine cannot tag it as {name}")]
    TagFailed {
        /// The image, as the pull-through cache names it.
        image: ImageReference,
        /// The image, as the task definition names it.
        name: Box<ImageReference>,
        /// The error that the engine reported.
        #[source]
        cause: EngineError,
    },
    /// The pull was cancelled on this side.
    #[error("image {image}: cancelled before it finished: {reason}")]
    Cancelled {
        /// The image that could not be pulled.
        image: ImageReference,
        /// Why it was cancelled.
        reason: CancelReason,
    },
}

/// Why a pull was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CancelReason {
    /// The user or a signal ended the run.
    #[error("interrupted")]
    Interrupt,
    /// Another pull or input failed first.
    #[error("another image failed and --fail-fast is set")]
    FailFast,
}

impl PullError {
    /// How long the registry asks to wait before the next request.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Engine { cause: EngineError::ErrorMessage { text, .. }, .. } => retry_after(text),
            _ => None,
        }
    }

    /// Whether a registry refused the credential that was sent.
    pub(super) fn is_refusal(&self) -> bool {
        let is_anonymous = matches!(self, Self::Engine { login: SentLogin::Anonymous, .. });
        !is_anonymous && self.classification().is_some_and(|meaning| meaning.reaction == Reaction::NewerLogin)
    }

    /// How often another attempt with the same login is useful.
    pub(super) fn retryability(&self) -> Retryability {
        match self.classification() {
            Some(Classification { reaction: Reaction::Final, .. }) => Retryability::Never,
            _ => self.class().retryability(),
        }
    }

    /// Adds how the login is corrected, if something is odd about it.
    pub(super) fn with_correction(mut self, credential: &Credential) -> Self {
        if let Self::Engine { login: SentLogin::Login { remarks }, .. } = &mut self
            && !remarks.is_empty()
        {
            remarks.extend(credential.correction());
        }
        self
    }

    /// What the engine's error means, if it is one.
    fn classification(&self) -> Option<Classification> {
        let Self::Engine { image, login, phase, cause } = self else { return None };
        Some(classify(cause, image, login, *phase))
    }
}

fn list_digests(digests: &[String]) -> String {
    if digests.is_empty() { "no digest".to_owned() } else { digests.join(", ") }
}

impl Explain for PullError {
    fn link(&self) -> Link {
        match self {
            Self::Engine { image, login, phase, cause } => classify(cause, image, login, *phase).link,
            Self::NotEnoughSpace { .. } | Self::DiskFull { .. } => Link::Disk,
            Self::NoAnswer { .. } => Link::Registry,
            Self::Stalled { .. } | Self::TimedOut { .. } => Link::Layers,
            Self::Unverified { .. } | Self::TagFailed { .. } | Self::Cancelled { .. } => Link::Engine,
            Self::WrongPlatform { .. } => Link::Platform,
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Engine { image, login, phase, cause } => classify(cause, image, login, *phase).class,
            Self::NotEnoughSpace { .. } | Self::DiskFull { .. } => Class::DiskFull,
            Self::NoAnswer { .. } | Self::Stalled { .. } => Class::Unavailable,
            Self::TimedOut { .. } => Class::TimedOut,
            Self::TagFailed { cause, .. } => cause.class(),
            Self::Unverified { .. } => Class::Unknown,
            Self::WrongPlatform { .. } => Class::Unsupported,
            Self::Cancelled { .. } => Class::Cancelled,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Engine { image, .. }
            | Self::NotEnoughSpace { image, .. }
            | Self::DiskFull { image, .. }
            | Self::NoAnswer { image, .. }
            | Self::Stalled { image, .. }
            | Self::TimedOut { image, .. }
            | Self::Unverified { image, .. }
            | Self::WrongPlatform { image, .. }
            | Self::TagFailed { image, .. }
            | Self::Cancelled { image, .. } => image.to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine { image, login, phase, cause } => {
                classify(cause, image, login, *phase).hint.map(Into::into)
            }
            Self::NotEnoughSpace { shortage, .. } => Some(shortage.hint().to_owned()),
            Self::DiskFull { disk, .. } => Some(disk.hint().to_owned()),
            Self::NoAnswer { .. } => Some("check the route, the firewall and the VPC endpoint from the engine's host to the registry; raise pull.begin_timeout for a very slow registry".into()),
            Self::Stalled { .. } => Some("check the network path to the registry and its layer store; raise pull.idle_timeout for a very slow one, or for Podman, which retries without a message (its log shows why)".into()),
            Self::TimedOut { .. } => Some("raise pull.total_timeout if the image is very large or the network very slow".into()),
            Self::Unverified { .. } => Some("the tag moved during the pull, or another program pulls the same tag: run the pull again, or name the image by digest".into()),
            Self::WrongPlatform { .. } => Some("the image has no build for that platform: build one, or change runtimePlatform or --platform".into()),
            Self::TagFailed { cause, .. } => cause.hint(),
            Self::Cancelled { .. } => None,
        }
    }
}
