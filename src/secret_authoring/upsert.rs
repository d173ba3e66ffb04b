//! Creates a secret, or updates an existing one.
//!
//! Nothing is written before the existing secret has been read, and a second run with the same
//! content writes nothing.

use crate::aws::{AwsClient, AwsError, CreatedSecret, SecretAdminClient, SecretMetadata, SecretValue, SecretVersion};
use crate::credential::content::username_token::UsernameToken;
use crate::error::{Class, Explain as _, Failure, Printable};
use crate::secret_authoring::{
    commands, new_secret::NewSecret, new_secret_error::NewSecretError, secret_admin::SecretAdmin,
    secret_use::SecretUse, upsert_error::UpsertError,
};
use crate::task::{CredentialsParameter, KeyArn, Region};

/// The action if the secret exists and differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferencePolicy {
    /// Report the differences, and write nothing.
    Refuse,
    /// Write a new version, and add missing replicas.
    Update,
}

/// The result of creating or updating a secret.
#[derive(Clone, Debug)]
pub struct UpsertResult {
    /// Whether the secret was created, updated, or left unchanged.
    pub action: UpsertAction,
    /// The secret's full ARN.
    pub arn: String,
    /// The id of the version that is current now.
    pub version_id: String,
    /// Names of what changed.
    pub changes: Vec<Printable>,
    /// Differences that were left alone, and other facts that the user should know.
    pub notes: Vec<Printable>,
}

/// The action that was taken on a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpsertAction {
    /// The secret did not exist before.
    Created,
    /// The secret has a new version or more replicas.
    Updated,
    /// The secret was already equal to the request.
    Unchanged,
}

/// Creates or updates a secret in AWS, as the host.
///
/// # Errors
/// [`NewSecretError`], [`UpsertError`] or [`AwsError`] as a [`Failure`].
pub async fn upsert_secret(
    aws: &AwsClient,
    secret: &NewSecret,
    on_difference: DifferencePolicy,
) -> Result<UpsertResult, Failure> {
    let name = CredentialsParameter::Name(secret.spec.name.clone());
    let admin = SecretAdminClient::connect(aws, &name, secret.spec.region.as_ref()).await?;
    upsert(&admin, secret, on_difference).await
}

async fn upsert(
    admin: &impl SecretAdmin,
    secret: &NewSecret,
    on_difference: DifferencePolicy,
) -> Result<UpsertResult, Failure> {
    let spec = &secret.spec;
    // If the secret is created in the host's own Region, that Region is known only now.
    if let Some(own) = spec.replicas.iter().find(|region| region.as_str() == admin.region()) {
        return Err(Failure::from(NewSecretError::ReplicaTwice(own.clone())));
    }
    let Some(existing) = admin.describe().await.map_err(|error| write_error(&error))? else {
        let CreatedSecret { arn, version_id } = admin.create(secret).await.map_err(|error| write_error(&error))?;
        if !spec.replicas.is_empty() {
            admin.replicate(&arn, &spec.replicas).await.map_err(|error| replication_error(&error))?;
        }
        let notes = notes(None, secret);
        return Ok(UpsertResult { action: UpsertAction::Created, arn, version_id, changes: Vec::new(), notes });
    };
    check_key(&existing, secret)?;
    let current = admin.read().await.map_err(|error| write_error(&error))?;
    let content_changes = content_differences(&current, secret);
    let has_replica = |region: &Region| existing.replicas.iter().any(|replica| replica.region == region.as_str());
    let missing: Vec<_> = spec.replicas.iter().filter(|region| !has_replica(region)).cloned().collect();
    let replica_changes = missing.iter().map(|region| format!("replica in {region}"));
    let changes: Vec<_> = content_changes.iter().cloned().chain(replica_changes).collect();
    let result = |action, version_id| UpsertResult {
        action,
        arn: existing.arn.clone(),
        version_id,
        changes: changes.iter().map(|change| Printable::new(change)).collect(),
        notes: notes(Some(&existing), secret),
    };
    if changes.is_empty() {
        return Ok(result(UpsertAction::Unchanged, current.version_id));
    }
    let arn = existing.arn.clone();
    if let Some(primary) = existing.replica_of() {
        return Err(Failure::from(UpsertError::Replica { arn, primary: primary.to_owned() }));
    }
    if on_difference == DifferencePolicy::Refuse {
        return Err(Failure::from(UpsertError::Differs { arn, changes: changes.join(", ") }));
    }
    let version_id = if content_changes.is_empty() {
        current.version_id
    } else {
        admin.put(&arn, secret).await.map_err(|error| write_error(&error))?
    };
    if !missing.is_empty() {
        admin.replicate(&arn, &missing).await.map_err(|error| replication_error(&error))?;
    }
    Ok(result(UpsertAction::Updated, version_id))
}

