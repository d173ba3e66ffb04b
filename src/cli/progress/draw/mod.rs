//! What stands on the screen: a pure function of where the pulls stand, the time, and the
//! terminal's size. No line is as wide as the terminal, and there are fewer than it has rows.

use std::time::Instant;

use textwrap::core::display_width;

use super::labels::{ending, why};
use super::model::{ProgressModel, Row};
use super::rate::{amount, clock, of};
use crate::cli::stderr::{Line, Size};
use crate::pipeline::{FailedAttempt, PullState};

/// A name is not cut below this for the sake of numbers.
const NAME_AT_LEAST: usize = 16;
/// With a bar beside it, a name has as much as this.
const NAME_BESIDE_BAR: usize = 36;
const NAME_AT_MOST: usize = 72;
/// `pulling 12/34`
const STATE: usize = 13;
/// `100%`
const PERCENT: usize = 4;
/// `999.9/999.9 MB`
const BYTES: usize = 14;
/// `999.9 MB/s`
const RATE: usize = 10;
/// `1:02:03`
const LEFT: usize = 7;
const BAR_AT_LEAST: usize = 10;
const BAR_AT_MOST: usize = 24;
const GAP: usize = 2;

/// The lines that show these pulls.
pub(super) fn lines(board: &ProgressModel, now: Instant, size: Size, colour: bool) -> Vec<Line> {
    // The cursor has the last row, and the last column is left free: some terminals wrap there.
    let (width, rows) = (size.width.saturating_sub(1), size.height.saturating_sub(1));
    let pen = || Pen { line: Line::default(), width, colour };
    if rows == 0 {
        return Vec::new();
    }
    if board.rows.len() == 1 {
        let layout = Layout::new(board.longest, width);
        return vec![row(pen(), &layout, &board.rows[0], now)];
    }
    let view = View::new(board, rows - 1);
    let layout = Layout::new(board.longest, width);
    let mut lines: Vec<_> = view.rows.iter().map(|at| row(pen(), &layout, &board.rows[*at], now)).collect();
    lines.extend(view.rest(board).map(|rest| pen().put(Style::Faint, &rest).line));
    lines.push(total(pen(), board, now));
    lines
}

/// Which rows are shown.
struct View {
    rows: Vec<usize>,
    /// Whether there are others, and a line to say so.
    has_rest: bool,
}

impl View {
    /// All rows where they fit; else the newest ended above those under way.
    fn new(board: &ProgressModel, room: usize) -> Self {
        if board.rows.len() <= room {
            return Self { rows: (0..board.rows.len()).collect(), has_rest: false };
        }
        let (room, has_rest) = (room.saturating_sub(1), room > 0);
        let is_under_way = |row: &Row| !row.waits() && !row.has_ended();
        let under_way = board.rows.iter().enumerate().filter(|(_, row)| is_under_way(row)).map(|(at, _)| at);
        let mut under_way: Vec<usize> = under_way.take(room).collect();
        let newest = board.ended.len().saturating_sub(room - under_way.len());
        let mut rows = board.ended[newest..].to_vec();
        rows.append(&mut under_way);
        Self { rows, has_rest }
    }

    /// What is said of those that are not shown. The line is there for as long as it may be
    /// needed: one that came and went would move all others.
    fn rest(&self, board: &ProgressModel) -> Option<String> {
        if !self.has_rest {
            return None;
        }
        let (mut waiting, mut ended, mut under_way) = (0, 0, 0);
        for row in &board.rows {
            *match row {
                row if row.waits() => &mut waiting,
                row if row.has_ended() => &mut ended,
                _ => &mut under_way,
            } += 1;
        }
        for at in &self.rows {
            *if board.rows[*at].has_ended() { &mut ended } else { &mut under_way } -= 1;
        }
        let said = [(waiting, "wait"), (under_way, "are under way"), (ended, "have ended")];
        let said = said.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        let said: Vec<String> = said.collect();
        Some(if said.is_empty() { String::new() } else { format!("… and {}", said.join(", ")) })
    }
}

