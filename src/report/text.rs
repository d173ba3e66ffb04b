//! The report as text for people: two lines for each container, the credentials in a list at the
//! end, within 80 columns unless a name is longer.

use super::container_report::{ContainerReport, ContainerResult, FallbackReport};
use super::run_report::{Report, Summary, TaskReport};
use super::text_credentials::Credentials;
use crate::error::Failure;

/// A wait for a permit below this, in milliseconds, is normal and not reported.
const REPORTED_WAIT_MS: u64 = 1_000;

/// The report as text, with a summary as its last line. Sentences are wrapped at `columns` if it is
/// given; names are never cut.
#[must_use]
pub fn render(report: &Report, columns: Option<usize>) -> String {
    let mut writer = Writer { text: String::new(), columns, credentials: Credentials::default() };
    for task in &report.tasks {
        writer.task(task);
        writer.text.push('\n');
    }
    writer.text += &writer.credentials.list();
    for failure in &report.invalid_inputs {
        writer.failure("", failure);
        writer.text.push('\n');
    }
    writer.line("", &summary(&report.summary));
    writer.text
}

/// One failure as text, not wrapped.
#[must_use]
pub fn failure_text(failure: &Failure) -> String {
    let mut writer = Writer { text: String::new(), columns: None, credentials: Credentials::default() };
    writer.failure("", failure);
    writer.text
}

/// One failure as one line, for protocols that have one line for a message.
#[must_use]
pub fn failure_line(failure: &Failure) -> String {
    failure_text(failure).trim_end().lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

struct Writer<'a> {
    text: String,
    columns: Option<usize>,
    credentials: Credentials<'a>,
}

impl<'a> Writer<'a> {
    fn task(&mut self, task: &'a TaskReport) {
        match &task.family {
            Some(family) => self.line("", &format!("{family} ({})", task.source)),
            None => self.line("", task.source.as_str()),
        }
        let names = task.containers.iter().map(|container| container.name.len());
        let width = names.max().unwrap_or_default().clamp("CONTAINER".len(), 24);
        self.line("  ", &format!("{:width$}  {:10}  {:>8}  {:5}  IMAGE", "CONTAINER", "RESULT", "TIME", "LOGIN"));
        for container in &task.containers {
            self.container(container, width);
        }
    }

    fn container(&mut self, container: &'a ContainerReport, width: usize) {
        let ContainerReport { name, image, result, digest, credential, duration_ms, warnings, failure, .. } = container;
        let time = duration_ms.map(seconds).unwrap_or_default();
        let login = credential.as_ref().map(|credential| self.credentials.number(credential)).unwrap_or_default();
        self.line("  ", &format!("{name:width$}  {:10}  {time:>8}  {login:5}  {image}", result_text(*result)));
        if let Some(digest) = digest.as_ref().filter(|digest| !image.as_str().ends_with(digest.as_str())) {
            self.line("    ", digest.as_str());
        }
        self.route(container);
        for warning in warnings {
            self.wrapped("    ", &format!("warning: {warning}"));
        }
        self.history(container);
        if let Some(failure) = failure {
            self.failure("    ", failure);
        }
    }

    /// The route of the image, if it has two.
    fn route(&mut self, ContainerReport { via, upstream_credential, fallback, .. }: &'a ContainerReport) {
        if let Some(via) = via {
            self.line("    ", &format!("via {via}"));
        }
        if let Some(credential) = upstream_credential {
            let number = self.credentials.number(credential);
            self.line("    ", &format!("if that is unavailable, from the upstream registry with login {number}"));
        }
        if let Some(FallbackReport { via, error }) = fallback.as_deref() {
            self.line("    ", &format!("from the upstream registry, because {via} failed:"));
            self.failure("      ", error);
        }
    }

    /// What led to the result.
    fn history(&mut self, container: &ContainerReport) {
        let ContainerReport { result, wanted_platform, waited_ms, retries, verified, instead_of, .. } = container;
        if let Some(platform) = wanted_platform {
            self.line("    ", &format!("platform {platform}"));
        }
        if let Some(waited) = waited_ms.filter(|waited| *waited >= REPORTED_WAIT_MS) {
            self.line("    ", &format!("waited {} for other pulls", seconds(waited)));
        }
        // During an outage, consecutive attempts fail with the same error.
        for equal in retries.chunk_by(|retry, next| retry.error == next.error) {
            let waits: Vec<String> = equal.iter().map(|retry| seconds(retry.wait_ms)).collect();
            let times = if equal.len() == 1 { "once".to_owned() } else { format!("{} times", equal.len()) };
            let Failure { link, class, message, .. } = &equal[0].error;
            let line = format!("retried {times}, after {}: {link} ({class}): {message}", first_three(&waits));
            self.wrapped("    ", &line);
        }
        match (result, instead_of, verified) {
            (ContainerResult::Cached, Some(failure), _) => {
                self.line("    ", "the cached image is used, because the pull failed:");
                self.failure("      ", failure);
            }
            (ContainerResult::Cached, None, Some(true)) => self.line("    ", "cached image; access verified"),
            (ContainerResult::Cached, None, _) => self.line("    ", "cached image; access not verified"),
            _ => {}
        }
    }

    fn failure(&mut self, indent: &str, failure: &Failure) {
        self.wrapped(indent, &format!("{} ({}): {}", failure.link, failure.class, failure.message));
        let indent = format!("{indent}  ");
        for cause in &failure.caused_by {
            self.wrapped(&indent, &format!("cause: {cause}"));
        }
        if let Some(hint) = &failure.hint {
            self.wrapped(&indent, &format!("hint: {hint}"));
        }
    }

    fn line(&mut self, indent: &str, line: &str) {
        self.text += &format!("{indent}{line}\n");
    }

    fn wrapped(&mut self, indent: &str, line: &str) {
        let Some(columns) = self.columns else { return self.line(indent, line) };
        let next = format!("{indent}  ");
        let options = textwrap::Options::new(columns)
            .initial_indent(indent)
            .subsequent_indent(&next)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        self.line("", &textwrap::fill(line, options));
    }
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
