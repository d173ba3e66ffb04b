//! The report as a person reads it, within 80 columns where the names allow it.

use std::fmt::{self, Write as _};

use super::{ContainerReport, CredentialReport, Ending, Report, Summary, TaskReport};
use crate::error::Failure;

/// The report as text, ending in a line that sums it up.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    for task in &report.tasks {
        // Writing to a String cannot fail.
        let _ = write_task(&mut text, task);
        text.push('\n');
    }
    for failure in &report.unread {
        let _ = write_failure(&mut text, "", failure);
        text.push('\n');
    }
    let _ = writeln!(text, "{}", Sum(&report.summary));
    text
}

fn write_task(text: &mut String, task: &TaskReport) -> fmt::Result {
    match &task.family {
        Some(family) => writeln!(text, "{family} ({})", task.source)?,
        None => writeln!(text, "{}", task.source)?,
    }
    let names = task.containers.iter().map(|container| container.name.len()).max().unwrap_or_default().clamp(4, 24);
    for container in &task.containers {
        write_container(text, container, names)?;
    }
    Ok(())
}

fn write_container(text: &mut String, container: &ContainerReport, names: usize) -> fmt::Result {
    let ContainerReport { name, image, digest, credential, duration_ms, attempts, failure, .. } = container;
    write!(text, "  {name:names$}  {:10}  {image}", ending(container.result))?;
    if let Some(duration) = duration_ms {
        write!(text, "  {}", seconds(*duration))?;
    }
    if let Some(attempts) = attempts.filter(|attempts| *attempts > 1) {
        write!(text, ", {attempts} attempts")?;
    }
    text.push('\n');
    let indent = format!("  {:names$}  {:10}  ", "", "");
    if let Some(digest) = digest {
        writeln!(text, "{indent}{digest}")?;
    }
    if let Some(credential) = credential {
        write_credential(text, &indent, credential)?;
    }
    match failure {
        Some(failure) => write_failure(text, "    ", failure),
        None => Ok(()),
    }
}

fn write_credential(text: &mut String, indent: &str, credential: &CredentialReport) -> fmt::Result {
    let CredentialReport::Secret { arn, version_id, account, region, identity } = credential else {
        return writeln!(text, "{indent}no credentials");
    };
    writeln!(text, "{indent}secret {arn}")?;
    if let Some(version) = version_id {
        writeln!(text, "{indent}version {version}, read as {identity}")
    } else {
        let account = account.as_deref().unwrap_or("the reader's");
        let region = region.as_deref().unwrap_or("the host's");
        writeln!(text, "{indent}account {account}, Region {region}, read as {identity}")
    }
}

fn write_failure(text: &mut String, indent: &str, failure: &Failure) -> fmt::Result {
    writeln!(text, "{indent}{} ({}): {}", failure.link, failure.class, failure.message)?;
    for cause in &failure.caused_by {
        writeln!(text, "{indent}  said: {cause}")?;
    }
    match &failure.hint {
        Some(hint) => writeln!(text, "{indent}  hint: {hint}"),
        None => Ok(()),
    }
}

fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Pulled => "pulled",
        Ending::UpToDate => "up to date",
        Ending::Failed => "FAILED",
        Ending::Cancelled => "cancelled",
        Ending::Planned => "planned",
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:02} s", milliseconds / 1_000, milliseconds % 1_000 / 10)
}

/// `3 pulled, 1 up to date, 2 failed in 0.41 s`
struct Sum<'a>(&'a Summary);

impl fmt::Display for Sum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { pulled, up_to_date, failed, cancelled, planned, unread, duration_ms } = *self.0;
        let counts = [
            (pulled, "pulled"),
            (up_to_date, "up to date"),
            (planned, "planned"),
            (failed, "failed"),
            (cancelled, "cancelled"),
            (unread, if unread == 1 { "input unreadable" } else { "inputs unreadable" }),
        ];
        let mut said = counts.iter().filter(|(count, _)| *count > 0).peekable();
        if said.peek().is_none() {
            f.write_str("nothing to do")?;
        }
        for (at, (count, what)) in said.enumerate() {
            write!(f, "{}{count} {what}", if at == 0 { "" } else { ", " })?;
        }
        if planned > 0 { Ok(()) } else { write!(f, " in {}", seconds(duration_ms)) }
    }
}
