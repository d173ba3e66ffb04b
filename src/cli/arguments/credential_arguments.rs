//! The arguments of `taskpull credential` and `taskpull login-password`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CredentialCommand {
    /// Docker's credential helper, also available through a link named docker-credential-taskpull
    Docker(DockerArguments),
    /// The kubelet's credential provider: request on stdin, response on stdout
    Kubelet(KubeletArguments),
}

/// The arguments of `taskpull credential docker`.
#[derive(Debug, Args)]
pub(in crate::cli) struct DockerArguments {
    /// `get`, with a registry's address on stdin; `list`; or `version`
    #[arg(value_name = "get|list|version")]
    pub operation: Vec<String>,

    /// Configuration file [default: /etc/taskpull/taskpull.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull credential kubelet`.
#[derive(Debug, Args)]
pub(in crate::cli) struct KubeletArguments {
    /// Configuration file [default: /etc/taskpull/taskpull.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull login-password`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  taskpull login-password --registry HOST | docker login --username AWS --password-stdin HOST

docker login writes the password to its config.json in plain base64. The credential helper
does not write it anywhere (docs/credential-helper.md).")]
pub(in crate::cli) struct LoginPasswordArguments {
    /// Registry as `host` or `host:port`
    #[arg(long, value_name = "HOST")]
    pub registry: String,

    /// Configuration file [default: /etc/taskpull/taskpull.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
