//! `taskpull secret check`: whether a secret serves its use, point by point.

use std::fmt::Write as _;

use serde::Serialize;

use super::arguments::Output;
use super::complain;
use super::secret::{self, SecretCommandContext};
use super::secret_arguments::Check;
use crate::error::ExitCode;
use crate::error::{Failure, Printable};
use crate::secret_authoring::{self, CheckStatus, Finding, SecretCheckRequest, SecretUse};

/// The result for programs.
#[derive(Serialize)]
struct SecretCheckReport<'a> {
    secret: Printable,
    #[serde(rename = "for")]
    usage: &'static str,
    good: bool,
    findings: &'a [Finding],
}

/// Runs it. The arguments are judged before anybody is asked.
pub(super) fn run(arguments: &Check) -> ExitCode {
    let SecretCommandContext { store, runtime } = match secret::prepare(arguments.config.as_deref()) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let question = match question(arguments) {
        Ok(question) => question,
        Err(failure) => {
            complain(&failure);
            return ExitCode::Usage;
        }
    };
    let findings = runtime.block_on(secret_authoring::check_secret(&store, &question));
    // A name resolution that hangs blocks a thread of the runtime, and nobody waits for it.
    runtime.shutdown_background();
    let is_good = findings.iter().all(|finding| finding.status != CheckStatus::Wrong);
    let usage = SecretUse::from(arguments.usage).name();
    let written = match arguments.output {
        Output::Json => {
            let secret = Printable::new(&arguments.secret);
            secret::write_json(&SecretCheckReport { secret, usage, good: is_good, findings: &findings })
        }
        Output::Text => secret::write(&text(arguments, usage, &findings, is_good)),
    };
    match written {
        ExitCode::Success if !is_good => ExitCode::Failed,
        written => written,
    }
}

fn question(arguments: &Check) -> Result<SecretCheckRequest, Failure> {
    let Check { secret, usage, region, account, registry, .. } = arguments;
    SecretCheckRequest::new(secret, (*usage).into(), region.as_deref(), account.as_deref(), registry.as_deref())
}

fn text(arguments: &Check, usage: &str, findings: &[Finding], is_good: bool) -> String {
    let mut text = format!("{} (for {usage})\n", Printable::new(&arguments.secret));
    for Finding { check, status, message, hint } in findings {
        let word = match status {
            CheckStatus::Good => "good",
            CheckStatus::Note => "note",
            CheckStatus::Wrong => "WRONG",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {word:5}  {check:12} {message}");
        if let Some(hint) = hint {
            let _ = writeln!(text, "         hint: {hint}");
        }
    }
    let wrong = findings.iter().filter(|finding| finding.status == CheckStatus::Wrong).count();
    text += if is_good { "OK\n" } else { "" };
    if wrong > 0 {
        let _ = writeln!(text, "{}", if wrong == 1 { "1 problem".to_owned() } else { format!("{wrong} problems") });
    }
    text
}
