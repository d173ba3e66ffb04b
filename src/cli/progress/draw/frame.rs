//! All lines of the screen.

use std::time::Instant;

use super::layout::Layout;
use super::pen::{Pen, Style};
use super::row_line::row_line;
use super::visible_rows::VisibleRows;
use crate::cli::progress::progress_model::ProgressModel;
use crate::cli::progress::units::{bytes, clock, part_of_bytes};
use crate::cli::terminal::stderr::{Line, TerminalSize};

/// The lines that show these pulls.
pub(in crate::cli::progress) fn lines(
    model: &ProgressModel,
    now: Instant,
    size: TerminalSize,
    has_color: bool,
) -> Vec<Line> {
    // The cursor needs the last row. The last column stays free, because some terminals wrap there.
    let (width, rows) = (size.width.saturating_sub(1), size.height.saturating_sub(1));
    let pen = || Pen::new(width, has_color);
    if rows == 0 {
        return Vec::new();
    }
    let layout = Layout::new(model.longest_name, width);
    if let [row] = &*model.rows {
        return vec![row_line(pen(), &layout, row, now)];
    }
    let visible = VisibleRows::new(model, rows - 1);
    let mut lines: Vec<_> =
        visible.rows.iter().map(|index| row_line(pen(), &layout, &model.rows[*index], now)).collect();
    lines.extend(visible.describe_hidden(model).map(|text| pen().write(Style::Faint, &text).line()));
    lines.push(summary_line(pen(), model, now));
    lines
}

fn summary_line(pen: Pen, model: &ProgressModel, now: Instant) -> Line {
    let summary = model.summary(now);
    let mut pen = pen.write(Style::Strong, &format!("{} of {} images", summary.done, summary.images));
    if summary.failed > 0 {
        pen = pen.write(Style::Plain, ", ").write(Style::Bad, &format!("{} failed", summary.failed));
    }
    if summary.extracting > 0 {
        pen = pen.write(Style::Plain, &format!(", {} extracting", summary.extracting));
    }
    let amount = (summary.bytes_total > 0).then(|| part_of_bytes(summary.bytes, summary.bytes_total));
    let rate = summary.bytes_per_second.filter(|_| summary.time_left.is_some());
    let rate = rate.map(|rate| format!("{}/s", bytes(rate)));
    let time_left = summary.time_left.map(|time| format!("about {} left", clock(time)));
    for text in [amount, rate, time_left].into_iter().flatten() {
        pen = pen.write(Style::Plain, "  ").write(Style::Plain, &text);
    }
    pen.line()
}
