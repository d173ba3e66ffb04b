//! Who makes the calls of an identity, as far as that is known without another call to AWS.

use std::fmt;

/// The principal behind credentials: an ARN if STS has named it, else the source of the key. It is
/// a property of the credentials; it never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsPrincipal {
    /// The ARN of a role session, from the answer of `AssumeRole`.
    Session(String),
    /// The role of the instance, by the name that the metadata service has for it.
    InstanceRole(String),
    /// The role of the task in which taskpull runs.
    TaskRole,
    /// The id of an access key in the environment.
    AccessKey(String),
    /// A profile of the shared configuration files, by its name.
    Profile(String),
    /// A role that is assumed with the token in `AWS_WEB_IDENTITY_TOKEN_FILE`.
    WebIdentity,
}

impl AwsPrincipal {
    /// The ARN, if it is known.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Session(arn) => Some(arn),
            _ => None,
        }
    }
}

/// The principal within a sentence.
impl fmt::Display for AwsPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(arn) => f.write_str(arn),
            Self::InstanceRole(name) => write!(f, "the instance role {name}"),
            Self::TaskRole => f.write_str("the task role"),
            Self::AccessKey(id) => write!(f, "the access key {id}"),
            Self::Profile(name) => write!(f, "the profile {name}"),
            Self::WebIdentity => f.write_str("the role of the web identity"),
        }
    }
}