/// Columns of each part; none where there is no room for it.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    name: usize,
    bar: usize,
    percent: usize,
    bytes: usize,
    left: usize,
    rate: usize,
}

impl Layout {
    fn new(longest: usize, width: usize) -> Self {
        let wanted = longest.min(NAME_AT_MOST);
        let mut room = width.saturating_sub(wanted.min(NAME_AT_LEAST) + GAP + STATE);
        let mut fits = |columns: usize| {
            if room < columns + GAP {
                return 0;
            }
            room -= columns + GAP;
            columns
        };
        let (percent, bytes, left, rate) = (fits(PERCENT), fits(BYTES), fits(LEFT), fits(RATE));
        // A name says more than a bar.
        let missing = wanted.min(NAME_BESIDE_BAR).saturating_sub(NAME_AT_LEAST);
        let bar = room.saturating_sub(missing + 1).min(BAR_AT_MOST);
        let bar = if rate > 0 && bar >= BAR_AT_LEAST { bar } else { 0 };
        let name = NAME_AT_LEAST + room - if bar > 0 { bar + 1 } else { 0 };
        Self { name: wanted.min(name).min(width), bar, percent, bytes, left, rate }
    }
}

fn row(pen: Pen, layout: &Layout, row: &Row, now: Instant) -> Line {
    let pen = pen.put(Style::Plain, &cut_start(&row.image, layout.name)).to(layout.name + GAP);
    let pen = match &row.state {
        PullState::Authorizing => pen.put(Style::Faint, "credentials"),
        // A warning is told and never put on the board.
        PullState::Waiting | PullState::Warned(_) => pen.put(Style::Faint, "waits"),
        PullState::Verifying => pen.put(Style::Plain, "asks the registry"),
        PullState::Pulling(layers) if layers.total == 0 => pen.put(Style::Plain, "pulling"),
        PullState::Pulling(_) => return pulling(pen, layout, row, now).line,
        PullState::Retrying(FailedAttempt { wait, failure, .. }) => {
            let rest = wait.saturating_sub(now.saturating_duration_since(row.since));
            // Rounded up: nobody waits for 0 s.
            let seconds = rest.as_millis().div_ceil(1_000);
            pen.put(Style::Warning, &format!("retry in {seconds} s: {}", why(failure)))
        }
        PullState::AskingUpstream(failure) => pen.put(Style::Warning, &format!("asks the upstream: {}", why(failure))),
        PullState::FallingBack(failure) => pen.put(Style::Warning, &format!("falls back: {}", why(failure))),
        PullState::Done(pulled) => {
            let pen = pen.put(Style::Good, ending(pulled));
            match row.begun {
                Some(begun) if row.layers.bytes_total > 0 => {
                    let (bytes, time) = (amount(row.layers.bytes_total), row.since.duration_since(begun));
                    pen.to(layout.name + GAP + STATE + GAP)
                        .put(Style::Faint, &format!("{bytes} in {:.1} s", time.as_secs_f64()))
                }
                _ => pen,
            }
        }
        PullState::Failed(failure) if failure.was_stopped() => pen.put(Style::Warning, "cancelled"),
        PullState::Failed(failure) => pen.put(Style::Bad, "failed").put(Style::Plain, &format!(": {}", why(failure))),
    };
    pen.line
}

