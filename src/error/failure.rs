//! The common form of all errors outside their modules.

use std::error::Error;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Class, Link, Printable};

/// The explanation that every error type adds to its text.
///
/// The text (`Display`) names the resource and does not repeat the text of the source.
pub trait Explain: Error {
    /// The link of the chain that broke.
    fn link(&self) -> Link;
    /// The kind of the failure.
    fn class(&self) -> Class;
    /// The resource that the error is about: an image, an ARN, a path, a socket.
    fn resource(&self) -> String;
    /// What to do next, if there is anything useful to say.
    fn hint(&self) -> Option<String>;

    /// The error as a [`Failure`], for a caller that has only a reference.
    fn to_failure(&self) -> Failure {
        let mut caused_by = Vec::new();
        let mut source = self.source();
        while let Some(cause) = source {
            let text = Printable::new(&cause.to_string());
            if caused_by.last() != Some(&text) {
                caused_by.push(text);
            }
            source = cause.source();
        }
        Failure {
            link: self.link(),
            class: self.class(),
            resource: Printable::new(&self.resource()),
            message: Printable::new(&self.to_string()),
            caused_by,
            hint: self.hint().as_deref().map(Printable::new),
        }
    }
}

/// A failure as it is reported: a link of the chain, a class, the resource, the causes and a hint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The link of the chain that broke.
    pub link: Link,
    /// The kind of the failure.
    pub class: Class,
    /// The resource that the failure is about: an image, an ARN, a path, a socket.
    pub resource: Printable,
    /// What is wrong, in one sentence.
    pub message: Printable,
    /// The texts of the underlying errors, outermost first. The messages of the engine and of AWS
    /// are here unchanged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caused_by: Vec<Printable>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Printable>,
}

impl Failure {
    /// Whether the failure is an outage: there was no usable answer. A host whose identity is
    /// absent counts as one, because its credentials may come back.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        self.class.is_outage() || (self.link, self.class) == (Link::HostIdentity, Class::Absent)
    }

    /// Whether the user, a signal or `--fail-fast` stopped the operation. When the engine cancels a
    /// pull, its message is the cause, so `caused_by` is not empty.
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        self.class == Class::Cancelled && self.caused_by.is_empty()
    }
}

/// Lets `?` turn an error of any module into a failure.
impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        error.to_failure()
    }
}
