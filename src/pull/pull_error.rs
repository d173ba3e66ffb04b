//! Why an image could not be pulled.

use std::time::Duration;

use super::disk::{DiskFull, Shortage};
use super::retry_after::retry_after;
use crate::answers::classify;
use crate::engine::EngineError;
use crate::error::{Class, Explain, Link};
use crate::task::ImageReference;

/// An image that could not be pulled.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PullError {
    /// The engine said no.
    #[error("image {image}: {}", classify(cause, image, *anonymous).sentence)]
    Engine {
        /// The image.
        image: ImageReference,
        /// Whether no credentials were sent.
        anonymous: bool,
        /// The engine's own words.
        #[source]
        cause: EngineError,
    },
    /// There is no room for it, and it was not to be tried (G6).
    #[error("image {image}: {shortage}")]
    NoRoom {
        /// The image.
        image: ImageReference,
        /// What it needs, and what there is.
        shortage: Box<Shortage>,
    },
    /// The engine ran out of space (G6).
    #[error("image {image}: {filled}")]
    DiskFull {
        /// The image.
        image: ImageReference,
        /// What can be said of the disk.
        filled: Box<DiskFull>,
        /// The engine's own words.
        #[source]
        cause: EngineError,
    },
    /// The engine said nothing at all about the pull: it has a word for what the registry answers.
    #[error("image {image}: the registry did not answer within {}", humantime::format_duration(*after))]
    NotBegun {
        /// The image.
        image: ImageReference,
        /// The limit that passed.
        after: Duration,
    },
    /// The engine said nothing for too long.
    #[error("image {image}: nothing moved for {}", humantime::format_duration(*after))]
    Stalled {
        /// The image.
        image: ImageReference,
        /// The limit that passed.
        after: Duration,
    },
    /// The whole took too long.
    #[error("image {image}: not done within {}", humantime::format_duration(*after))]
    TimedOut {
        /// The image.
        image: ImageReference,
        /// The limit that passed.
        after: Duration,
        /// What the last attempt before it failed with.
        #[source]
        last: Option<Box<PullError>>,
    },
    /// The engine reported success and the local image is another one (F6).
    #[error("image {image}: the engine pulled {digest}, but the local image has {}", or_none(local))]
    Unverified {
        /// The image.
        image: ImageReference,
        /// What the stream said.
        digest: String,
        /// What the local image says.
        local: Vec<String>,
    },
    /// The engine reported success and the local image is built for something else (H5).
    #[error("image {image}: {wanted} was asked for, and the image is for {found}")]
    WrongPlatform {
        /// The image.
        image: ImageReference,
        /// What was asked for.
        wanted: Box<str>,
        /// What it was built for.
        found: Box<str>,
    },
    /// The engine has the image and does not give it the name that it is wanted by.
    #[error("image {image}: it is there, and the engine does not give it the name {name} too")]
    Unnamed {
        /// The image, as a pull-through rule has it.
        image: ImageReference,
        /// The image that it stands in for.
        name: Box<ImageReference>,
        /// Why not.
        #[source]
        cause: EngineError,
    },
    /// Somebody ended it.
    #[error("image {image}: stopped before it was done, because {because}")]
    Cancelled {
        /// The image.
        image: ImageReference,
        /// Who or what.
        because: &'static str,
    },
}

impl PullError {
    /// How long the registry asks to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Engine { cause: EngineError::Said { text, .. }, .. } => retry_after(text),
            _ => None,
        }
    }

    /// Whether a registry said no to the credential it was shown.
    pub(super) fn is_refusal(&self) -> bool {
        let Self::Engine { anonymous: false, .. } = self else { return false };
        self.class() == Class::Refused && matches!(self.link(), Link::Registry | Link::Repository)
    }
}

fn or_none(digests: &[String]) -> String {
    if digests.is_empty() { "no digest".to_owned() } else { digests.join(", ") }
}

impl Explain for PullError {
    fn link(&self) -> Link {
        match self {
            Self::Engine { image, anonymous, cause } => classify(cause, image, *anonymous).link,
            Self::NoRoom { .. } | Self::DiskFull { .. } => Link::Disk,
            Self::NotBegun { .. } => Link::Registry,
            Self::Stalled { .. } | Self::TimedOut { .. } => Link::Layers,
            Self::Unverified { .. } | Self::Unnamed { .. } | Self::Cancelled { .. } => Link::Engine,
            Self::WrongPlatform { .. } => Link::Platform,
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Engine { image, anonymous, cause } => classify(cause, image, *anonymous).class,
            Self::NoRoom { .. } | Self::DiskFull { .. } => Class::DiskFull,
            Self::NotBegun { .. } | Self::Stalled { .. } => Class::Unavailable,
            Self::TimedOut { .. } => Class::TimedOut,
            Self::Unnamed { cause, .. } => cause.class(),
            Self::Unverified { .. } => Class::Unknown,
            Self::WrongPlatform { .. } => Class::Unsupported,
            Self::Cancelled { .. } => Class::Cancelled,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Engine { image, .. }
            | Self::NoRoom { image, .. }
            | Self::DiskFull { image, .. }
            | Self::NotBegun { image, .. }
            | Self::Stalled { image, .. }
            | Self::TimedOut { image, .. }
            | Self::Unverified { image, .. }
            | Self::WrongPlatform { image, .. }
            | Self::Unnamed { image, .. }
            | Self::Cancelled { image, .. } => image.to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine { image, anonymous, cause } => classify(cause, image, *anonymous).hint.map(str::to_owned),
            Self::NoRoom { shortage, .. } => Some(shortage.hint().to_owned()),
            Self::DiskFull { filled, .. } => Some(filled.hint().to_owned()),
            Self::NotBegun { .. } => Some("see the route, the firewall or the VPC endpoint from the daemon's host; raise pull.begin_timeout for a very slow registry".into()),
            Self::Stalled { .. } => Some("see the network path to the registry and its layer store; raise pull.idle_timeout for a very slow one, or for Podman, which tries again in silence (its log says why)".into()),
            Self::TimedOut { .. } => Some("raise pull.total_timeout if the image is that large or the line that slow".into()),
            Self::Unverified { .. } => Some("the tag moved meanwhile, or something else pulls the same tag: run it again, or name the image by digest".into()),
            Self::WrongPlatform { .. } => Some("the image has no build for that platform: build one, or change runtimePlatform or --platform".into()),
            Self::Unnamed { cause, .. } => cause.hint(),
            Self::Cancelled { .. } => None,
        }
    }
}
