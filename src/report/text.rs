//! The report as a person reads it: two lines a container, the credentials once at the
//! end, within 80 columns where the names allow it.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use super::{ContainerReport, ContainerResult, CredentialReport, FallbackReport, Report, Summary, TaskReport};
use crate::error::Failure;

/// A shorter wait for a turn, in milliseconds, is what sharing an engine is like.
const WAIT_WORTH_TELLING: u64 = 1_000;

/// The report as text, ending in a line that sums it up. Sentences are wrapped at `width`
/// columns where one is given; names are never cut.
#[must_use]
pub fn render(report: &Report, width: Option<usize>) -> String {
    let mut text = String::new();
    let mut credentials = Credentials::default();
    // Writing to a String cannot fail.
    for task in &report.tasks {
        let _ = write_task(&mut text, task, &mut credentials, width);
        text.push('\n');
    }
    let _ = credentials.write(&mut text);
    for failure in &report.invalid_inputs {
        write_failure(&mut text, "", failure, width);
        text.push('\n');
    }
    let _ = writeln!(text, "{}", Sum(&report.summary));
    text
}

/// One failure as text, unwrapped.
#[must_use]
pub fn failure_text(failure: &Failure) -> String {
    let mut text = String::new();
    write_failure(&mut text, "", failure, None);
    text
}

/// One failure as one line, for a protocol that has room for no more.
#[must_use]
pub fn failure_line(failure: &Failure) -> String {
    failure_text(failure).trim_end().lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

fn write_task<'a>(
    text: &mut String,
    task: &'a TaskReport,
    known: &mut Credentials<'a>,
    columns: Option<usize>,
) -> fmt::Result {
    match &task.family {
        Some(family) => writeln!(text, "{family} ({})", task.source)?,
        None => writeln!(text, "{}", task.source)?,
    }
    let names = task.containers.iter().map(|container| container.name.len());
    let width = names.max().unwrap_or_default().clamp("CONTAINER".len(), 24);
    writeln!(text, "  {:width$}  {:10}  {:>8}  {:5}  IMAGE", "CONTAINER", "RESULT", "TIME", "LOGIN")?;
    for container in &task.containers {
        let ContainerReport { name, image, result, digest, credential, duration_ms, warnings, failure, .. } = container;
        let time = duration_ms.map(seconds).unwrap_or_default();
        let login = credential.as_ref().map(|credential| known.number(credential)).unwrap_or_default();
        writeln!(text, "  {name:width$}  {:10}  {time:>8}  {login:5}  {image}", result_text(*result))?;
        if let Some(digest) = digest.as_ref().filter(|digest| !image.as_str().ends_with(digest.as_str())) {
            writeln!(text, "    {digest}")?;
        }
        write_way(text, container, known, columns)?;
        for warning in warnings {
            write_wrapped(text, "    ", &format!("warning: {warning}"), columns);
        }
        write_course(text, container, columns)?;
        if let Some(failure) = failure {
            write_failure(text, "    ", failure, columns);
        }
    }
    Ok(())
}

/// Which way the image came, where it has two.
fn write_way<'a>(
    text: &mut String,
    ContainerReport { via, upstream_credential, fell_back, .. }: &'a ContainerReport,
    known: &mut Credentials<'a>,
    columns: Option<usize>,
) -> fmt::Result {
    if let Some(via) = via {
        writeln!(text, "    via {via}")?;
    }
    if let Some(credential) = upstream_credential {
        writeln!(text, "    if that is unavailable, from its own registry with login {}", known.number(credential))?;
    }
    if let Some(FallbackReport { via, because }) = fell_back.as_deref() {
        writeln!(text, "    from its own registry, and not via {via}:")?;
        write_failure(text, "      ", because, columns);
    }
    Ok(())
}

/// What led to the result, where it is worth a line.
fn write_course(text: &mut String, container: &ContainerReport, columns: Option<usize>) -> fmt::Result {
    let ContainerReport { result, wanted_platform, waited_ms, retries, verified, instead_of, .. } = container;
    if let Some(platform) = wanted_platform {
        writeln!(text, "    platform {platform}")?;
    }
    if let Some(waited) = waited_ms.filter(|waited| *waited >= WAIT_WORTH_TELLING) {
        writeln!(text, "    waited {} for its turn", seconds(waited))?;
    }
    // An outage says the same again and again.
    for same in retries.chunk_by(|one, other| one.because == other.because) {
        let waits: Vec<String> = same.iter().map(|retry| seconds(retry.wait_ms)).collect();
        let times =
            if same.len() == 1 { "tried again".to_owned() } else { format!("tried again {} times", same.len()) };
        let because = &same[0].because;
        let line =
            format!("{times}, after {}: {} ({}): {}", shown(&waits), because.link, because.class, because.message);
        write_wrapped(text, "    ", &line, columns);
    }
    match (result, instead_of, verified) {
        (ContainerResult::Cached, Some(failure), _) => {
            writeln!(text, "    the copy on the engine serves, because the pull failed:")?;
            write_failure(text, "      ", failure, columns);
        }
        (ContainerResult::Cached, None, Some(true)) => writeln!(text, "    the copy on the engine; access verified")?,
        (ContainerResult::Cached, None, _) => writeln!(text, "    the copy on the engine; access not verified")?,
        _ => {}
    }
    Ok(())
}