/// The failure of a call before the write, or of the write itself.
fn write_error(error: &AwsError) -> Failure {
    with_state(error, "nothing was written")
}

/// The failure of the replication, which follows the write.
fn replication_error(error: &AwsError) -> Failure {
    with_state(error, "the secret exists, its replicas do not")
}

/// Adds the state of the secret after the failure to the hint. After an outage the state is
/// unknown.
fn with_state(error: &AwsError, state: &str) -> Failure {
    let mut failure = error.to_failure();
    if !failure.is_outage() && failure.class != Class::Unknown {
        failure.hint = failure.hint.map(|hint| Printable::new(&format!("{state}: {hint}")));
    }
    failure
}

/// A token is never encrypted under a different key than the requested one (C7).
fn check_key(existing: &SecretMetadata, secret: &NewSecret) -> Result<(), UpsertError> {
    let expected = secret.spec.key.as_ref().map(KeyArn::as_str);
    let found = existing.customer_key();
    let matches = match (expected, found, secret.spec.usage) {
        (None, None, _) | (None, Some(_), SecretUse::Direct) => true,
        // Secrets Manager returns a key as it was given: an ARN, an id or an alias.
        (Some(expected), Some(found), _) => expected == found || expected.rsplit(":key/").next() == Some(found),
        (Some(_), None, _) | (None, Some(_), SecretUse::PullThrough) => false,
    };
    if matches {
        return Ok(());
    }
    let name = |key: Option<&str>| key.unwrap_or(SecretMetadata::DEFAULT_KEY).to_owned();
    Err(UpsertError::Key { arn: existing.arn.clone(), found: name(found), expected: name(expected) })
}

/// The names of the keys whose values differ.
fn content_differences(current: &SecretVersion, secret: &NewSecret) -> Vec<String> {
    let key = secret.spec.usage.token_key();
    let other_form = || vec!["content (the existing one has another form)".to_owned()];
    let SecretValue::Text(text) = &current.value else { return other_form() };
    let (Ok(old), Ok(new)) = (UsernameToken::parse(text, key), UsernameToken::parse(&secret.content, key)) else {
        return other_form();
    };
    let mut names: Vec<_> = old.differences(&new, key).into_iter().map(|name| format!("`{name}`")).collect();
    if old.has_other_keys {
        names.push("other keys, which are removed".to_owned());
    }
    names
}

