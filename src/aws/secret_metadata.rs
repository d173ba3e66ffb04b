//! The metadata of a secret, as `DescribeSecret` returns it.

/// Everything that the service reports about a secret, except its content.
#[derive(Clone, Debug, Default)]
pub struct SecretMetadata {
    /// The full ARN of the secret.
    pub arn: String,
    /// The name of the secret.
    pub name: String,
    /// The description, unless it is empty.
    pub description: Option<String>,
    /// The KMS key in any form that the service accepts: ARN, id or alias; `None` is the default key.
    pub kms_key: Option<String>,
    /// Tags, as keys and values.
    pub tags: Vec<(String, String)>,
    /// Whether rotation is configured and enabled.
    pub is_rotated: bool,
    /// Whether a version is labelled `AWSPENDING` and not `AWSCURRENT`.
    pub has_pending_version: bool,
    /// The Region of the primary secret, if the secret has replicas or is one.
    pub primary_region: Option<String>,
    /// The replicas of a primary secret.
    pub replicas: Vec<Replica>,
}

/// A copy of a secret in another Region.
#[derive(Clone, Debug)]
pub struct Replica {
    /// The Region of the copy.
    pub region: String,
    /// Whether the copy is up to date.
    pub state: ReplicaState,
    /// The service's reason for the state.
    pub message: Option<String>,
}

/// The progress of a replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaState {
    /// The replica equals the primary.
    InSync,
    /// The replication is running.
    InProgress,
    /// The replication to this Region failed.
    Failed,
}

impl SecretMetadata {
    /// The key of a secret for which no key was chosen. It admits only its own account.
    pub const DEFAULT_KEY: &str = "alias/aws/secretsmanager";

    /// The customer key; `None` if the secret is encrypted under the default key.
    #[must_use]
    pub fn customer_key(&self) -> Option<&str> {
        self.kms_key.as_deref().filter(|key| !key.is_empty() && !key.ends_with(Self::DEFAULT_KEY))
    }

    /// The Region in the ARN.
    #[must_use]
    pub fn region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }

    /// The primary's Region, if this secret is a replica.
    #[must_use]
    pub fn replica_of(&self) -> Option<&str> {
        self.primary_region.as_deref().filter(|region| !region.is_empty() && *region != self.region())
    }
}
