//! The arguments of `taskpull secret new` and `taskpull secret check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::arguments::Output;
use crate::secret_authoring::{SecretUse, Upstream};

/// The arguments of `taskpull secret new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  taskpull secret new --upstream docker-hub --name ecr-pullthroughcache/docker-hub \\
    --username me < token.txt
  taskpull secret new --upstream ghcr --for direct --name team/ghcr --username me < token.txt

The token comes on stdin, or at a prompt that does not show it; it is never an argument.
docs/upstream-secrets.md has a recipe for each upstream.")]
pub(super) struct New {
    /// The registry that the token is of; for a direct pull it may be any other
    #[arg(long, value_name = "docker-hub|ghcr|acr|gitlab", value_parser = upstream)]
    #[arg(required_unless_present = "usage", required_if_eq("usage", "pull-through"))]
    pub upstream: Option<Upstream>,

    /// Who reads the secret: a rule of ECR's pull-through cache, or a task
    #[arg(long = "for", value_name = "USE", default_value = "pull-through")]
    pub usage: Use,

    /// The secret's name; for the pull-through cache it begins with `ecr-pullthroughcache/`
    #[arg(long, value_name = "NAME")]
    pub name: String,

    /// The user name at the registry
    #[arg(long, value_name = "NAME")]
    pub username: String,

    /// What the secret is, in words; not encrypted
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,

    /// A tag of the secret; not encrypted
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<String>,

    /// A customer key, for direct pulls only [default: the default key]
    #[arg(long, value_name = "ARN")]
    pub kms_key: Option<String>,

    /// Where the secret is made [default: the host's Region]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// Where else it is to be
    #[arg(long, value_name = "REGION", num_args = 1..)]
    pub replicate: Vec<String>,

    /// Write a new version where the secret is there and differs
    #[arg(long)]
    pub update: bool,

    /// Check everything and show what would be made; ask nobody
    #[arg(long)]
    pub dry_run: bool,

    /// How the result is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: Output,

    /// The configuration file [default: /etc/taskpull/taskpull.toml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull secret check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  taskpull secret check --for pull-through ARN
  taskpull secret check --for direct --registry ghcr.io/team/app ARN

Nothing is written. docs/upstream-secrets.md says what is looked at.")]
pub(super) struct Check {
    /// The secret: an ARN or a name
    #[arg(value_name = "SECRET")]
    pub secret: String,

    /// Who reads the secret: a rule of ECR's pull-through cache, or a task
    #[arg(long = "for", value_name = "USE")]
    pub usage: Use,

    /// The Region of the rule or the task; a bare name is looked up there
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// The account of the rule or the task
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,

    /// Try the login at this registry, and whether it may read this repository
    #[arg(long, value_name = "HOST[/REPOSITORY]")]
    pub registry: Option<String>,

    /// How the result is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: Output,

    /// The configuration file [default: /etc/taskpull/taskpull.toml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Who reads a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Use {
    /// A pull-through cache rule: `username` and `accessToken`
    PullThrough,
    /// A task's `repositoryCredentials`: `username` and `password`
    Direct,
}

impl From<Use> for SecretUse {
    fn from(usage: Use) -> Self {
        match usage {
            Use::PullThrough => Self::PullThrough,
            Use::Direct => Self::Direct,
        }
    }
}

fn upstream(text: &str) -> Result<Upstream, String> {
    Upstream::parse(text).ok_or_else(|| {
        let names = Upstream::ALL.map(|(name, _)| name).join(", ");
        format!("no upstream of that name takes a login from ECR; there are {names}")
    })
}
