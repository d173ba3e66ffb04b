//! The arguments of `taskpull credential` and `taskpull login-password`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum CredentialCommand {
    /// Docker's credential helper: what a link named docker-credential-taskpull does
    Docker(Docker),
    /// The kubelet's credential provider: a request on stdin, the answer on stdout
    Kubelet(Kubelet),
}

/// The arguments of `taskpull credential docker`.
#[derive(Debug, Args)]
pub(super) struct Docker {
    /// `get`, with a registry's address on stdin; `list`; `version`
    #[arg(value_name = "get|list|version")]
    pub operation: Vec<String>,

    /// The configuration file [default: /etc/taskpull/taskpull.toml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull credential kubelet`.
#[derive(Debug, Args)]
pub(super) struct Kubelet {
    /// The configuration file [default: /etc/taskpull/taskpull.toml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull login-password`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  taskpull login-password --registry HOST | docker login --username AWS --password-stdin HOST

docker login writes the password to its config.json in plain base64; the credential helper
does without (docs/credential-helper.md).")]
pub(super) struct LoginPassword {
    /// The registry: `host` or `host:port`
    #[arg(long, value_name = "HOST")]
    pub registry: String,

    /// The configuration file [default: /etc/taskpull/taskpull.toml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
