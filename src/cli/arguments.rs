//! The arguments, and the help that explains them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use super::credential_arguments::{CredentialCommand, LoginPassword};
use super::pin::STDOUT;
use super::secret_arguments::{Check, New};
use crate::error::ExitCode;

/// Puts the private images of an ECS task definition on this host, with each container's
/// own credentials.
#[derive(Debug, Parser)]
#[command(name = "taskpull", version, about, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Resolve the credentials of each container and pull its image
    Pull(Pull),
    /// Run as the agent: accept requests on a socket and pull for as long as the host runs
    Serve(Serve),
    /// Show what the agent has been asked for
    Status(Status),
    /// Call requests of the agent off
    Cancel(Cancel),
    /// Make secrets and what they hold, and check them
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Answer Docker or a kubelet that asks for a registry's login
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// Print a registry's password, to be piped to `docker login --password-stdin`
    LoginPassword(LoginPassword),
}

#[derive(Debug, Subcommand)]
pub(super) enum SecretCommand {
    /// Make the secret of an upstream registry's login, or give it a new version
    New(New),
    /// See whether a secret serves its use, and whether a registry accepts its login
    Check(Check),
    /// Encrypt a login under a KMS key, for a secret to hold
    Seal(Seal),
}

/// The command line as a whole. The help ends in the table of exit codes.
pub(super) fn command() -> clap::Command {
    let codes: Vec<String> =
        ExitCode::ALL.iter().map(|exit| format!("  {:3}  {}", exit.code(), exit.meaning())).collect();
    Arguments::command().after_help(format!("ExitCode codes:\n{}", codes.join("\n")))
}

/// Reads the command line.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut command = command();
    let arguments = Arguments::from_arg_matches(&command.try_get_matches_from_mut(arguments)?)?;
    match arguments.command.contradiction() {
        Some(said) => Err(command.error(ErrorKind::ArgumentConflict, said)),
        None => Ok(arguments),
    }
}

impl Command {
    /// What no rule about a single argument can say.
    fn contradiction(&self) -> Option<&'static str> {
        let Self::Pull(Pull { output, events, pin, .. }) = self else { return None };
        let is_json = *output == Output::Json;
        if *events && !is_json {
            Some("--events are lines of JSON: they need --output json")
        } else if is_json && pin.as_deref() == Some(Path::new(STDOUT)) {
            Some("--pin and --output json both write to stdout: give --pin a place, --pin=PATH")
        } else {
            None
        }
    }
}

/// The arguments of `taskpull pull`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  taskpull pull task.json                  pull every image of a task definition
  taskpull pull --dry-run task.json        show what would be asked, of whom
  aws ecs describe-task-definition --task-definition web | taskpull pull -
  taskpull pull --output json /etc/tasks   every *.json of a folder, for programs
  taskpull pull --pin=pinned.json task.json
                                           and write it with digests for tags

AWS credentials are found in the environment, the shared files, the container's or the
instance's endpoint; the engine is the one Docker's own command line would use (DOCKER_HOST, DOCKER_CONTEXT,
the current context). docs/configuration.md has every setting.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Pull {
    /// Task definitions: files, folders of *.json, or `-` for stdin
    #[arg(required = true, value_name = "TASKDEF")]
    pub inputs: Vec<PathBuf>,

    /// Show the plan; ask neither AWS nor the engine
    #[arg(long)]
    pub dry_run: bool,

    /// Have the agent pull (`taskpull serve`), and show how it goes; Ctrl-C ends the showing alone
    #[arg(long)]
    #[arg(conflicts_with_all = ["fail_fast", "behavior", "platform", "concurrency", "execution_role", "secret_stage", "host", "context"])]
    pub agent: bool,

    /// Where the agent listens [setting: `agent.socket`]
    #[arg(long, value_name = "PATH", requires = "agent")]
    pub socket: Option<String>,

    /// Stop everything at the first failure
    #[arg(long)]
    pub fail_fast: bool,

    /// How the result is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: Output,

    /// With `--output json`: each change of state as a line of JSON while it happens, the
    /// report as the last line
    #[arg(long)]
    pub events: bool,

    /// Print the definitions with each image as name@sha256:…, and the report on stderr; or
    /// write them to a file, or to a folder under their own names. All of them or none
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true, default_missing_value = STDOUT)]
    #[arg(conflicts_with = "dry_run")]
    pub pin: Option<PathBuf>,

    /// No progress; the result alone
    #[arg(long, short)]
    pub quiet: bool,

    /// When an image that is on the engine serves [setting: `pull.behavior`]
    #[arg(long, value_name = "default|always|once|prefer-cached")]
    pub behavior: Option<String>,

    /// The platform of every image, such as linux/arm64 [setting: `pull.platform`]
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,

    /// Pulls at the same time [setting: `pull.concurrency`]
    #[arg(long, value_name = "NUMBER")]
    pub concurrency: Option<String>,

    /// Read secrets as the task's execution role or as the host [setting: `identity.execution_role`]
    #[arg(long, value_name = "assume|ignore")]
    pub execution_role: Option<String>,

    /// Which version of the secrets is read, such as AWSPENDING [setting: `secrets.stage`]
    #[arg(long, value_name = "STAGE")]
    pub secret_stage: Option<String>,

    /// Where the Docker Engine is [setting: `engine.host`]
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,

    /// The Docker context that leads to the engine [setting: `engine.context`]
    #[arg(long, value_name = "NAME", conflicts_with = "host")]
    pub context: Option<String>,

    /// The configuration file [default: /etc/taskpull/taskpull.toml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull serve`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
SIGTERM ends it once what is under way is done, or after `agent.drain_timeout`; what is not done
then is done after the next start. SIGHUP has it read its configuration again.")]
pub(super) struct Serve {
    /// Where it listens [setting: `agent.socket`]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<String>,

    /// Where it keeps what it has accepted [setting: `agent.state_folder`]
    #[arg(long, value_name = "FOLDER")]
    pub state_folder: Option<String>,

    /// Where the Docker Engine is [setting: `engine.host`]
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,

    /// The configuration file [default: /etc/taskpull/taskpull.toml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull status`.
#[derive(Debug, Args)]
pub(super) struct Status {
    /// One request; without it all of them, newest first
    #[arg(value_name = "REQUEST")]
    pub id: Option<String>,

    /// Show it again whenever it has changed; of one request, until it has ended
    #[arg(long, short)]
    pub watch: bool,

    /// No more than so many requests
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000), conflicts_with = "id")]
    pub limit: u16,

    /// How the result is written; with `--watch`, JSON is one line each time
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: Output,

    /// Where the agent listens [setting: `agent.socket`]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<String>,

    /// The configuration file [default: /etc/taskpull/taskpull.toml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The arguments of `taskpull cancel`.
#[derive(Debug, Args)]
pub(super) struct Cancel {
    /// Requests, as `taskpull status` shows them
    #[arg(required = true, value_name = "REQUEST")]
    pub ids: Vec<String>,

    /// Where the agent listens [setting: `agent.socket`]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<String>,

    /// The configuration file [default: /etc/taskpull/taskpull.toml where it exists]
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

The login comes on stdin, in any form that a secret may hold; it is never an argument.
docs/credentials-envelope.md describes what is written.")]
pub(super) struct Seal {
    /// The key's ARN; its Region is where it is decrypted
    #[arg(long, value_name = "ARN")]
    pub key: String,

    /// Encryption context that the ciphertext is bound to; not secret
    #[arg(long, value_name = "NAME=VALUE")]
    pub context: Vec<String>,

    /// The configuration file [default: /etc/taskpull/taskpull.toml where it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How the result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