/// The first few of them.
fn shown(waits: &[String]) -> String {
    let first = waits.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    if waits.len() > 3 { first + ", …" } else { first }
}

/// The credentials of a report, numbered in order of first mention.
#[derive(Default)]
struct Credentials<'a> {
    in_order: Vec<&'a CredentialReport>,
    numbers: HashMap<&'a CredentialReport, usize>,
}

impl<'a> Credentials<'a> {
    /// The credential's number in the list at the end.
    fn number(&mut self, credential: &'a CredentialReport) -> String {
        if *credential == CredentialReport::Anonymous {
            return "none".to_owned();
        }
        let number = *self.numbers.entry(credential).or_insert_with(|| {
            self.in_order.push(credential);
            self.in_order.len()
        });
        format!("[{number}]")
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        for (at, credential) in self.in_order.iter().enumerate() {
            write!(text, "[{}] ", at + 1)?;
            write_credential(text, credential)?;
        }
        if self.in_order.is_empty() { Ok(()) } else { writeln!(text) }
    }
}

fn write_credential(text: &mut String, credential: &CredentialReport) -> fmt::Result {
    match credential {
        CredentialReport::Anonymous => writeln!(text, "none"),
        CredentialReport::Instance { source, matched } => {
            writeln!(text, "this host's own login for {matched}\n    from {source}")
        }
        CredentialReport::Ecr { account, region, identity, expires_at, .. } => {
            writeln!(text, "ECR token for account {account}, Region {region}\n    got as {identity}")?;
            write_end(text, expires_at.as_deref())
        }
        CredentialReport::EcrPublic { identity, expires_at, without_token: None, .. } => {
            writeln!(text, "ECR Public token\n    got as {identity}")?;
            write_end(text, expires_at.as_deref())
        }
        CredentialReport::EcrPublic { without_token: Some(why), .. } => {
            writeln!(text, "none, for ECR Public\n    warning: {why}")
        }
        CredentialReport::Secret {
            arn, version_id, stage, warnings, account, region, identity, stale_seconds, ..
        } => {
            writeln!(text, "{arn}")?;
            if let Some(version) = version_id {
                let stage = stage.as_ref().map(|stage| format!(" ({stage})")).unwrap_or_default();
                writeln!(text, "    version {version}{stage}")?;
            } else {
                let account = account.as_deref().unwrap_or("the reader's");
                let region = region.as_deref().unwrap_or("the host's");
                writeln!(text, "    account {account}, Region {region}")?;
            }
            writeln!(text, "    read as {identity}")?;
            if let Some(age) = stale_seconds {
                writeln!(text, "    {age} s old: AWS did not answer, the kept value served")?;
            }
            for warning in warnings {
                writeln!(text, "    warning: {warning}")?;
            }
            Ok(())
        }
    }
}

fn write_end(text: &mut String, expires_at: Option<&str>) -> fmt::Result {
    expires_at.map_or(Ok(()), |end| writeln!(text, "    serves until {end}"))
}

fn write_failure(text: &mut String, indent: &str, failure: &Failure, columns: Option<usize>) {
    write_wrapped(text, indent, &format!("{} ({}): {}", failure.link, failure.class, failure.message), columns);
    let indent = format!("{indent}  ");
    for cause in &failure.caused_by {
        write_wrapped(text, &indent, &format!("said: {cause}"), columns);
    }
    if let Some(hint) = &failure.hint {
        write_wrapped(text, &indent, &format!("hint: {hint}"), columns);
    }
}

fn write_wrapped(text: &mut String, indent: &str, line: &str, columns: Option<usize>) {
    match columns {
        None => {
            *text += indent;
            *text += line;
        }
        Some(columns) => {
            let next = format!("{indent}  ");
            let options = textwrap::Options::new(columns)
                .initial_indent(indent)
                .subsequent_indent(&next)
                .break_words(false)
                .word_splitter(textwrap::WordSplitter::NoHyphenation);
            *text += &textwrap::fill(line, options);
        }
    }
    text.push('\n');
}

fn result_text(result: ContainerResult) -> &'static str {
    match result {
        ContainerResult::Pulled => "pulled",
        ContainerResult::UpToDate => "up to date",
        ContainerResult::Cached => "cached",
        ContainerResult::Failed => "FAILED",
        ContainerResult::Cancelled => "cancelled",
        ContainerResult::Planned => "planned",
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:02} s", milliseconds / 1_000, milliseconds % 1_000 / 10)
}

/// `3 pulled, 1 up to date, 2 failed in 0.41 s`
struct Sum<'a>(&'a Summary);

impl fmt::Display for Sum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { pulled, up_to_date, cached, failed, cancelled, planned, invalid_inputs, duration_ms } = *self.0;
        let counts = [
            (pulled, "pulled"),
            (up_to_date, "up to date"),
            (cached, "cached"),
            (planned, "planned"),
            (failed, "failed"),
            (cancelled, "cancelled"),
            (invalid_inputs, if invalid_inputs == 1 { "invalid input" } else { "invalid inputs" }),
        ];
        let said: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        f.write_str(&said.join(", "))?;
        if planned > 0 { Ok(()) } else { write!(f, " in {}", seconds(duration_ms)) }
    }
}
