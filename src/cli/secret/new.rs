//! `taskpull secret new`: creates or updates the secret for a registry's login.

use super::client;
use super::new_secret_report::NewSecretReport;
use crate::cli::arguments::{NewArguments, OutputFormat};
use crate::cli::command_error::CommandError;
use crate::cli::runtime::{self, Threads};
use crate::cli::terminal::stderr::print_line;
use crate::cli::terminal::stdout::{write_json, write_result};
use crate::cli::terminal::{TokenReadError, read_token};
use crate::error::ExitCode;
use crate::secret_authoring::{
    self, DifferencePolicy, NewSecret, NewSecretArgs, NewSecretError, SecretSpec, Upstream, UpstreamToken,
};

/// Runs the command.
pub(in crate::cli) fn new(arguments: &NewArguments) -> Result<ExitCode, CommandError> {
    let aws = client::build(&client::settings(arguments.config.as_deref())?)?;
    let spec = spec(arguments).map_err(CommandError::usage)?;
    let secret = read_secret(spec, arguments.upstream)?;
    let result = if arguments.dry_run {
        None
    } else {
        let on_difference = if arguments.update { DifferencePolicy::Update } else { DifferencePolicy::Refuse };
        let upsert = secret_authoring::upsert_secret(&aws, &secret, on_difference);
        let result = runtime::run(Threads::Calling, upsert)?;
        Some(result.map_err(|failure| CommandError::new(failure, ExitCode::Failed))?)
    };
    let report = NewSecretReport::new(&secret, result);
    match arguments.output {
        OutputFormat::Json => write_json(&report),
        OutputFormat::Text => write_result(report.text(secret.spec.usage, arguments.upstream).as_bytes()),
    }
}

fn spec(arguments: &NewArguments) -> Result<SecretSpec, NewSecretError> {
    let NewArguments { usage, name, username, description, tags, kms_key, region, replicate, .. } = arguments;
    SecretSpec::new(&NewSecretArgs {
        usage: (*usage).into(),
        name,
        username,
        description: description.as_deref(),
        tags,
        key: kms_key.as_deref(),
        region: region.as_deref(),
        replicas: replicate,
    })
}

/// Reads the token and makes the secret's content of it.
fn read_secret(spec: SecretSpec, upstream: Option<Upstream>) -> Result<NewSecret, CommandError> {
    let description = upstream.map_or("a password or token of the registry", Upstream::token);
    let bytes = read_token(&format!("Token: {description}")).map_err(|error| match error {
        TokenReadError::Interrupted => CommandError::Interrupted,
        TokenReadError::Unreadable(error) => CommandError::stdin(error),
    })?;
    let secret = UpstreamToken::new(bytes).and_then(|token| {
        if token.line_end_removed {
            print_line("note: trailing newline removed from the token");
        }
        NewSecret::new(spec, &token)
    });
    secret.map_err(|error| CommandError::new(error, ExitCode::BadInput))
}
