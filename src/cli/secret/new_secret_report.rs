//! The result of `taskpull secret new`, as JSON and as text.

// Writing to a String cannot fail, so the results are ignored.
use std::fmt::Write as _;

use serde::Serialize;

use crate::error::Printable;
use crate::secret_authoring::{NewSecret, SecretSpec, SecretUse, UpsertAction, UpsertResult, Upstream};

/// What was done, or with `--dry-run` would be done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewSecretReport<'a> {
    outcome: &'static str,
    name: &'a str,
    #[serde(rename = "for")]
    usage: &'static str,
    keys: [&'static str; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<Printable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<Printable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    kms_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Printable>,
    tags: Vec<Printable>,
    replicas: Vec<String>,
    changes: Vec<Printable>,
    notes: Vec<Printable>,
}

impl<'a> NewSecretReport<'a> {
    /// Describes the result; without one, what would be created.
    pub(super) fn new(secret: &'a NewSecret, result: Option<UpsertResult>) -> Self {
        let SecretSpec { usage, name, region, description, tags, key, replicas, .. } = &secret.spec;
        let outcome = match result.as_ref().map(|result| result.action) {
            None => "planned",
            Some(UpsertAction::Created) => "created",
            Some(UpsertAction::Updated) => "updated",
            Some(UpsertAction::Unchanged) => "unchanged",
        };
        let (arn, version_id, changes, notes) = match result {
            Some(UpsertResult { arn, version_id, changes, notes, .. }) => (Some(arn), Some(version_id), changes, notes),
            None => (None, None, Vec::new(), Vec::new()),
        };
        let notes = secret.notes.iter().map(|note| Printable::new(note)).chain(notes).collect();
        // Without `--region`, only the ARN contains the Region.
        let region_of_arn = arn.as_deref().and_then(|arn| arn.split(':').nth(3)).map(str::to_owned);
        let printable = |text: &String| Printable::new(text);
        Self {
            outcome,
            name,
            usage: usage.name(),
            keys: ["username", usage.token_key()],
            arn: arn.as_ref().map(printable),
            version_id: version_id.as_ref().map(printable),
            region: region_of_arn.or_else(|| region.as_ref().map(ToString::to_string)),
            kms_key: key.as_ref().map_or("alias/aws/secretsmanager", |key| key.as_str()),
            description: description.as_ref().map(printable),
            tags: tags.iter().map(|(key, value)| Printable::new(&format!("{key}={value}"))).collect(),
            replicas: replicas.iter().map(ToString::to_string).collect(),
            changes,
            notes,
        }
    }

    /// The report for people, with the command that uses the secret next.
    pub(super) fn text(&self, usage: SecretUse, upstream: Option<Upstream>) -> String {
        let secret = self.arn.as_ref().map_or(self.name, Printable::as_str);
        let mut text = format!("{}: {secret}\n", self.outcome);
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:12} {value}");
        };
        line("for", &format!("{} ({})", self.usage, self.keys.join(", ")));
        line("region", self.region.as_deref().unwrap_or("the host's Region"));
        line("key", self.kms_key);
        if let Some(version) = &self.version_id {
            line("version", version.as_str());
        }
        if matches!(self.outcome, "planned" | "created") {
            self.description.iter().for_each(|description| line("description", description.as_str()));
            self.tags.iter().for_each(|tag| line("tag", tag.as_str()));
        }
        self.replicas.iter().for_each(|region| line("replica", region));
        self.changes.iter().for_each(|change| line("changed", change.as_str()));
        self.notes.iter().for_each(|note| line("note", note.as_str()));
        line("note", usage.exclusion());
        if let (SecretUse::PullThrough, Some(upstream), Some(arn)) = (usage, upstream, &self.arn) {
            let registry = upstream.registry();
            line(
                "next",
                &format!(
                    "aws ecr create-pull-through-cache-rule --ecr-repository-prefix PREFIX --upstream-registry-url {registry} --credential-arn {arn}"
                ),
            );
        }
        text
    }
}
