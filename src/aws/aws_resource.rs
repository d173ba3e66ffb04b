//! The resource that a failed AWS call is about.

use std::fmt;

use crate::aws::TokenScope;
use crate::error::Link;
use crate::task::{CredentialsParameter, KeyArn};

/// The resource that an AWS call reads, writes or uses.
#[derive(Clone, Debug)]
pub enum AwsResource {
    /// A secret in Secrets Manager.
    Secret(CredentialsParameter),
    /// A KMS key, known by its ARN.
    Key(KeyArn),
    /// The key of a ciphertext that does not name it; the text is the ARN of the secret that
    /// contains the ciphertext.
    KeyOfSecret(String),
    /// An authorization token of ECR or ECR Public.
    Token(TokenScope),
    /// An ECS cluster, by the name or ARN in the settings.
    Cluster(String),
}

impl AwsResource {
    /// The link of the chain that the resource itself is.
    pub(super) fn link(&self) -> Link {
        match self {
            Self::Secret(_) => Link::Secret,
            Self::Key(_) | Self::KeyOfSecret(_) => Link::Key,
            Self::Token(_) => Link::RegistryToken,
            // Every call to ECS is made as the host.
            Self::Cluster(_) => Link::HostIdentity,
        }
    }

    /// The resource as reports name it, without a noun where its ARN or name suffices.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Secret(secret) => secret.to_string(),
            Self::Key(key) => key.to_string(),
            Self::KeyOfSecret(arn) => format!("secret {arn}"),
            Self::Token(scope) => scope.to_string(),
            Self::Cluster(cluster) => cluster.clone(),
        }
    }

    /// The resource as policies name it; `None` if it is not known.
    pub(super) fn policy_name(&self) -> Option<&str> {
        match self {
            Self::Secret(secret) => Some(secret.as_str()),
            Self::Key(key) => Some(key.as_str()),
            Self::Token(_) => Some("*"),
            Self::Cluster(cluster) => Some(cluster).map(String::as_str).filter(|cluster| cluster.starts_with("arn:")),
            Self::KeyOfSecret(_) => None,
        }
    }

    /// The kind of resource, as one noun.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Secret(_) => "secret",
            Self::Key(_) | Self::KeyOfSecret(_) => "key",
            Self::Token(_) => "token",
            Self::Cluster(_) => "cluster",
        }
    }
}

/// The resource at the beginning of a sentence.
impl fmt::Display for AwsResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("secret ")?,
            Self::Token(_) => f.write_str("authorization token for ")?,
            Self::Cluster(_) => f.write_str("ECS cluster ")?,
            Self::Key(_) | Self::KeyOfSecret(_) => {}
        }
        f.write_str(&self.name())
    }
}
