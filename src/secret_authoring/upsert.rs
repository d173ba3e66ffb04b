//! Making a secret, or giving one that is there another version: nothing is written before
//! what stands there is known, and a second run with the same content writes nothing.

use crate::aws::{AwsError, CreatedSecret, SecretMetadata, SecretValue, SecretVersion};
use crate::credential::content::username_token::UsernameToken;
use crate::error::{Class, Explain, Failure, Link, Printable};
use crate::secret_authoring::new_secret::NewSecret;
use crate::secret_authoring::new_secret_error::NewSecretError;
use crate::secret_authoring::secret_admin::SecretAdmin;
use crate::secret_authoring::upstream::SecretUse;
use crate::task::KeyArn;

/// Whether a secret that is there may be given another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDifference {
    /// What differs is named, and nothing is written.
    Refuse,
    /// What differs is written.
    Write,
}

/// What became of a secret.
#[derive(Clone, Debug)]
pub struct UpsertResult {
    /// What was done.
    pub outcome: UpsertAction,
    /// Its full ARN.
    pub arn: String,
    /// The version that is current now.
    pub version_id: String,
    /// What changed, by name.
    pub changes: Vec<Printable>,
    /// What differs and was left alone, or is to be known.
    pub notes: Vec<Printable>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpsertAction {
    /// It is new.
    Created,
    /// It has another version, or more replicas.
    Updated,
    /// It was so already.
    Unchanged,
}

/// A secret that is there and is not written to.
#[derive(Debug, thiserror::Error)]
pub enum UpsertError {
    /// It differs, and nobody asked for an update.
    #[error("secret {arn} is there already, and differs: {changes}")]
    Differs {
        /// Its ARN.
        arn: String,
        /// What differs, by name.
        changes: String,
    },
    /// It is under another key than the use wants, or than was asked for.
    #[error("secret {arn} is there already, and is encrypted under {found}, not under {wanted}")]
    Key {
        /// Its ARN.
        arn: String,
        /// Its key.
        found: String,
        /// The one it should be under.
        wanted: String,
    },
    /// Its versions come from another Region.
    #[error("secret {arn} is a replica: its versions are written in {primary}")]
    Replica {
        /// Its ARN.
        arn: String,
        /// The Region of the secret that it is a replica of.
        primary: String,
    },
}

impl Explain for UpsertError {
    fn link(&self) -> Link {
        match self {
            Self::Key { .. } => Link::Key,
            Self::Differs { .. } | Self::Replica { .. } => Link::Secret,
        }
    }

    fn class(&self) -> Class {
        Class::Refused
    }

    fn resource(&self) -> String {
        let (Self::Differs { arn, .. } | Self::Key { arn, .. } | Self::Replica { arn, .. }) = self;
        arn.clone()
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Differs { .. } => {
                "nothing was written: say --update to write a new version (the old one stays as AWSPREVIOUS), or give another name".to_owned()
            }
            Self::Key { arn, wanted, .. } if wanted == SecretMetadata::DEFAULT_KEY => format!(
                "nothing was written: give another name, or `aws secretsmanager update-secret --secret-id {arn} --kms-key-id {}`",
                SecretMetadata::DEFAULT_KEY
            ),
            Self::Key { .. } => "nothing was written: give the key it has, or another name".to_owned(),
            Self::Replica { primary, .. } => format!("say --region {primary}"),
        })
    }
}

/// Makes the secret, or brings the one that is there to its content.
///
/// # Errors
/// [`NewSecretError`], [`UpsertError`] or [`AwsError`](crate::aws::AwsError) as a [`Failure`].
pub async fn upsert_secret(
    secrets: &impl SecretAdmin,
    secret: &NewSecret,
    updates: OnDifference,
) -> Result<UpsertResult, Failure> {
    // The host's own Region is known only now.
    if let Some(own) = secret.draft.replicas.iter().find(|region| region.as_str() == secrets.region()) {
        return Err(Failure::from(NewSecretError::ReplicaTwice(own.clone())));
    }
    let Some(found) = secrets.describe().await.map_err(nothing_written)? else {
        let CreatedSecret { arn, version_id } = secrets.create(secret).await.map_err(nothing_written)?;
        let draft = &secret.draft;
        if !draft.replicas.is_empty() {
            secrets.replicate(&arn, &draft.replicas).await.map_err(not_replicated)?;
        }
        let notes = notes(None, secret);
        return Ok(UpsertResult { outcome: UpsertAction::Created, arn, version_id, changes: Vec::new(), notes });
    };
    let arn = found.arn.clone();
    check_key(&found, secret)?;
    let current = secrets.read().await.map_err(nothing_written)?;
    let differences = differences(&current, secret);
    let missing: Vec<_> = secret.draft.replicas.iter().filter(|region| !has_replica(&found, region.as_str())).collect();
    let mut changes = differences.clone();
    changes.extend(missing.iter().map(|region| format!("replica in {region}")));
    let told = changes.iter().map(|change| Printable::new(change)).collect();
    let notes = notes(Some(&found), secret);
    if changes.is_empty() {
        let version_id = current.version_id;
        return Ok(UpsertResult { outcome: UpsertAction::Unchanged, arn, version_id, changes: told, notes });
    }
    if let Some(primary) = found.replica_of() {
        return Err(Failure::from(UpsertError::Replica { arn, primary: primary.to_owned() }));
    }
    if updates == OnDifference::Refuse {
        return Err(Failure::from(UpsertError::Differs { arn, changes: changes.join(", ") }));
    }
    let version_id = if differences.is_empty() {
        current.version_id
    } else {
        secrets.put(&arn, secret).await.map_err(nothing_written)?
    };
    if !missing.is_empty() {
        let missing: Vec<_> = missing.into_iter().cloned().collect();
        secrets.replicate(&arn, &missing).await.map_err(not_replicated)?;
    }
    Ok(UpsertResult { outcome: UpsertAction::Updated, arn, version_id, changes: told, notes })
}