/// The notes for the user: differences that are left alone, and limits of the key.
fn notes(existing: Option<&SecretMetadata>, secret: &NewSecret) -> Vec<Printable> {
    let spec = &secret.spec;
    let mut notes = Vec::new();
    if let Some(found) = existing {
        if let Some(text) = spec.description.as_deref().filter(|text| Some(*text) != found.description.as_deref()) {
            let command = commands::set_description(&found.arn, text);
            notes.push(format!("the description differs and was not changed: {command}"));
        }
        let tags: Vec<_> = spec.tags.iter().filter(|tag| !found.tags.contains(tag)).cloned().collect();
        if !tags.is_empty() {
            notes.push(format!("the tags differ and were not changed: {}", commands::set_tags(&found.arn, &tags)));
        }
        if found.is_rotated {
            notes.push("rotation is on, and will overwrite this value".to_owned());
        }
    }
    if spec.key.is_some() && !spec.replicas.is_empty() {
        notes.push("the replicas use the default keys of their Regions, which admit no other account".to_owned());
    }
    notes.iter().map(|note| Printable::new(note)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::{DifferencePolicy, UpsertAction, upsert};
    use crate::aws::{AwsError, CreatedSecret, Replica, ReplicaState, SecretMetadata, SecretValue, SecretVersion};
    use crate::secret::Secret;
    use crate::secret_authoring::{NewSecret, NewSecretArgs, SecretAdmin, SecretSpec, SecretUse, UpstreamToken};
    use crate::task::Region;

    /// A Secrets Manager with at most one secret, which records the calls that write.
    #[derive(Default)]
    struct FakeAdmin {
        existing: Option<SecretMetadata>,
        content: &'static str,
        writes: Mutex<Vec<String>>,
    }

    impl FakeAdmin {
        fn with(content: &'static str, metadata: SecretMetadata) -> Self {
            Self { existing: Some(metadata), content, writes: Mutex::default() }
        }

        fn record(&self, call: String) {
            self.writes.lock().unwrap().push(call);
        }

        fn writes(&self) -> Vec<String> {
            self.writes.lock().unwrap().clone()
        }
    }

    impl SecretAdmin for FakeAdmin {
        fn region(&self) -> &'static str {
            "eu-west-1"
        }

        async fn describe(&self) -> Result<Option<SecretMetadata>, AwsError> {
            Ok(self.existing.clone())
        }

        async fn read(&self) -> Result<SecretVersion, AwsError> {
            Ok(SecretVersion {
                arn: "arn".to_owned(),
                version_id: "old".to_owned(),
                stage: None,
                requests: Vec::new(),
                value: SecretValue::Text(Secret::new(self.content.to_owned())),
            })
        }

        async fn create(&self, _: &NewSecret) -> Result<CreatedSecret, AwsError> {
            self.record("create".to_owned());
            Ok(CreatedSecret { arn: "arn".to_owned(), version_id: "new".to_owned() })
        }

        async fn put(&self, _: &str, _: &NewSecret) -> Result<String, AwsError> {
            self.record("put".to_owned());
            Ok("new".to_owned())
        }

        async fn replicate(&self, _: &str, regions: &[Region]) -> Result<(), AwsError> {
            self.record(format!("replicate {}", regions.iter().map(Region::as_str).collect::<Vec<_>>().join(" ")));
            Ok(())
        }
    }

    const SAME: &str = r#"{"username":"me","accessToken":"token"}"#;
    const OTHER: &str = r#"{"username":"me","accessToken":"older"}"#;

    fn secret(replicas: &[String]) -> NewSecret {
        let args = NewSecretArgs {
            usage: SecretUse::PullThrough,
            name: "ecr-pullthroughcache/hub",
            username: "me",
            description: None,
            tags: &[],
            key: None,
            region: None,
            replicas,
        };
        NewSecret::new(SecretSpec::new(&args).unwrap(), &UpstreamToken::new("token".into()).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn new_secret_is_created_then_replicated() {
        let admin = FakeAdmin::default();
        let result = upsert(&admin, &secret(&["us-east-1".to_owned()]), DifferencePolicy::Refuse).await.unwrap();
        assert_eq!((result.action, &*result.version_id), (UpsertAction::Created, "new"));
        assert_eq!(admin.writes(), ["create", "replicate us-east-1"]);
    }

    #[tokio::test]
    async fn same_content_writes_nothing() {
        let admin = FakeAdmin::with(SAME, SecretMetadata::default());
        let result = upsert(&admin, &secret(&[]), DifferencePolicy::Update).await.unwrap();
        assert_eq!((result.action, &*result.version_id), (UpsertAction::Unchanged, "old"));
        assert!(admin.writes().is_empty());
    }

    #[tokio::test]
    async fn difference_is_written_only_on_request() {
        let admin = FakeAdmin::with(OTHER, SecretMetadata::default());
        let failure = upsert(&admin, &secret(&[]), DifferencePolicy::Refuse).await.unwrap_err();
        assert!(failure.message.as_str().ends_with("differs: `accessToken`") && admin.writes().is_empty());
        let result = upsert(&admin, &secret(&[]), DifferencePolicy::Update).await.unwrap();
        assert_eq!((result.action, admin.writes()), (UpsertAction::Updated, vec!["put".to_owned()]));
    }

    #[tokio::test]
    async fn only_missing_replicas_are_added() {
        let replica = Replica { region: "us-east-1".to_owned(), state: ReplicaState::InSync, message: None };
        let admin = FakeAdmin::with(SAME, SecretMetadata { replicas: vec![replica], ..SecretMetadata::default() });
        let regions = ["us-east-1".to_owned(), "us-west-2".to_owned()];
        let result = upsert(&admin, &secret(&regions), DifferencePolicy::Update).await.unwrap();
        assert_eq!((result.action, admin.writes()), (UpsertAction::Updated, vec!["replicate us-west-2".to_owned()]));
    }

    #[tokio::test]
    async fn replica_and_secret_under_another_key_are_left_unchanged() {
        let primary_region = Some("us-east-1".to_owned());
        let kms_key = Some("arn:aws:kms:eu-west-1:111122223333:key/1".to_owned());
        for metadata in [
            SecretMetadata { primary_region, ..SecretMetadata::default() },
            SecretMetadata { kms_key, ..SecretMetadata::default() },
        ] {
            let admin = FakeAdmin::with(OTHER, metadata);
            assert!(upsert(&admin, &secret(&[]), DifferencePolicy::Update).await.is_err());
            assert!(admin.writes().is_empty());
        }
    }
}
