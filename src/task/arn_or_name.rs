//! A resource that a task definition names by its ARN, or by its name alone.

use std::fmt;

use super::arn::{account, partition};

/// The ARN of a resource, or its name. What a bare name is completed with depends on the resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ArnOrName<A> {
    /// The ARN, which includes the account.
    Arn(A),
    /// The name, without its account.
    Name(String),
}

impl<A: AsRef<str>> ArnOrName<A> {
    /// The ARN or the name, as requests to AWS send it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.as_ref(),
            Self::Name(name) => name,
        }
    }

    /// The partition in the ARN; `None` for a name.
    #[must_use]
    pub fn partition(&self) -> Option<&str> {
        self.arn().map(|arn| partition(arn.as_ref()))
    }

    /// The account id in the ARN; `None` for a name.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.arn().map(|arn| account(arn.as_ref()))
    }
}

impl<A> ArnOrName<A> {
    /// The ARN; `None` for a name.
    #[must_use]
    pub fn arn(&self) -> Option<&A> {
        match self {
            Self::Arn(arn) => Some(arn),
            Self::Name(_) => None,
        }
    }
}

impl<A: AsRef<str>> fmt::Display for ArnOrName<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
