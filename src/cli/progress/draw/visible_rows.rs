//! Which pulls have a line if the screen is too small for all of them.

use crate::cli::progress::progress_model::{ProgressModel, Row};

/// The pulls that have a line.
pub(super) struct VisibleRows {
    /// The indices of the pulls, from top to bottom.
    pub rows: Vec<usize>,
    /// Whether there is a line about the hidden pulls.
    has_hidden: bool,
}

impl VisibleRows {
    /// All pulls if they fit; otherwise those that have ended last, above those that are active.
    pub(super) fn new(model: &ProgressModel, max_lines: usize) -> Self {
        if model.rows.len() <= max_lines {
            return Self { rows: (0..model.rows.len()).collect(), has_hidden: false };
        }
        let (max_rows, has_hidden) = (max_lines.saturating_sub(1), max_lines > 0);
        let is_active = |row: &Row| !row.is_waiting() && !row.has_ended();
        let active = model.rows.iter().enumerate().filter(|(_, row)| is_active(row)).map(|(index, _)| index);
        let mut active: Vec<usize> = active.take(max_rows).collect();
        let first_ended = model.ended.len().saturating_sub(max_rows - active.len());
        let mut rows = model.ended[first_ended..].to_vec();
        rows.append(&mut active);
        Self { rows, has_hidden }
    }

    /// Counts the hidden pulls. The line stays, even empty, once there are hidden pulls: if it appeared
    /// and disappeared, all other lines would move.
    pub(super) fn describe_hidden(&self, model: &ProgressModel) -> Option<String> {
        if !self.has_hidden {
            return None;
        }
        let (mut waiting, mut active, mut ended) = (0, 0, 0);
        for row in &model.rows {
            *match row {
                row if row.is_waiting() => &mut waiting,
                row if row.has_ended() => &mut ended,
                _ => &mut active,
            } += 1;
        }
        for index in &self.rows {
            *if model.rows[*index].has_ended() { &mut ended } else { &mut active } -= 1;
        }
        let counts = [(waiting, "waiting"), (active, "active"), (ended, "done")];
        let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {state}"));
        let counts: Vec<String> = counts.collect();
        Some(if counts.is_empty() { String::new() } else { format!("… and {}", counts.join(", ")) })
    }
}
