//! The chain from a task definition to an image on the host. Every failure names the link that broke.

use std::fmt;

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
