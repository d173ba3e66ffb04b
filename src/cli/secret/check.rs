//! `taskpull secret check`: checks whether a secret works for its purpose.

// Writing to a String cannot fail, so the results are ignored.
use std::fmt::Write as _;

use serde::Serialize;

use super::client;
use crate::cli::arguments::{CheckArguments, OutputFormat};
use crate::cli::command_error::CommandError;
use crate::cli::runtime::{self, Threads};
use crate::cli::terminal::stdout::{write_json, write_result};
use crate::error::{ExitCode, Failure, Printable};
use crate::secret_authoring::{self, CheckStatus, Finding, SecretCheckRequest, SecretUse};

/// The result of the checks, for programs.
#[derive(Serialize)]
struct SecretCheckReport<'a> {
    secret: Printable,
    #[serde(rename = "for")]
    usage: &'static str,
    good: bool,
    findings: &'a [Finding],
}

/// Runs the command.
pub(in crate::cli) fn check(arguments: &CheckArguments) -> Result<ExitCode, CommandError> {
    let aws = client::build(&client::settings(arguments.config.as_deref())?)?;
    let request = request(arguments).map_err(CommandError::usage)?;
    let findings = runtime::run(Threads::Calling, secret_authoring::check_secret(&aws, &request))?;
    let report = SecretCheckReport {
        secret: Printable::new(&arguments.secret),
        usage: SecretUse::from(arguments.usage).name(),
        good: findings.iter().all(|finding| finding.status != CheckStatus::Wrong),
        findings: &findings,
    };
    match arguments.output {
        OutputFormat::Json => write_json(&report)?,
        OutputFormat::Text => write_result(text(&report).as_bytes())?,
    };
    Ok(if report.good { ExitCode::Success } else { ExitCode::Failed })
}

fn request(arguments: &CheckArguments) -> Result<SecretCheckRequest, Failure> {
    let CheckArguments { secret, usage, region, account, registry, .. } = arguments;
    SecretCheckRequest::new(secret, (*usage).into(), region.as_deref(), account.as_deref(), registry.as_deref())
}

fn text(SecretCheckReport { secret, usage, findings, .. }: &SecretCheckReport<'_>) -> String {
    let mut text = format!("{secret} (for {usage})\n");
    for Finding { check, status, message, hint, .. } in *findings {
        let word = match status {
            CheckStatus::Good => "good",
            CheckStatus::Note => "note",
            CheckStatus::Wrong => "WRONG",
        };
        let _ = writeln!(text, "  {word:5}  {check:12} {message}");
        if let Some(hint) = hint {
            let _ = writeln!(text, "         hint: {hint}");
        }
    }
    let _ = match findings.iter().filter(|finding| finding.status == CheckStatus::Wrong).count() {
        0 => writeln!(text, "OK"),
        1 => writeln!(text, "1 problem"),
        count => writeln!(text, "{count} problems"),
    };
    text
}
