//! The chain from a task definition to an image on the host. Every failure names the link that broke.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The link of the chain that broke. A pull goes through the links in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// The settings of taskpull.
    Configuration,
    /// The text of the task definition, or one container in it.
    Definition,
    /// The AWS credentials of the host: instance role, container role, access key.
    HostIdentity,
    /// A role that taskpull assumes: the task's execution role, or one from `identity.account`.
    Role,
    /// The secret in Secrets Manager.
    Secret,
    /// A policy that decides about reading the secret.
    SecretPolicy,
    /// The KMS key that encrypts the secret.
    Key,
    /// The content of the secret.
    Content,
    /// The host's own registry logins: the ECS agent's variables, a Docker config, credential helpers.
    InstanceCredentials,
    /// The authorization token of an ECR registry.
    RegistryToken,
    /// The registry's answer to the credential.
    Registry,
    /// The repository: it does not exist, or this credential may not see it.
    Repository,
    /// The manifest for the tag or digest.
    Manifest,
    /// The platform within the image.
    Platform,
    /// The image's layers.
    Layers,
    /// The Docker Engine on this host.
    Engine,
    /// The disk on which the engine stores images.
    Disk,
    /// The agent on this host, for commands that send their work to it.
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
