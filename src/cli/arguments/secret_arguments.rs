//! The arguments of `taskpull secret`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::output_format::OutputFormat;
use crate::secret_authoring::{SecretUse, Upstream};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SecretCommand {
    /// Create the secret for a registry's login, or write a new version of it
    New(NewArguments),
    /// Check that a secret works for its purpose, and try its login at a registry
    Check(CheckArguments),
    /// Encrypt a login with a KMS key, to store it in a secret
    Seal(SealArguments),
}

/// The arguments of `taskpull secret new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  taskpull secret new --upstream docker-hub --name ecr-pullthroughcache/docker-hub \\
    --username me < token.txt
  taskpull secret new --upstream ghcr --for direct --name team/ghcr --username me < token.txt

The token is read from stdin, or at a prompt that does not show it; it is never an argument.
docs/upstream-secrets.md has a recipe for each upstream.")]
pub(in crate::cli) struct NewArguments {
    /// Registry that issued the token; optional with `--for direct`
    #[arg(long, value_name = "docker-hub|ghcr|acr|gitlab", value_parser = upstream)]
    #[arg(required_unless_present = "usage", required_if_eq("usage", "pull-through"))]
    pub upstream: Option<Upstream>,

    /// Reader of the secret: a pull-through cache rule of ECR, or a task
    #[arg(long = "for", value_name = "USE", default_value = "pull-through")]
    pub usage: SecretUseArgument,

    /// Name of the secret; for the pull-through cache it starts with `ecr-pullthroughcache/`
    #[arg(long, value_name = "NAME")]
    pub name: String,

    /// User name at the registry
    #[arg(long, value_name = "NAME")]
    pub username: String,

    /// Description of the secret; not encrypted
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,

    /// Tag of the secret; not encrypted
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<String>,

    /// Customer managed KMS key, only with `--for direct` [default: aws/secretsmanager]
    #[arg(long, value_name = "ARN")]
    pub kms_key: Option<String>,

    /// Region of the secret [default: the host's Region]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// Regions to replicate the secret to
    #[arg(long, value_name = "REGION", num_args = 1..)]
    pub replicate: Vec<String>,

    /// Write a new version if the secret exists and differs
    #[arg(long)]
    pub update: bool,

    /// Check the input and show what would be created, without contacting AWS
    #[arg(long)]
    pub dry_run: bool,

    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,

    /// Configuration file [default: /etc/taskpull/taskpull.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull secret check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  taskpull secret check --for pull-through ARN
  taskpull secret check --for direct --registry ghcr.io/team/app ARN

The command writes nothing. docs/upstream-secrets.md lists the checks.")]
pub(in crate::cli) struct CheckArguments {
    /// ARN or name of the secret
    #[arg(value_name = "SECRET")]
    pub secret: String,

    /// Reader of the secret: a pull-through cache rule of ECR, or a task
    #[arg(long = "for", value_name = "USE")]
    pub usage: SecretUseArgument,

    /// Region of the rule or the task; a name without ARN is looked up there
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// Account of the rule or the task
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,

    /// Try the login at this registry, and check that it may read this repository
    #[arg(long, value_name = "HOST[/REPOSITORY]")]
    pub registry: Option<String>,

    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,

    /// Configuration file [default: /etc/taskpull/taskpull.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull secret seal`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  taskpull secret seal --key arn:aws:kms:eu-west-1:111122223333:key/ID --context team=web \\
    < login.json > sealed.json
  aws secretsmanager put-secret-value --secret-id ARN --secret-string file://sealed.json

The login is read from stdin, in any format that a secret may have; it is never an argument.
docs/credentials-envelope.md describes the output.")]
pub(in crate::cli) struct SealArguments {
    /// ARN of the KMS key; its Region is the one that decrypts
    #[arg(long, value_name = "ARN")]
    pub key: String,

    /// Encryption context of the ciphertext; not secret
    #[arg(long, value_name = "NAME=VALUE")]
    pub context: Vec<String>,

    /// Configuration file [default: /etc/taskpull/taskpull.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The value of `--for`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SecretUseArgument {
    /// A pull-through cache rule: `username` and `accessToken`
    PullThrough,
    /// A task's `repositoryCredentials`: `username` and `password`
    Direct,
}

impl From<SecretUseArgument> for SecretUse {
    fn from(usage: SecretUseArgument) -> Self {
        match usage {
            SecretUseArgument::PullThrough => Self::PullThrough,
            SecretUseArgument::Direct => Self::Direct,
        }
    }
}

fn upstream(text: &str) -> Result<Upstream, String> {
    Upstream::parse(text).ok_or_else(|| {
        let names = Upstream::ALL.map(|(name, _)| name);
        let (last, others) = names.split_last().unwrap_or((&"", &[]));
        format!("unknown upstream; use {} or {last}", others.join(", "))
    })
}
