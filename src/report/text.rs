//! The report as text for people: a row for each container, then the credentials, then one block for
//! each cause of failures, within 80 columns unless a name is longer.

use super::container_report::{ContainerReport, ContainerResult, FallbackReport, RetryReport};
use super::run_report::{Report, Summary, TaskReport};
use super::text_credentials::Credentials;
use super::text_failures;
use super::text_writer::TextWriter;
use crate::error::Failure;

/// A wait for a permit below this, in milliseconds, is normal and not reported.
const REPORTED_WAIT_MS: u64 = 1_000;

/// The report as text. Its last lines are what failed, what to do about it, and a summary. Sentences
/// are wrapped at `columns` if it is given; names are never cut.
#[must_use]
pub fn render(report: &Report, columns: Option<usize>) -> String {
    let mut tables = Tables { writer: TextWriter::new(columns), credentials: Credentials::default() };
    for task in &report.tasks {
        tables.task(task);
        tables.writer.line("", "");
    }
    let Tables { mut writer, credentials } = tables;
    credentials.write(&mut writer);
    text_failures::write(&mut writer, report);
    writer.line("", &summary(&report.summary));
    writer.into_text()
}

/// One failure as text, not wrapped.
#[must_use]
pub fn failure_text(failure: &Failure) -> String {
    let mut writer = TextWriter::new(None);
    writer.failure("", failure);
    writer.into_text()
}

/// One failure as one line, for protocols that have one line for a message.
#[must_use]
pub fn failure_line(failure: &Failure) -> String {
    failure_text(failure).trim_end().lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// The tables of the tasks, and the credentials that their rows refer to.
struct Tables<'a> {
    writer: TextWriter,
    credentials: Credentials<'a>,
}

impl<'a> Tables<'a> {
    fn task(&mut self, task: &'a TaskReport) {
        let platform = common_platform(task);
        let suffix = platform.map(|platform| format!(", platform {platform}")).unwrap_or_default();
        let title = match &task.family {
            Some(family) => format!("{family} ({}){suffix}", task.source),
            None => format!("{}{suffix}", task.source),
        };
        self.writer.line("", &title);
        let names = task.containers.iter().map(|container| container.name.len());
        let width = names.max().unwrap_or_default().clamp("CONTAINER".len(), 24);
        let header = format!("{:width$}  {:10}  {:>8}  {:5}  IMAGE", "CONTAINER", "RESULT", "TIME", "LOGIN");
        self.writer.line("  ", &header);
        for container in &task.containers {
            self.row(container, width);
            if let (None, Some(platform)) = (platform, &container.wanted_platform) {
                self.writer.line("    ", &format!("platform {platform}"));
            }
            self.route(container);
            for warning in &container.warnings {
                self.writer.wrapped("    ", &format!("warning: {warning}"));
            }
            self.history(container);
        }
    }

    fn row(&mut self, container: &'a ContainerReport, width: usize) {
        let ContainerReport { name, image, result, digest, credential, duration_ms, .. } = container;
        let time = duration_ms.map(seconds).unwrap_or_default();
        let login = credential.as_ref().map(|credential| self.credentials.number(credential)).unwrap_or_default();
        let row = format!("{name:width$}  {:10}  {time:>8}  {login:5}  {image}", result_text(*result));
        self.writer.line("  ", &row);
        if let Some(digest) = digest.as_ref().filter(|digest| !image.as_str().ends_with(digest.as_str())) {
            self.writer.line("    ", digest.as_str());
        }
    }

    /// The route of the image, if it has two.
    fn route(&mut self, ContainerReport { via, upstream_credential, fallback, .. }: &'a ContainerReport) {
        if let Some(via) = via {
            self.writer.line("    ", &format!("via {via}"));
        }
        if let Some(credential) = upstream_credential {
            let number = self.credentials.number(credential);
            let line = format!("if that is unavailable, from the upstream registry with login {number}");
            self.writer.line("    ", &line);
        }
        if let Some(FallbackReport { via, error }) = fallback.as_deref() {
            self.writer.line("    ", &format!("from the upstream registry, because {via} failed:"));
            self.writer.failure("      ", error);
        }
    }

    /// What led to the result.
    fn history(&mut self, container: &ContainerReport) {
        let ContainerReport { result, waited_ms, retries, verified, instead_of, failure, .. } = container;
        if let Some(waited) = waited_ms.filter(|waited| *waited >= REPORTED_WAIT_MS) {
            self.writer.line("    ", &format!("waited {} for other pulls", seconds(waited)));
        }
        // The retries of a failure that stayed the same are in its block.
        let is_final = |retry: &RetryReport| failure.as_ref().is_some_and(|failure| *failure == retry.error);
        if !retries.iter().all(is_final) {
            self.retries(retries);
        }
        match (result, instead_of, verified) {
            (ContainerResult::Cached, Some(failure), _) => {
                self.writer.line("    ", "the cached image is used, because the pull failed:");
                self.writer.failure("      ", failure);
            }
            (ContainerResult::Cached, None, Some(true)) => self.writer.line("    ", "cached image; access verified"),
            (ContainerResult::Cached, None, _) => self.writer.line("    ", "cached image; access not verified"),
            _ => {}
        }
    }

    /// During an outage, consecutive attempts fail with the same error.
    fn retries(&mut self, retries: &[RetryReport]) {
        for equal in retries.chunk_by(|retry, next| retry.error == next.error) {
            let waits: Vec<String> = equal.iter().map(|retry| seconds(retry.wait_ms)).collect();
            let times = if equal.len() == 1 { "once".to_owned() } else { format!("{} times", equal.len()) };
            let Failure { link, class, message, .. } = &equal[0].error;
            let line = format!("retried {times}, after {}: {link} ({class}): {message}", first_three(&waits));
            self.writer.wrapped("    ", &line);
        }
    }
}

/// The platform of all containers, if several are for the same one.
fn common_platform(TaskReport { containers, .. }: &TaskReport) -> Option<&str> {
    let first = containers.first()?.wanted_platform.as_deref()?;
    containers.iter().all(|container| container.wanted_platform.as_deref() == Some(first)).then_some(first)
}

fn first_three(waits: &[String]) -> String {
    let first = waits.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    if waits.len() > 3 { first + ", …" } else { first }
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

/// The counts that are not zero, and the duration: `3 pulled, 1 up to date, 2 failed in 0.41 s`.
fn summary(summary: &Summary) -> String {
    let Summary { pulled, up_to_date, cached, failed, cancelled, planned, invalid_inputs, duration_ms } = *summary;
    let counts = [
        (pulled, "pulled"),
        (up_to_date, "up to date"),
        (cached, "cached"),
        (planned, "planned"),
        (failed, "failed"),
        (cancelled, "cancelled"),
        (invalid_inputs, if invalid_inputs == 1 { "invalid input" } else { "invalid inputs" }),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, result)| format!("{count} {result}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    if planned > 0 { counts } else { format!("{counts} in {}", seconds(duration_ms)) }
}
