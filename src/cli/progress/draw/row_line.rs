//! The line of one pull.

use std::time::{Duration, Instant};

use super::layout::{GAP, Layout, STATE};
use super::pen::{Pen, Style, cut_start};
use crate::cli::progress::labels::{cause, result};
use crate::cli::progress::progress_model::Row;
use crate::cli::progress::units::{bytes, clock, part_of_bytes};
use crate::cli::terminal::stderr::Line;
use crate::pull::{Extraction, FailedAttempt, LayerTotals, PullState};

/// The line of one pull.
pub(super) fn row_line(pen: Pen, layout: &Layout, row: &Row, now: Instant) -> Line {
    let pen = pen.write(Style::Plain, &cut_start(&row.image, layout.name)).move_to(layout.name + GAP);
    let pen = match &row.state {
        PullState::Authorizing => pen.write(Style::Faint, "credentials"),
        // The display prints a warning as a message; it never becomes the state of a row.
        PullState::Waiting | PullState::Warned(_) => pen.write(Style::Faint, "waiting"),
        PullState::Verifying => pen.write(Style::Plain, "verifying"),
        PullState::Pulling(layers) if layers.total == 0 => pen.write(Style::Plain, "pulling"),
        PullState::Pulling(LayerTotals { extraction: Some(extraction), .. }) => {
            write_extraction(pen, layout, row, *extraction)
        }
        PullState::Pulling(_) => write_progress(pen, layout, row, now),
        PullState::Retrying(FailedAttempt { wait, failure, .. }) => {
            let rest = wait.saturating_sub(now.saturating_duration_since(row.since));
            // Rounded up, so that the last second does not read 0 s.
            let seconds = rest.as_millis().div_ceil(1_000);
            pen.write(Style::Warning, &format!("retry in {seconds} s: {}", cause(failure)))
        }
        PullState::AskingUpstream(failure) => {
            pen.write(Style::Warning, &format!("trying upstream: {}", cause(failure)))
        }
        PullState::FallingBack(failure) => {
            pen.write(Style::Warning, &format!("using cached image: {}", cause(failure)))
        }
        PullState::Done(image) => write_result(pen.write(Style::Good, result(image)), layout, row),
        PullState::Failed(failure) if failure.was_stopped() => pen.write(Style::Warning, "cancelled"),
        PullState::Failed(failure) => {
            pen.write(Style::Bad, "failed").write(Style::Plain, &format!(": {}", cause(failure)))
        }
    };
    pen.line()
}

/// Writes how much was transferred in which time, if anything was.
fn write_result(pen: Pen, layout: &Layout, row: &Row) -> Pen {
    let Some(started) = row.started.filter(|_| row.layers.bytes_total > 0) else { return pen };
    let (amount, duration) = (bytes(row.layers.bytes_total), row.since.duration_since(started));
    pen.move_to(layout.name + GAP + STATE + GAP)
        .write(Style::Faint, &format!("{amount} in {:.1} s", duration.as_secs_f64()))
}

/// Writes layers, bar and numbers of a running download.
fn write_progress(pen: Pen, layout: &Layout, row: &Row, now: Instant) -> Pen {
    let layers = &row.layers;
    let pen = pen.write(Style::Plain, &format!("pulling {}/{}", layers.done, layers.total));
    let columns = Columns {
        bytes: layers.bytes,
        amount: part_of_bytes(layers.bytes, layers.bytes_total),
        rate: row.bytes_per_second(now).map(|rate| format!("{}/s", bytes(rate))).unwrap_or_default(),
        time_left: row.time_left(now).map(clock).unwrap_or_default(),
    };
    write_columns(pen, layout, layers.bytes_total, columns)
}

/// Writes bar and numbers while the engine unpacks the layers. Its rate is unknown, so there is none;
/// an engine that reports only a time shows that it goes on.
fn write_extraction(pen: Pen, layout: &Layout, row: &Row, Extraction { bytes, seconds }: Extraction) -> Pen {
    let layers = &row.layers;
    let amount = match seconds {
        None => part_of_bytes(bytes, layers.bytes_total),
        Some(_) => format!("{}/{} layers", layers.done, layers.total),
    };
    let time = seconds.map(|seconds| format!("for {}", clock(Duration::from_secs(seconds)))).unwrap_or_default();
    let columns = Columns { bytes, amount, rate: time, time_left: String::new() };
    write_columns(pen.write(Style::Plain, "extracting"), layout, layers.bytes_total, columns)
}

/// The numbers of a row.
struct Columns {
    /// The bytes that are done, for the bar and the percentage.
    bytes: u64,
    amount: String,
    rate: String,
    time_left: String,
}

fn write_columns(pen: Pen, layout: &Layout, bytes_total: u64, columns: Columns) -> Pen {
    let mut column = layout.name + GAP + STATE + GAP;
    let mut pen = pen.move_to(column);
    if bytes_total == 0 {
        return pen;
    }
    let Columns { bytes, amount, rate, time_left } = columns;
    if layout.bar > 0 {
        let full = scale(bytes, bytes_total, layout.bar);
        pen = pen.write(Style::Busy, &"█".repeat(full)).write(Style::Faint, &"░".repeat(layout.bar - full));
        column += layout.bar + 1;
        pen = pen.move_to(column);
    }
    let percent = format!("{}%", scale(bytes, bytes_total, 100));
    let columns =
        [(layout.percent, percent), (layout.bytes, amount), (layout.rate, rate), (layout.time_left, time_left)];
    for (width, text) in columns.into_iter().filter(|(width, _)| *width > 0) {
        pen = pen.write(Style::Plain, &format!("{text:>width$}"));
        column += width + GAP;
        pen = pen.move_to(column);
    }
    pen
}

/// Scales the share of bytes to `maximum`. The result is within it, even if the engine reports more bytes
/// than the total.
fn scale(bytes: u64, total: u64, maximum: usize) -> usize {
    let scaled = u128::from(bytes.min(total)) * maximum as u128 / u128::from(total.max(1));
    usize::try_from(scaled).unwrap_or(maximum)
}
