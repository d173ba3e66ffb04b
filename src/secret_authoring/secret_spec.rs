//! The arguments of `taskpull secret new`, validated before AWS is called.

use crate::credential::TextFlaw;
use crate::secret::Secret;
use crate::secret_authoring::{
    new_secret_error::NewSecretError, secret_use::PULL_THROUGH_PREFIX, secret_use::SecretUse,
};
use crate::task::{CredentialsParameter, Field, KeyArn, Region};

/// Limits of `CreateSecret` (API reference): characters, and the number of tags.
const DESCRIPTION_LIMIT: usize = 2_048;
const TAG_KEY_LIMIT: usize = 128;
const TAG_VALUE_LIMIT: usize = 256;
const TAGS_LIMIT: usize = 50;

/// The arguments as the user gave them.
#[derive(Clone, Debug)]
pub struct NewSecretArgs<'a> {
    /// What the secret is for.
    pub usage: SecretUse,
    /// The secret's name, without an ARN around it.
    pub name: &'a str,
    /// The user name at the registry.
    pub username: &'a str,
    /// Free text of at most 2,048 characters.
    pub description: Option<&'a str>,
    /// Tags in the form `KEY=VALUE`.
    pub tags: &'a [String],
    /// The ARN of a customer key.
    pub key: Option<&'a str>,
    /// The Region to create it in; the host's Region by default.
    pub region: Option<&'a str>,
    /// The Regions to replicate it to.
    pub replicas: &'a [String],
}

/// Everything about a new secret except its token.
#[derive(Clone, Debug)]
pub struct SecretSpec {
    /// What the secret is for.
    pub usage: SecretUse,
    /// A valid name of a secret; for pull-through it begins with the required prefix.
    pub name: String,
    /// The Region to create it in; the host's Region by default.
    pub region: Option<Region>,
    /// Free text of at most 2,048 characters; not encrypted.
    pub description: Option<String>,
    /// Keys and values, at most 50, without duplicate keys; not encrypted (C10).
    pub tags: Vec<(String, String)>,
    /// The customer key; the default key `aws/secretsmanager` if it is `None` (C7).
    pub key: Option<KeyArn>,
    /// The Regions to replicate to, without duplicates and without `region`.
    pub replicas: Vec<Region>,
    /// The user name at the registry.
    pub(super) username: Secret,
}

impl SecretSpec {
    /// Validates the arguments.
    ///
    /// # Errors
    /// [`NewSecretError`], which names the argument that is wrong.
    pub fn new(args: &NewSecretArgs<'_>) -> Result<Self, NewSecretError> {
        let NewSecretArgs { usage, name, username, description, tags, key, region, replicas } = *args;
        let invalid_name = |source| NewSecretError::Name { name: Field::Secret.text(name).whole(), source };
        // A name that begins with `arn:` would be read as an ARN later.
        if let CredentialsParameter::Arn(_) = CredentialsParameter::parse(name).map_err(invalid_name)? {
            return Err(NewSecretError::ArnForName);
        }
        let has_prefix = name.strip_prefix(PULL_THROUGH_PREFIX).is_some_and(|rest| !rest.is_empty());
        if usage == SecretUse::PullThrough && !has_prefix {
            return Err(NewSecretError::Prefix { name: name.to_owned() });
        }
        if username.is_empty() || username.contains(|c: char| c == ':' || c.is_control()) {
            return Err(NewSecretError::Username);
        }
        let flaws = TextFlaw::find_in_username(username);
        if !flaws.is_empty() {
            return Err(NewSecretError::UsernameFlaws(flaws));
        }
        if description.is_some_and(|text| text.chars().count() > DESCRIPTION_LIMIT) {
            return Err(NewSecretError::Description(DESCRIPTION_LIMIT));
        }
        if usage == SecretUse::PullThrough && key.is_some() {
            return Err(NewSecretError::CustomerKey);
        }
        let parse_key = |text: &str| {
            KeyArn::parse(text).map_err(|source| NewSecretError::Key { key: Field::Key.text(text).whole(), source })
        };
        let key = key.map(parse_key).transpose()?;
        let parse_region = |text: &str| Region::parse(text).map_err(NewSecretError::Region);
        let region = region.map(parse_region).transpose()?;
        let mut replica_regions: Vec<Region> = Vec::new();
        for text in replicas {
            let replica = parse_region(text)?;
            if region.as_ref() == Some(&replica) || replica_regions.contains(&replica) {
                return Err(NewSecretError::ReplicaTwice(replica));
            }
            replica_regions.push(replica);
        }
        Ok(Self {
            usage,
            name: name.to_owned(),
            region,
            description: description.map(str::to_owned),
            tags: parse_tags(tags)?,
            key,
            replicas: replica_regions,
            username: Secret::new(username.to_owned()),
        })
    }
}

fn parse_tags(texts: &[String]) -> Result<Vec<(String, String)>, NewSecretError> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for text in texts {
        let (key, value) = text.split_once('=').ok_or(NewSecretError::Tag)?;
        let fits = (1..=TAG_KEY_LIMIT).contains(&key.chars().count()) && value.chars().count() <= TAG_VALUE_LIMIT;
        let is_reserved = key.to_ascii_lowercase().starts_with("aws:");
        if !fits || is_reserved || tags.iter().any(|(known, _)| known == key) {
            return Err(NewSecretError::Tag);
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    if tags.len() > TAGS_LIMIT { Err(NewSecretError::Tags(TAGS_LIMIT)) } else { Ok(tags) }
}
