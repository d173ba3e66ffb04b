//! Why the arguments or the token of a new secret are invalid.

use crate::credential::{TextFlaw, content::VALUE_LIMIT};
use crate::error::{Class, Excerpt, Explain, Link};
use crate::secret_authoring::{commands::find_key_arn, secret_use::PULL_THROUGH_PREFIX};
use crate::task::{ArnError, Region, RegionError};

/// An invalid argument or token. No variant contains the token.
#[derive(Debug, thiserror::Error)]
pub enum NewSecretError {
    /// The name has invalid characters or an invalid length.
    #[error("`{name}` is not a valid name of a secret")]
    Name {
        /// The text that was given.
        name: Excerpt,
        /// What is wrong with the text.
        source: ArnError,
    },
    /// An ARN was given in place of a name.
    #[error("give the secret's name, not an ARN; Secrets Manager assigns the ARN")]
    ArnForName,
    /// The name lacks the prefix that ECR requires.
    #[error("the secret's name must be `{PULL_THROUGH_PREFIX}` followed by a name, not `{name}`")]
    Prefix {
        /// The text that was given.
        name: String,
    },
    /// The user name is empty, or cannot be sent to a registry.
    #[error("the user name is empty, or contains a colon or a control character")]
    Username,
    /// The text cannot be a user name, or has something around it.
    #[error("the user name {}", list(.0))]
    UsernameFlaws(Vec<TextFlaw>),
    /// The description is longer than Secrets Manager allows.
    #[error("the description is longer than {0} characters")]
    Description(usize),
    /// A customer key was given for a pull-through cache's secret.
    #[error("a pull-through cache's secret must use the default key `aws/secretsmanager`; ECR accepts no customer key")]
    CustomerKey,
    /// The key is not the ARN of a KMS key.
    #[error("`{key}` is not the ARN of a KMS key")]
    Key {
        /// The text that was given.
        key: Excerpt,
        /// What is wrong with the text.
        source: ArnError,
    },
    /// A Region's name is malformed.
    #[error("{0}")]
    Region(RegionError),
    /// A replica is in the secret's own Region, or a Region is listed twice.
    #[error("{0} is named twice: each replica needs a Region of its own, other than the secret's")]
    ReplicaTwice(Region),
    /// A tag is not `KEY=VALUE`, or breaks a limit of Secrets Manager.
    #[error(
        "tags must be KEY=VALUE: each key once, at most 128 characters for the key and 256 for the value, and no key that begins with `aws:`"
    )]
    Tag,
    /// There are more tags than Secrets Manager allows.
    #[error("more than {0} tags")]
    Tags(usize),
    /// No token was given.
    #[error("the token is empty")]
    EmptyToken,
    /// The token is not UTF-8.
    #[error("the token is not text")]
    NotText,
    /// The token is UTF-16, as Windows PowerShell writes it.
    #[error("the token is text in UTF-16, not in UTF-8")]
    Utf16,
    /// The text cannot be a token, or has something around it.
    #[error("the token {}", list(.0))]
    TokenFlaws(Vec<TextFlaw>),
    /// The content is longer than Secrets Manager stores, in bytes.
    #[error("the secret's value would be {0} bytes or more; Secrets Manager stores at most {VALUE_LIMIT}")]
    Long(usize),
    /// The token is also in a field that is not encrypted.
    #[error("the token is also in the secret's {0}; Secrets Manager encrypts only the value")]
    TokenInClear(&'static str),
    /// The token equals the user name, as the Azure section of the source document suggests.
    #[error("the token is the user name")]
    TokenIsUsername,
}

impl Explain for NewSecretError {
    fn link(&self) -> Link {
        match self {
            Self::CustomerKey | Self::Key { .. } => Link::Key,
            Self::Username
            | Self::UsernameFlaws(_)
            | Self::EmptyToken
            | Self::NotText
            | Self::Utf16
            | Self::TokenFlaws(_)
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
            Self::Name { name, .. } => name.to_string(),
            Self::Prefix { name } => name.clone(),
            Self::Key { key, .. } => key.to_string(),
            Self::ReplicaTwice(region) => region.to_string(),
            _ => "-".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Name { .. } | Self::ArnForName => {
                "use 1 to 512 ASCII letters, digits and `/_+=.@-`, for example `ecr-pullthroughcache/docker-hub`"
            }
            Self::Prefix { name } => {
                return Some(format!(
                    "name it `{PULL_THROUGH_PREFIX}{}`: ECR accepts no other name, and its console shows no other; for a direct pull use --for direct",
                    name.rsplit('/').next().filter(|rest| !rest.is_empty()).unwrap_or("docker-hub")
                ));
            }
            Self::Region(error) => return Some(error.hint()),
            Self::CustomerKey => {
                "omit --kms-key; a customer key is for --for direct, where another account may have to read the secret"
            }
            Self::Key { key, .. } => {
                return Some(format!("pass the full ARN of the key: {}", find_key_arn(key.as_str())));
            }
            Self::EmptyToken => "pass it on stdin (`< token.txt` at the end of the command), or type it at the prompt",
            Self::TokenFlaws(flaws) => token_hint(flaws),
            Self::UsernameFlaws(_) => "pass the user name alone",
            Self::NotText => "pass the token alone, on one line",
            Self::Utf16 => {
                "write the file in UTF-8: `iconv --from-code UTF-16 --to-code UTF-8 token.txt > token-utf8.txt`"
            }
            Self::TokenInClear(_) => {
                "remove it there; if that text was ever stored, revoke the token, because names, descriptions and tags are visible in listings and in CloudTrail"
            }
            Self::TokenIsUsername => {
                "use the token that the registry issued for this user; for Azure too, although AWS's documentation says that it is the user name"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// All flaws in one sentence.
fn list(flaws: &[TextFlaw]) -> String {
    flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join(", and ")
}

fn token_hint(flaws: &[TextFlaw]) -> &'static str {
    match flaws.last() {
        Some(TextFlaw::Json) => {
            "pass the token alone, which is a value in that JSON; for the key file of a Google service account use --username _json_key"
        }
        Some(TextFlaw::Pem) => "no registry accepts a key or a certificate as a token: pass the token that it issued",
        Some(TextFlaw::FileName | TextFlaw::Arn | TextFlaw::Url | TextFlaw::Placeholder | TextFlaw::Mask) => {
            "pass the token itself, for example with `< token.txt`"
        }
        _ => "pass the token alone, on one line",
    }
}
