//! `taskpull secret new`: a login for an upstream registry, from a token on stdin.

use std::fmt::Write as _;

use serde::Serialize;

use super::arguments::Output;
use super::secret::{self, SecretCommandContext};
use super::secret_arguments::New;
use super::{complain, tell, token};
use crate::error::ExitCode;
use crate::error::{Failure, Printable};
use crate::secret_authoring::{
    self, NewSecret, NewSecretArgs, OnDifference, SecretSpec, SecretUse, UpsertAction, UpsertResult, Upstream,
    UpstreamToken,
};

/// What was done, or would be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewSecretReport<'a> {
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

/// Runs it. The arguments are judged before a byte is read.
pub(super) fn run(arguments: &New) -> ExitCode {
    let prepared = match secret::prepare(arguments.config.as_deref()) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let draft = match draft(arguments) {
        Ok(draft) => draft,
        Err(failure) => {
            complain(&failure);
            return ExitCode::Usage;
        }
    };
    let secret = match with_token(draft, arguments) {
        Ok(secret) => secret,
        Err(exit) => return exit,
    };
    if arguments.dry_run {
        return show(&told(&secret, None), arguments);
    }
    let updates = if arguments.update { OnDifference::Update } else { OnDifference::Refuse };
    let SecretCommandContext { store, runtime } = prepared;
    let kept = runtime.block_on(secret_authoring::upsert_secret(&store, &secret, updates));
    // A name resolution that hangs blocks a thread of the runtime, and nobody waits for it.
    runtime.shutdown_background();
    match kept {
        Ok(kept) => show(&told(&secret, Some(kept)), arguments),
        Err(failure) => {
            complain(&failure);
            ExitCode::Failed
        }
    }
}

fn draft(arguments: &New) -> Result<SecretSpec, Failure> {
    let New { usage, name, username, description, tags, kms_key, region, replicate, .. } = arguments;
    let wanted = NewSecretArgs {
        usage: (*usage).into(),
        name,
        username,
        description: description.as_deref(),
        tags,
        key: kms_key.as_deref(),
        region: region.as_deref(),
        replicas: replicate,
    };
    SecretSpec::new(&wanted).map_err(Failure::from)
}

fn with_token(draft: SecretSpec, arguments: &New) -> Result<NewSecret, ExitCode> {
    let what = arguments.upstream.map_or("a password or token of the registry", Upstream::token);
    let bytes = match token::read(&format!("The token: {what}")) {
        Ok(bytes) => bytes,
        Err(token::TokenReadError::Interrupted) => return Err(ExitCode::Interrupted),
        Err(token::TokenReadError::Unreadable(error)) => {
            tell(&format!("error: stdin could not be read: {error}"));
            return Err(ExitCode::BadInput);
        }
    };
    let secret = UpstreamToken::new(bytes).and_then(|token| {
        if token.had_line_end {
            tell("note: the line end behind the token was taken off");
        }
        NewSecret::new(draft, &token)
    });
    secret.map_err(|error| {
        complain(&Failure::from(error));
        ExitCode::BadInput
    })
}

fn told(secret: &NewSecret, kept: Option<UpsertResult>) -> NewSecretReport<'_> {
    let SecretSpec { usage, name, region, description, tags, key, replicas, .. } = &secret.spec;
    let outcome = match kept.as_ref().map(|kept| kept.action) {
        None => "planned",
        Some(UpsertAction::Created) => "created",
        Some(UpsertAction::Updated) => "updated",
        Some(UpsertAction::Unchanged) => "unchanged",
    };
    let (arn, version_id, changes, notes) = match kept {
        Some(UpsertResult { arn, version_id, changes, notes, .. }) => (Some(arn), Some(version_id), changes, notes),
        None => (None, None, Vec::new(), Vec::new()),
    };
    let own = arn.as_deref().and_then(|arn| arn.split(':').nth(3)).map(str::to_owned);
    let printable = |text: &String| Printable::new(text);
    NewSecretReport {
        outcome,
        name,
        usage: usage.name(),
        keys: ["username", usage.token_key()],
        arn: arn.as_ref().map(printable),
        version_id: version_id.as_ref().map(printable),
        region: own.or_else(|| region.as_ref().map(ToString::to_string)),
        kms_key: key.as_ref().map_or("alias/aws/secretsmanager", |key| key.as_str()),
        description: description.as_ref().map(printable),
        tags: tags.iter().map(|(key, value)| Printable::new(&format!("{key}={value}"))).collect(),
        replicas: replicas.iter().map(ToString::to_string).collect(),
        changes,
        notes,
    }
}

fn show(told: &NewSecretReport<'_>, arguments: &New) -> ExitCode {
    match arguments.output {
        Output::Json => secret::write_json(told),
        Output::Text => secret::write(&text(told, arguments)),
    }
}

/// The secret, and what it is to be used with.
fn text(told: &NewSecretReport<'_>, arguments: &New) -> String {
    let thing = told.arn.as_ref().map_or(told.name, Printable::as_str);
    let mut text = format!("{}: {thing}\n", told.outcome);
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:12} {value}");
    };
    line("for", &format!("{} ({})", told.usage, told.keys.join(", ")));
    line("region", told.region.as_deref().unwrap_or("the host's"));
    line("key", told.kms_key);
    if let Some(version) = &told.version_id {
        line("version", version.as_str());
    }
    if let (Some(description), "planned" | "created") = (&told.description, told.outcome) {
        line("description", description.as_str());
    }
    if matches!(told.outcome, "planned" | "created") {
        told.tags.iter().for_each(|tag| line("tag", tag.as_str()));
    }
    told.replicas.iter().for_each(|region| line("replica", region));
    told.changes.iter().for_each(|change| line("changed", change.as_str()));
    told.notes.iter().for_each(|note| line("note", note.as_str()));
    let usage = SecretUse::from(arguments.usage);
    line("note", usage.exclusion());
    if let (SecretUse::PullThrough, Some(upstream), Some(arn)) = (usage, arguments.upstream, &told.arn) {
        line(
            "next",
            &format!(
                "aws ecr create-pull-through-cache-rule --ecr-repository-prefix PREFIX --upstream-registry-url {} --credential-arn {arn}",
                upstream.registry()
            ),
        );
    }
    text
}
