//! The failures of a report as text: one block for each cause, with the message, the containers, the
//! causes and the hint once each.

use super::failure_group::{FailureGroup, FailureMember};
use super::run_report::Report;
use super::text_writer::TextWriter;
use crate::error::Failure;

/// The most containers that a block names. Each of them has a row in the table of its task.
const MAX_NAMES: usize = 20;

/// Writes the blocks of a report, with an empty line after each.
pub(super) fn write(writer: &mut TextWriter, report: &Report) {
    let is_one_source = report.tasks.len() == 1;
    for group in FailureGroup::all(report) {
        write_group(writer, &group, is_one_source);
        writer.line("", "");
    }
}

fn write_group(writer: &mut TextWriter, group: &FailureGroup<'_>, is_one_source: bool) {
    let FailureMember { failure: Failure { link, class, .. }, .. } = group.first();
    writer.wrapped("", &format!("{}: {link} {class}: {}", count(group), message(group)));
    let names: Vec<_> = group.members.iter().take(MAX_NAMES).map(|member| name(member, is_one_source)).collect();
    let rest = group.members.len() - names.len();
    let rest = if rest > 0 { format!(" and {rest} more, as in the table") } else { String::new() };
    writer.wrapped("  ", &format!("{}{rest}", names.join(", ")));
    write_attempts(writer, group);
    let Failure { caused_by, hint, .. } = group.first().failure;
    for (index, cause) in caused_by.iter().enumerate() {
        let example = example(group, |failure| failure.caused_by.get(index));
        writer.wrapped("  ", &format!("cause{example}: {cause}"));
    }
    if let Some(hint) = hint {
        let example = example(group, |failure| failure.hint.as_ref());
        writer.wrapped("  ", &format!("hint{example}: {hint}"));
    }
}

fn count(FailureGroup { members, is_about_inputs }: &FailureGroup<'_>) -> String {
    match (members.len(), is_about_inputs) {
        (1, true) => "1 input".to_owned(),
        (count, true) => format!("{count} inputs"),
        (1, false) => "1 container".to_owned(),
        (count, false) => format!("{count} containers"),
    }
}

/// The message of all; without the image's or container's name at its beginning if the names differ.
fn message(group: &FailureGroup<'_>) -> String {
    let FailureMember { container, failure, .. } = group.first();
    let message = failure.message.as_str();
    if group.have_equal(|failure| &failure.message) {
        return message.to_owned();
    }
    let of_image = format!("image {}: ", failure.resource);
    let of_container = format!("container {}: ", container.unwrap_or_default());
    let general = message.strip_prefix(&of_image).or_else(|| message.strip_prefix(&of_container));
    general.unwrap_or(message).to_owned()
}

/// Names the container whose text is shown, if the texts of the others name other images.
fn example<'a, T: PartialEq>(group: &FailureGroup<'a>, text: impl Fn(&'a Failure) -> T) -> String {
    let FailureMember { container, source, .. } = group.first();
    if group.have_equal(text) { String::new() } else { format!(" (for {})", container.unwrap_or(source)) }
}

/// `app`, or `task.json: app` if there are several definitions.
fn name(FailureMember { source, container, .. }: &FailureMember<'_>, is_one_source: bool) -> String {
    match container {
        None => (*source).to_owned(),
        Some(name) if is_one_source => (*name).to_owned(),
        Some(name) => format!("{source}: {name}"),
    }
}

fn write_attempts(writer: &mut TextWriter, group: &FailureGroup<'_>) {
    let attempts = || group.members.iter().filter_map(|member| member.attempts);
    let line = match (attempts().min(), attempts().max()) {
        (Some(min), Some(max)) if min < max => format!("tried {min} to {max} times"),
        (Some(2..), Some(times)) => format!("tried {times} times"),
        _ => return,
    };
    writer.line("  ", &line);
}