/// A failure of a call before or instead of the write.
fn nothing_written(error: AwsError) -> Failure {
    with_state(&error, "nothing was written")
}

/// A failure of the replication, which follows the write.
fn not_replicated(error: AwsError) -> Failure {
    with_state(&error, "the secret exists, its replicas do not")
}

/// Adds to the hint what the failure leaves behind. After an outage that is not known.
fn with_state(error: &AwsError, state: &str) -> Failure {
    let mut failure = error.to_failure();
    if !failure.is_outage() && failure.class != Class::Unknown {
        failure.hint = failure.hint.map(|hint| Printable::new(&format!("{state}: {hint}")));
    }
    failure
}

/// A token is never put under another key than the one that was meant for it (C7).
fn check_key(found: &SecretMetadata, secret: &NewSecret) -> Result<(), Failure> {
    let wanted = secret.draft.key.as_ref().map(KeyArn::as_str);
    let is_right = match (wanted, found.customer_key(), secret.draft.usage) {
        (None, None, _) | (None, Some(_), SecretUse::Direct) => true,
        // The service repeats a key as it was told: by ARN, by id, by alias.
        (Some(wanted), Some(found), _) => wanted == found || wanted.rsplit(":key/").next() == Some(found),
        (Some(_), None, _) | (None, Some(_), SecretUse::PullThrough) => false,
    };
    if is_right {
        return Ok(());
    }
    let named = |key: Option<&str>| key.unwrap_or(SecretMetadata::DEFAULT_KEY).to_owned();
    let error = UpsertError::Key { arn: found.arn.clone(), found: named(found.customer_key()), wanted: named(wanted) };
    Err(Failure::from(error))
}

fn has_replica(found: &SecretMetadata, region: &str) -> bool {
    found.replicas.iter().any(|replica| replica.region == region)
}

/// What of the content differs, by the names of its keys.
fn differences(current: &SecretVersion, secret: &NewSecret) -> Vec<String> {
    let key = secret.draft.usage.token_key();
    let whole = || vec!["content (what is there now has another form)".to_owned()];
    let SecretValue::Text(text) = &current.value else { return whole() };
    let (Ok(old), Ok(new)) = (UsernameToken::read(text, key), UsernameToken::read(&secret.content, key)) else {
        return whole();
    };
    let mut names: Vec<_> = old.differences(&new, key).into_iter().map(|name| format!("`{name}`")).collect();
    if old.has_more {
        names.push("keys beside the two (they go)".to_owned());
    }
    names
}

/// What is to be known of what was asked for: what is otherwise and left, what the key does not
/// reach.
fn notes(found: Option<&SecretMetadata>, secret: &NewSecret) -> Vec<Printable> {
    let draft = &secret.draft;
    let is_text_other = |found: &SecretMetadata| draft.description.is_some() && draft.description != found.description;
    let are_tags_other = |found: &SecretMetadata| draft.tags.iter().any(|tag| !found.tags.contains(tag));
    let table = [
        (
            found.is_some_and(is_text_other),
            "its description is another one, and is left: `aws secretsmanager update-secret`",
        ),
        (found.is_some_and(are_tags_other), "its tags are other ones, and are left: `aws secretsmanager tag-resource`"),
        (found.is_some_and(|found| found.is_rotated), "its rotation is on, and will write over what is put here"),
        (
            draft.key.is_some() && !draft.replicas.is_empty(),
            "its replicas are under the default key of their Regions, which admits no other account",
        ),
    ];
    table.into_iter().filter(|(is_so, _)| *is_so).map(|(_, note)| Printable::new(note)).collect()
}
