//! Standard error: lines for the person and, below them, the progress where it is drawn.
//!
//! What is drawn stays the last thing on the screen: whoever has a line to say takes it off
//! first, and the next drawing puts it back below. The cursor rests on the empty line under
//! it, so that a terminal is left clean wherever the program ends.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is drawn now. One for the process, because it has one standard error.
static DRAWN: Mutex<DrawnLines> = Mutex::new(DrawnLines { lines: Vec::new() });

/// Lines on the screen.
#[derive(Debug, Default)]
struct DrawnLines {
    lines: Vec<Line>,
}

/// A line ready for the terminal, and the columns that it takes there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// With its colours.
    pub text: String,
    /// Without them.
    pub width: usize,
}

/// Columns and rows of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub width: usize,
    pub height: usize,
}

/// One line for the person, beside the data.
pub(super) fn tell(line: &str) {
    // Nothing to be done about a closed terminal.
    let _ = said(format!("{line}\n").as_bytes());
}

/// The size of the terminal, if it is one.
pub(super) fn size() -> Option<Size> {
    let (columns, rows) = terminal_size::terminal_size_of(io::stderr()).filter(|_| io::stderr().is_terminal())?;
    Some(Size { width: columns.0.into(), height: rows.0.into() })
}

/// Draws these lines in place of those that are there, in one write, so that nothing flickers.
pub(super) fn draw(lines: Vec<Line>, width: usize) {
    let mut drawn = drawn();
    if drawn.lines == lines {
        return;
    }
    let text = drawn.replaced_by(&lines, width);
    drawn.lines = lines;
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Takes off what is drawn.
pub(super) fn clear() {
    let _ = said(b"");
}

/// Where the log writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log;

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        said(text).map(|()| text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn said(text: &[u8]) -> io::Result<()> {
    let mut drawn = drawn();
    let mut all = Vec::new();
    if !drawn.lines.is_empty() {
        let width = size().map_or(usize::MAX, |size| size.width);
        all.extend_from_slice(drawn.replaced_by(&[], width).as_bytes());
        drawn.lines.clear();
    }
    all.extend_from_slice(text);
    io::stderr().write_all(&all)
}

fn drawn() -> MutexGuard<'static, DrawnLines> {
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DrawnLines {
    /// What a terminal of this width must be told to have these lines instead.
    fn replaced_by(&self, lines: &[Line], width: usize) -> String {
        let mut text = String::new();
        // A terminal that has become narrower has wrapped the lines that are there.
        let rows: usize = self.lines.iter().map(|line| line.width.div_ceil(width.max(1)).max(1)).sum();
        if lines.is_empty() {
            // Row by row: tmux keeps a screen that is wiped from its first cell on as history.
            text += "\r";
            text += &"\x1b[1A\x1b[2K".repeat(rows);
            return text;
        }
        // Writing to a String cannot fail.
        if rows > 0 {
            let _ = write!(text, "\r\x1b[{rows}A");
        }
        for line in lines {
            let _ = write!(text, "{}\x1b[K\r\n", line.text);
        }
        if rows > 0 {
            text += "\x1b[J";
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{DrawnLines, Line};

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line { text: (*text).to_owned(), width: text.len() }).collect()
    }

    #[test]
    fn lines_are_written_over_those_that_are_there_and_nothing_is_wiped_before() {
        let drawn = DrawnLines { lines: lines(&["one", "two"]) };
        assert_eq!(drawn.replaced_by(&lines(&["three"]), 80), "\r\x1b[2Athree\x1b[K\r\n\x1b[J");
        assert_eq!(DrawnLines::default().replaced_by(&lines(&["one"]), 80), "one\x1b[K\r\n");
    }

    #[test]
    fn rows_that_a_narrower_terminal_has_wrapped_are_counted() {
        let drawn = DrawnLines { lines: lines(&["0123456789", "", "012345"]) };
        assert!(drawn.replaced_by(&lines(&["x"]), 5).starts_with("\r\x1b[5A"), "2 + 1 + 2 rows");
        assert_eq!(drawn.replaced_by(&[], 5), format!("\r{}", "\x1b[1A\x1b[2K".repeat(5)));
    }
}