fn pulling(pen: Pen, layout: &Layout, row: &Row, now: Instant) -> Pen {
    let layers = &row.layers;
    let mut at = layout.name + GAP + STATE + GAP;
    let mut pen = pen.put(Style::Plain, &format!("pulling {}/{}", layers.done, layers.total)).to(at);
    if layers.bytes_total == 0 {
        return pen;
    }
    if layout.bar > 0 {
        let full = share(layers.bytes, layers.bytes_total, layout.bar);
        pen = pen.put(Style::Busy, &"█".repeat(full)).put(Style::Faint, &"░".repeat(layout.bar - full));
        at += layout.bar + 1;
        pen = pen.to(at);
    }
    let (rate, left) = (row.per_second(now), row.left(now));
    let columns = [
        (layout.percent, Some(format!("{}%", share(layers.bytes, layers.bytes_total, 100)))),
        (layout.bytes, Some(of(layers.bytes, layers.bytes_total))),
        (layout.rate, rate.map(|rate| format!("{}/s", amount(rate)))),
        (layout.left, left.map(clock)),
    ];
    for (columns, text) in columns.into_iter().filter(|(columns, _)| *columns > 0) {
        let text = text.unwrap_or_default();
        pen = pen.put(Style::Plain, &format!("{text:>columns$}"));
        at += columns + GAP;
        pen = pen.to(at);
    }
    pen
}

/// How much of `whole` that is; never more, whatever the engine says.
fn share(bytes: u64, total: u64, whole: usize) -> usize {
    let part = u128::from(bytes.min(total)) * whole as u128 / u128::from(total.max(1));
    usize::try_from(part).unwrap_or(whole)
}

fn total(pen: Pen, board: &ProgressModel, now: Instant) -> Line {
    let sum = board.sum(now);
    let mut pen = pen.put(Style::Strong, &format!("{} of {} images", sum.there, sum.images));
    if sum.failed > 0 {
        pen = pen.put(Style::Plain, ", ").put(Style::Bad, &format!("{} failed", sum.failed));
    }
    let rate = sum.per_second.filter(|_| sum.left.is_some()).map(|rate| format!("{}/s", amount(rate)));
    let bytes = Some(of(sum.bytes, sum.bytes_total)).filter(|_| sum.bytes_total > 0);
    for part in [bytes, rate, sum.left.map(|left| format!("about {} left", clock(left)))].into_iter().flatten() {
        pen = pen.put(Style::Plain, "  ").put(Style::Plain, &part);
    }
    pen.line
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Strong,
    Faint,
    Busy,
    Good,
    Warning,
    Bad,
}

impl Style {
    /// What goes before the text, of the terminal's own sixteen colours.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\x1b[1m",
            Self::Faint => "\x1b[2m",
            Self::Busy => "\x1b[36m",
            Self::Good => "\x1b[32m",
            Self::Warning => "\x1b[33m",
            Self::Bad => "\x1b[31m",
        }
    }
}

/// Writes a line that ends where the room does.
struct Pen {
    line: Line,
    width: usize,
    colour: bool,
}

impl Pen {
    fn put(mut self, style: Style, text: &str) -> Self {
        let text = cut_end(text, self.width - self.line.width);
        self.line.width += display_width(&text);
        let code = if self.colour { style.code() } else { "" };
        self.line.text += code;
        self.line.text += &text;
        self.line.text += if code.is_empty() { "" } else { "\x1b[0m" };
        self
    }

    /// Blanks up to this column.
    fn to(self, column: usize) -> Self {
        let blanks = column.min(self.width).saturating_sub(self.line.width);
        self.put(Style::Plain, &" ".repeat(blanks))
    }
}

/// The text within so many columns; what is missing is missing at its end.
fn cut_end(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    within(text.chars(), columns.saturating_sub(1)).chain((columns > 0).then_some('…')).collect()
}

/// The same, missing at its beginning: the end of a long name says more.
fn cut_start(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let kept: Vec<char> = within(text.chars().rev(), columns.saturating_sub(1)).collect();
    (columns > 0).then_some('…').into_iter().chain(kept.into_iter().rev()).collect()
}

fn within(characters: impl Iterator<Item = char>, columns: usize) -> impl Iterator<Item = char> {
    let mut used = 0;
    characters.take_while(move |character| {
        used += display_width(character.encode_utf8(&mut [0; 4]));
        used <= columns
    })
}

#[cfg(test)]
mod tests;
