//! An error in the form in which it leaves its module.

use std::error::Error;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Class, Link, Printable};

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
            thing: Printable::new(&self.thing()),
            message: Printable::new(&self.to_string()),
            caused_by,
            hint: self.hint().as_deref().map(Printable::new),
        }
    }
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

/// Lets `?` turn an error of any module into a failure.
impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        error.to_failure()
    }
}
