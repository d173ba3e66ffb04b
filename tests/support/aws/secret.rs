//! Secrets: their versions, staging labels, key and resource policy.

use std::sync::atomic::{AtomicU64, Ordering};

use super::arn::Arn;
use super::clock;
use super::compiled_policy::{CompiledPolicy, PolicyKind};
use super::policy::Policy;

pub const CURRENT: &str = "AWSCURRENT";
pub const PREVIOUS: &str = "AWSPREVIOUS";

#[derive(Clone)]
pub enum Content {
    Text(String),
    Binary(Vec<u8>),
}

pub struct Version {
    pub id: String,
    pub content: Content,
    pub created: i64,
    pub stages: Vec<String>,
}

/// The parts of a secret that tests compare.
#[derive(Debug, PartialEq, Eq)]
pub struct SecretMetadata {
    pub description: String,
    pub tags: Vec<(String, String)>,
    /// Regions of the replicas.
    pub replica_regions: Vec<String>,
}

pub struct Secret {
    pub(super) arn: String,
    /// ARN of the customer key; `None` for the account's default key.
    pub(super) key: Option<String>,
    pub(super) policy: Option<CompiledPolicy>,
    pub(super) versions: Vec<Version>,
    pub(super) marked_for_deletion: bool,
    pub(super) description: String,
    pub(super) tags: Vec<(String, String)>,
    pub(super) rotated: bool,
    /// For a replica: the Region of the primary secret.
    pub(super) primary_region: Option<String>,
    /// Region and status of each replica.
    pub(super) replicas: Vec<(String, &'static str)>,
}

impl Secret {
    /// A secret whose current value is this text. The ARN is complete, with its hyphen and six
    /// random characters.
    pub fn text(arn: &str, text: &str) -> Self {
        Self::new(arn, Content::Text(text.to_owned()))
    }

    pub fn binary(arn: &str, bytes: &[u8]) -> Self {
        Self::new(arn, Content::Binary(bytes.to_vec()))
    }

    /// Encrypts the secret with a customer key, which must exist when the secret is stored.
    pub fn key(mut self, arn: &str) -> Self {
        Arn::expect(arn, "kms");
        self.key = Some(arn.to_owned());
        self
    }

    pub fn resource_policy(mut self, policy: impl Into<Policy>) -> Self {
        self.policy = Some(CompiledPolicy::new(&policy.into(), PolicyKind::Resource));
        self
    }

    /// Adds a version with only this label, and removes the label from the others.
    pub fn stage(mut self, label: &str, text: &str) -> Self {
        self.add(Content::Text(text.to_owned()), label);
        self
    }

    /// Removes the label AWSCURRENT from all versions, as an interrupted rotation can leave it.
    pub fn without_current(mut self) -> Self {
        self.strip(CURRENT);
        self
    }

    pub fn marked_for_deletion(mut self) -> Self {
        self.marked_for_deletion = true;
        self
    }

    /// Configures a rotation.
    pub fn rotated(mut self) -> Self {
        self.rotated = true;
        self
    }

    /// Marks the secret as a replica of the secret in this Region.
    pub fn replica_of(mut self, region: &str) -> Self {
        self.primary_region = Some(region.to_owned());
        self
    }

    /// Adds a replica with a status: `InSync`, `InProgress` or `Failed`.
    pub fn replica(mut self, region: &str, status: &'static str) -> Self {
        self.replicas.push((region.to_owned(), status));
        self
    }

    pub(super) fn metadata(&self) -> SecretMetadata {
        SecretMetadata {
            description: self.description.clone(),
            tags: self.tags.clone(),
            replica_regions: self.replicas.iter().map(|(region, _)| region.clone()).collect(),
        }
    }

    /// The name: the end of the ARN without the six random characters.
    pub(super) fn name(&self) -> &str {
        let resource = Arn::expect(&self.arn, "secretsmanager").resource;
        let full = resource.strip_prefix("secret:").unwrap_or(resource);
        &full[..full.len() - 7]
    }

    /// Makes this text the current version, and the current version the previous one.
    pub(super) fn rotate(&mut self, text: &str) -> String {
        self.strip(PREVIOUS);
        for stage in self.versions.iter_mut().flat_map(|version| &mut version.stages) {
            if stage == CURRENT {
                PREVIOUS.clone_into(stage);
            }
        }
        self.add(Content::Text(text.to_owned()), CURRENT)
    }

    pub(super) fn labelled(&self, stage: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.stages.iter().any(|label| label == stage))
    }

    fn new(arn: &str, content: Content) -> Self {
        let resource = Arn::expect(arn, "secretsmanager").resource;
        assert!(
            resource.starts_with("secret:") && ends_in_six(resource),
            "a secret's full ARN ends in `secret:name-` and six characters: {arn}",
        );
        let mut secret = Self {
            arn: arn.to_owned(),
            key: None,
            policy: None,
            versions: Vec::new(),
            marked_for_deletion: false,
            description: String::new(),
            tags: Vec::new(),
            rotated: false,
            primary_region: None,
            replicas: Vec::new(),
        };
        secret.add(content, CURRENT);
        secret
    }

    fn add(&mut self, content: Content, label: &str) -> String {
        self.strip(label);
        let id = version_id();
        let stages = vec![label.to_owned()];
        self.versions.push(Version { id: id.clone(), content, created: clock::now(), stages });
        id
    }

    fn strip(&mut self, label: &str) {
        for version in &mut self.versions {
            version.stages.retain(|stage| stage != label);
        }
    }
}

/// Whether the text ends like a complete ARN: a hyphen and six letters or digits.
pub fn ends_in_six(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(name, tail)| {
        !name.is_empty() && tail.len() == 6 && tail.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// A new id in the format of Secrets Manager.
fn version_id() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    format!("{number:08x}-7461-4b70-8c6c-{number:012x}")
}
