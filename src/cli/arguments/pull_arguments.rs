//! The arguments of `taskpull pull`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output_format::OutputFormat;

/// The value of `--pin` that means stdout.
pub(in crate::cli) const STDOUT: &str = "-";

/// The arguments of `taskpull pull`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  taskpull pull task.json                  pull every image of a task definition
  taskpull pull --dry-run task.json        show which credential each image needs
  aws ecs describe-task-definition --task-definition web | taskpull pull -
  taskpull pull --output json /etc/tasks   every *.json of a folder, for programs
  taskpull pull --pin=pinned.json task.json
                                           pull, and write it with digests for tags

AWS credentials come from the environment, the shared files, or the endpoint of the container
or the instance. The engine is the one that Docker's own command line uses (DOCKER_HOST,
DOCKER_CONTEXT, the current context). docs/configuration.md describes every setting.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(in crate::cli) struct PullArguments {
    /// Task definitions: files, folders of *.json, or `-` for stdin
    #[arg(required = true, value_name = "TASKDEF")]
    pub inputs: Vec<PathBuf>,

    /// Show the plan without contacting AWS or the engine
    #[arg(long)]
    pub dry_run: bool,

    /// Submit to the running agent (`taskpull serve`) and follow progress; Ctrl-C stops following, not the pull
    #[arg(long)]
    #[arg(conflicts_with_all = ["fail_fast", "behavior", "platform", "concurrency", "execution_role", "secret_stage", "host", "context"])]
    pub agent: bool,

    /// Socket of the agent [setting: `agent.socket`]
    #[arg(long, value_name = "PATH", requires = "agent")]
    pub socket: Option<String>,

    /// Stop all pulls at the first failure
    #[arg(long)]
    pub fail_fast: bool,

    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,

    /// With `--output json`: print each change of state at once as a line of JSON, and the report
    /// as the last line
    #[arg(long)]
    pub events: bool,

    /// Print the definitions with each image as name@sha256:…, and the report on stderr; or write
    /// them to a file, or under their own names to a folder. Writes all of them or none
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true, default_missing_value = STDOUT)]
    #[arg(conflicts_with = "dry_run")]
    pub pin: Option<PathBuf>,

    /// Print the result only, no progress
    #[arg(long, short)]
    pub quiet: bool,

    /// When a local image may be used instead of pulling [setting: `pull.behavior`]
    #[arg(long, value_name = "default|always|once|prefer-cached")]
    pub behavior: Option<String>,

    /// Platform of every image, such as linux/arm64 [setting: `pull.platform`]
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,

    /// Maximum concurrent pulls [setting: `pull.concurrency`]
    #[arg(long, value_name = "NUMBER")]
    pub concurrency: Option<String>,

    /// Read secrets as the task's execution role, or as the host [setting: `identity.execution_role`]
    #[arg(long, value_name = "assume|ignore")]
    pub execution_role: Option<String>,

    /// Staging label of the secret versions to read, such as AWSPENDING [setting: `secrets.stage`]
    #[arg(long, value_name = "STAGE")]
    pub secret_stage: Option<String>,

    /// Address of the Docker Engine [setting: `engine.host`]
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,

    /// Docker context of the engine [setting: `engine.context`]
    #[arg(long, value_name = "NAME", conflicts_with = "host")]
    pub context: Option<String>,

    /// Configuration file [default: /etc/taskpull/taskpull.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl PullArguments {
    /// A conflict between the values of arguments, which clap's rules cannot express.
    pub(super) fn conflict(&self) -> Option<&'static str> {
        let is_json = self.output == OutputFormat::Json;
        if self.events && !is_json {
            Some("--events requires --output json")
        } else if is_json && self.pins_to_stdout() {
            Some("--pin and --output json both write to stdout; give --pin a path: --pin=PATH")
        } else {
            None
        }
    }

    /// Whether stdout gets the pinned definitions, so that the report goes to stderr.
    pub(in crate::cli) fn pins_to_stdout(&self) -> bool {
        self.pin.as_deref() == Some(Path::new(STDOUT))
    }
}
