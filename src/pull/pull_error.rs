//! Why an image could not be pulled.

use std::time::Duration;

use super::disk::{DiskFull, Shortage};
use super::platforms::{build_hint, describe_platforms};
use super::policy::retry_after;
use super::pull_stage::PullStage;
use crate::answers::{Classification, PullContext, Reaction, SentLogin, classify};
use crate::credential::Credential;
use crate::engine::EngineError;
use crate::error::{Class, Explain, Link, Retryability};
use crate::task::ImageReference;

/// An image that could not be pulled.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PullError {
    /// The engine reported an error, its own or the registry's.
    #[error("image {image}: {}", classify(cause, image, context).explanation)]
    Engine {
        /// The image that could not be pulled.
        image: ImageReference,
        /// What is known about the pull.
        context: Box<PullContext>,
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
    #[error("image {image}: {}", describe_time_out(*limit, *stage, last.as_deref()))]
    TimedOut {
        /// The image that could not be pulled.
        image: ImageReference,
        /// The limit that was reached.
        limit: Duration,
        /// How far the attempt had come that the limit ended.
        stage: PullStage,
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
    /// The registry has the image for other platforms only.
    #[error("image {image}: {}", describe_platforms(requested.as_deref(), available))]
    MissingPlatform {
        /// The image that could not be pulled.
        image: ImageReference,
        /// The platform that the task or the operator requested; the engine's own if `None`.
        requested: Option<Box<str>>,
        /// The platforms that the registry has, such as `linux/arm64`.
        available: Vec<String>,
        /// The error that the engine reported.
        #[source]
        cause: EngineError,
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
        let is_anonymous = matches!(self, Self::Engine { context, .. } if context.login == SentLogin::Anonymous);
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
        if let Self::Engine { context, .. } = &mut self
            && let SentLogin::Login { remarks } = &mut context.login
            && !remarks.is_empty()
        {
            remarks.extend(credential.correction());
        }
        self
    }

    /// What the engine's error means, if it is one.
    fn classification(&self) -> Option<Classification> {
        let Self::Engine { image, context, cause } = self else { return None };
        Some(classify(cause, image, context))
    }
}

/// What a pull that ran out of time was waiting for. The limit is named beside the cause.
fn describe_time_out(limit: Duration, stage: PullStage, last: Option<&PullError>) -> String {
    let limit = humantime::format_duration(limit);
    match (stage, last) {
        (PullStage::Silent | PullStage::Begun, Some(last)) => {
            let text = last.to_string();
            let cause = text.strip_prefix(&format!("image {}: ", last.resource())).unwrap_or(&text);
            format!("{cause}; not finished within {limit} (pull.total_timeout)")
        }
        (PullStage::Silent, None) => {
            format!("the registry did not answer; not finished within {limit} (pull.total_timeout)")
        }
        _ => format!("not finished within {limit} (pull.total_timeout)"),
    }
}

fn check_network(image: &ImageReference) -> String {
    format!("check the route, the firewall and the VPC endpoint from the engine's host to {}", image.registry())
}

fn list_digests(digests: &[String]) -> String {
    if digests.is_empty() { "no digest".to_owned() } else { digests.join(", ") }
}

impl Explain for PullError {
    fn link(&self) -> Link {
        match self {
            Self::Engine { image, context, cause } => classify(cause, image, context).link,
            Self::NotEnoughSpace { .. } | Self::DiskFull { .. } => Link::Disk,
            Self::TimedOut { stage: PullStage::Silent | PullStage::Begun, last: Some(last), .. } => last.link(),
            Self::NoAnswer { .. } | Self::TimedOut { stage: PullStage::Silent, .. } => Link::Registry,
            Self::Stalled { .. } | Self::TimedOut { .. } => Link::Layers,
            Self::Unverified { .. } | Self::TagFailed { .. } | Self::Cancelled { .. } => Link::Engine,
            Self::WrongPlatform { .. } | Self::MissingPlatform { .. } => Link::Platform,
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Engine { image, context, cause } => classify(cause, image, context).class,
            Self::NotEnoughSpace { .. } | Self::DiskFull { .. } => Class::DiskFull,
            Self::NoAnswer { .. } | Self::Stalled { .. } => Class::Unavailable,
            Self::TimedOut { .. } => Class::TimedOut,
            Self::TagFailed { cause, .. } => cause.class(),
            Self::Unverified { .. } => Class::Unknown,
            Self::WrongPlatform { .. } | Self::MissingPlatform { .. } => Class::Unsupported,
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
            | Self::MissingPlatform { image, .. }
            | Self::TagFailed { image, .. }
            | Self::Cancelled { image, .. } => image.to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine { image, context, cause } => classify(cause, image, context).hint.map(Into::into),
            Self::NotEnoughSpace { shortage, .. } => Some(shortage.hint().to_owned()),
            Self::DiskFull { disk, .. } => Some(disk.hint().to_owned()),
            Self::NoAnswer { image, .. } => Some(format!("{}; raise pull.begin_timeout for a very slow registry", check_network(image))),
            Self::Stalled { .. } => Some("check the network path to the registry and its layer store; raise pull.idle_timeout for a very slow one, or for Podman, which retries without a message (its log shows why)".into()),
            Self::TimedOut { stage: PullStage::Silent | PullStage::Begun, last: Some(last), .. } => last.hint(),
            Self::TimedOut { image, stage: PullStage::Silent, .. } => Some(format!("{}; then raise pull.total_timeout", check_network(image))),
            Self::TimedOut { .. } => Some("raise pull.total_timeout if the image is very large or the network very slow".into()),
            Self::Unverified { .. } => Some("the tag moved during the pull, or another program pulls the same tag: run the pull again, or name the image by digest".into()),
            Self::WrongPlatform { .. } => Some("the image has no build for that platform: build one, or change runtimePlatform or --platform".into()),
            Self::MissingPlatform { image, requested, available, .. } => Some(build_hint(image, requested.as_deref(), available)),
            Self::TagFailed { cause, .. } => cause.hint(),
            Self::Cancelled { .. } => None,
        }
    }
}
