//! What an error owes its reader.
//!
//! Every room has error types of its own; all of them implement [`Explain`], which
//! answers the questions a reader has: which link of the chain broke, which thing it
//! was about, what class of failure it is, what to do next. [`Failure`] is the form in
//! which such an error leaves its room: cloneable (equal needs share one), printable
//! (control characters taken out, so that a hostile registry cannot write on the
//! reader's terminal) and without any secret, because no error type holds one.

mod printable;

use std::error::Error;
use std::fmt;

pub use printable::Printable;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The one chain on which every failure has its place, in the order in which a pull
/// walks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// The settings of this program.
    Configuration,
    /// The task definition's text, or one container's part of it.
    Definition,
    /// Whoever runs taskpull: instance role, container role, access key.
    HostIdentity,
    /// A role that is assumed: the task's execution role, or one of the map of accounts.
    Role,
    /// The secret in Secrets Manager.
    Secret,
    /// A policy that decides about reading the secret.
    SecretPolicy,
    /// The KMS key the secret is encrypted under.
    Key,
    /// What the secret holds.
    Content,
    /// The host's own credentials: an ECS agent's variables, a Docker config, its helpers.
    InstanceCredentials,
    /// The authorization token of an ECR registry.
    RegistryToken,
    /// The registry's answer to the credential.
    Registry,
    /// The repository: it is not there, or this credential may not see it.
    Repository,
    /// The manifest for the tag or digest.
    Manifest,
    /// The platform within the image.
    Platform,
    /// The image's layers.
    Layers,
    /// The Docker Engine on this host.
    Engine,
    /// The disk under the engine.
    Disk,
    /// The agent on this host, where it is asked to pull.
    Agent,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "configuration",
            Self::Definition => "task definition",
            Self::HostIdentity => "host identity",
            Self::Role => "role",
            Self::Secret => "secret",
            Self::SecretPolicy => "secret's policy",
            Self::Key => "KMS key",
            Self::Content => "secret's content",
            Self::InstanceCredentials => "instance credentials",
            Self::RegistryToken => "registry token",
            Self::Registry => "registry",
            Self::Repository => "repository",
            Self::Manifest => "manifest",
            Self::Platform => "platform",
            Self::Layers => "layers",
            Self::Engine => "engine",
            Self::Disk => "disk",
            Self::Agent => "agent",
        })
    }
}

/// What kind of failure it is, which decides whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// What was given cannot be right, whatever the world answers.
    Invalid,
    /// Somebody said no; asking again gets the same answer.
    Refused,
    /// The thing is not there.
    Absent,
    /// The thing is there and cannot be used here.
    Unsupported,
    /// Nobody answered, or with a server error: it may pass.
    Unavailable,
    /// Too many requests: it passes.
    Throttled,
    /// A deadline of ours ended the wait.
    TimedOut,
    /// No space left.
    DiskFull,
    /// The engine cannot be reached at all.
    EngineGone,
    /// The engine answers and has no room for another pull: it passes.
    EngineBusy,
    /// The user, a signal, `--fail-fast`, or the engine by itself ended it.
    Cancelled,
    /// The engine said something we do not know; its words are kept.
    Unknown,
}

/// How often the same request is worth making again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The answer will be the same.
    Never,
    /// It may have been an outage; said twice in a row, it was not.
    Once,
    /// For as long as there are attempts.
    WhileItMay,
}

impl Patience {
    /// Whether another attempt is worth its wait, after a failure with this patience and one
    /// with `last` before it, where there was one.
    #[must_use]
    pub fn allows(self, last: Option<Self>) -> bool {
        match self {
            Self::Never => false,
            Self::Once => last != Some(Self::Once),
            Self::WhileItMay => true,
        }
    }
}

impl Class {
    /// Whether nobody gave an answer that could be used. It may pass by itself.
    #[must_use]
    pub fn is_outage(self) -> bool {
        matches!(self, Self::Unavailable | Self::Throttled | Self::TimedOut)
    }

    /// Whether the same request may succeed a little later: a refusal is information, only
    /// availability is worth a wait. What nobody here has read before is taken for an outage,
    /// once.
    #[must_use]
    pub fn patience(self) -> Patience {
        match self {
            Self::Unavailable | Self::Throttled | Self::EngineBusy => Patience::WhileItMay,
            Self::Unknown => Patience::Once,
            Self::Invalid
            | Self::Refused
            | Self::Absent
            | Self::Unsupported
            | Self::TimedOut
            | Self::DiskFull
            | Self::EngineGone
            | Self::Cancelled => Patience::Never,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Absent => "absent",
            Self::Unsupported => "unsupported",
            Self::Unavailable => "unavailable",
            Self::Throttled => "throttled",
            Self::TimedOut => "timed out",
            Self::DiskFull => "disk full",
            Self::EngineGone => "engine gone",
            Self::EngineBusy => "engine busy",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        })
    }
}

/// What every error of every room can say about itself, beside its own text.
///
/// The text (`Display`) names the thing and does not repeat the source's text.
pub trait Explain: Error {
    /// Which link of the chain broke.
    fn link(&self) -> Link;
    /// What kind of failure it is.
    fn class(&self) -> Class;
    /// The thing it is about: an image, an ARN, a path, a socket.
    fn thing(&self) -> String;
    /// What to do next, where there is something to say.
    fn hint(&self) -> Option<String>;
}

/// An error on its way to the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Which link of the chain broke.
    pub link: Link,
    /// What kind of failure it is.
    pub class: Class,
    /// The thing it is about.
    pub thing: Printable,
    /// One sentence.
    pub message: Printable,
    /// The texts of the underlying errors, outermost first; an engine's or AWS's own
    /// words stand here unchanged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caused_by: Vec<Printable>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Printable>,
}

impl Failure {
    /// Whether nobody has answered. A host whose identity is gone has an outage of its own.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        self.class.is_outage() || (self.link, self.class) == (Link::HostIdentity, Class::Absent)
    }

    /// Whether it was stopped on this side: by the user, a signal or `--fail-fast`. An engine
    /// that gives a pull up by itself has said so, and its words are the cause.
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        self.class == Class::Cancelled && self.caused_by.is_empty()
    }
}

impl<E: Explain> From<&E> for Failure {
    fn from(error: &E) -> Self {
        let mut caused_by = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = Printable::new(&cause.to_string());
            if caused_by.last() != Some(&text) {
                caused_by.push(text);
            }
            source = cause.source();
        }
        Self {
            link: error.link(),
            class: error.class(),
            thing: Printable::new(&error.thing()),
            message: Printable::new(&error.to_string()),
            caused_by,
            hint: error.hint().as_deref().map(Printable::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Patience};

    #[test]
    fn what_nobody_knows_is_an_outage_once() {
        let unknown = Class::Unknown.patience();
        assert!(unknown.allows(None));
        assert!(unknown.allows(Some(Patience::WhileItMay)), "the outage before it was another one");
        assert!(!unknown.allows(Some(unknown)));
        assert!(Class::EngineBusy.patience().allows(Some(Patience::WhileItMay)));
        assert!(!Class::Refused.patience().allows(None));
    }
}
