//! Why a secret for an upstream registry is not made: what was asked for cannot be one.

use crate::credential::content::VALUE_LIMIT;
use crate::error::{Class, Explain, Link};
use crate::secret_authoring::upstream::PREFIX;
use crate::task::{ArnError, Region, RegionError};

/// What is wrong with a secret that is to be made. None repeats the token.
#[derive(Debug, thiserror::Error)]
pub enum NewSecretError {
    /// Characters or length of the name.
    #[error("the secret's name `{name}` cannot be one")]
    Name {
        /// As it was given.
        name: String,
        /// What is wrong with it.
        source: ArnError,
    },
    /// An ARN in place of the name.
    #[error("the secret is given by its name, not by an ARN: the ARN is made with it")]
    ArnForName,
    /// Without what ECR looks for.
    #[error("the secret's name `{name}` does not begin with `{PREFIX}` and go on")]
    Prefix {
        /// As it was given.
        name: String,
    },
    /// Empty, or not a user name that can be shown to a registry.
    #[error("the user name is empty, or has a colon or a control character in it")]
    Username,
    /// Longer than the service takes.
    #[error("the description is longer than {0} characters")]
    Description(usize),
    /// A customer key for the pull-through cache.
    #[error("a pull-through cache's secret is under the default key `aws/secretsmanager`; ECR takes no customer key")]
    CustomerKey,
    /// Not a key's ARN.
    #[error("the key `{key}` is not the ARN of a KMS key")]
    Key {
        /// As it was given.
        key: String,
        /// What is wrong with it.
        source: ArnError,
    },
    /// Not a Region.
    #[error("{0}")]
    Region(RegionError),
    /// The Region of the secret itself, or one that is named already.
    #[error("{0} is named twice: a replica is in another Region than the secret and the other replicas")]
    ReplicaTwice(Region),
    /// Not `KEY=VALUE`.
    #[error("a tag is given as KEY=VALUE, each key once, of at most 128 and 256 characters, and not as `aws:…`")]
    Tag,
    /// More than the service takes.
    #[error("there are more than {0} tags")]
    Tags(usize),
    /// Nothing came.
    #[error("the token is empty")]
    EmptyToken,
    /// Not UTF-8.
    #[error("the token is not text")]
    NotText,
    /// More than one line, or a control character.
    #[error("the token is more than one line, or has a control character in it")]
    Lines,
    /// White space around it.
    #[error("the token begins or ends with white space")]
    Spaces,
    /// Longer than the service stores.
    #[error("the secret's value would have {0} bytes or more; Secrets Manager takes {VALUE_LIMIT}")]
    Long(usize),
    /// The token stands where everybody can read it.
    #[error("the token is in the secret's {0} too, which is not encrypted")]
    TokenInClear(&'static str),
    /// As the document's Azure section would have it.
    #[error("the token is the user name")]
    TokenIsUsername,
}

impl Explain for NewSecretError {
    fn link(&self) -> Link {
        match self {
            Self::CustomerKey | Self::Key { .. } => Link::Key,
            Self::Username
            | Self::EmptyToken
            | Self::NotText
            | Self::Lines
            | Self::Spaces
            | Self::Long(_)
            | Self::TokenIsUsername => Link::Content,
            _ => Link::Secret,
        }
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        match self {
            Self::Name { name, .. } | Self::Prefix { name } => name.clone(),
            Self::Key { key, .. } => key.clone(),
            Self::ReplicaTwice(region) => region.to_string(),
            _ => "-".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Name { .. } | Self::ArnForName => {
                "a name has 1 to 512 ASCII letters, digits and `/_+=.@-`, such as `ecr-pullthroughcache/docker-hub`"
            }
            Self::Prefix { name } => {
                return Some(format!(
                    "call it `{PREFIX}{}`: ECR takes no other, and its console shows no other; for a direct pull say --for direct",
                    name.rsplit('/').next().filter(|rest| !rest.is_empty()).unwrap_or("docker-hub")
                ));
            }
            Self::CustomerKey => {
                "leave --kms-key out; a customer key is for --for direct, where another account may have to read the secret"
            }
            Self::Key { .. } => "copy the full ARN from `aws kms describe-key --key-id KEY`",
            Self::EmptyToken => "give it on stdin: `taskpull secret new … < token.txt`, or type it at the prompt",
            Self::Lines | Self::Spaces | Self::NotText => "give the token alone, on one line",
            Self::TokenInClear(_) => {
                "leave it out there, and if that text was ever stored, revoke the token: names, descriptions and tags show in listings and in CloudTrail"
            }
            Self::TokenIsUsername => {
                "the token is what the registry gave for the user, in Azure's case too, where the document says otherwise"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
