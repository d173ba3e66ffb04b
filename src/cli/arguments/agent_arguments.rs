//! The arguments of `taskpull serve`, `taskpull status` and `taskpull cancel`.

use std::path::PathBuf;

use clap::Args;

use super::output_format::OutputFormat;

/// The arguments of `taskpull serve`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
On SIGTERM, the agent finishes the running pulls for at most `agent.drain_timeout` and exits.
The next start resumes the requests that are not done. SIGHUP reloads the configuration.")]
pub(in crate::cli) struct ServeArguments {
    /// Socket to listen on [setting: `agent.socket`]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<String>,

    /// Folder for accepted requests [setting: `agent.state_folder`]
    #[arg(long, value_name = "FOLDER")]
    pub state_folder: Option<String>,

    /// Address of the Docker Engine [setting: `engine.host`]
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,

    /// Configuration file [default: /etc/taskpull/taskpull.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull status`.
#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArguments {
    /// Show this request only [default: all requests, newest first]
    #[arg(value_name = "REQUEST")]
    pub id: Option<String>,

    /// Show every change, until the request has ended or you press Ctrl-C
    #[arg(long, short)]
    pub watch: bool,

    /// Maximum number of requests to list
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000), conflicts_with = "id")]
    pub limit: u16,

    /// Output format; JSON with `--watch` is one line for each change
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,

    /// Socket of the agent [setting: `agent.socket`]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<String>,

    /// Configuration file [default: /etc/taskpull/taskpull.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull cancel`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CancelArguments {
    /// Requests to cancel, as `taskpull status` shows them
    #[arg(required = true, value_name = "REQUEST")]
    pub ids: Vec<String>,

    /// Socket of the agent [setting: `agent.socket`]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<String>,

    /// Configuration file [default: /etc/taskpull/taskpull.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
