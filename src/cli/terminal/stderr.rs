//! Standard error: messages and, below them, the progress lines where they are drawn.
//!
//! Invariant: the progress is the last text on the screen. A message removes it first, and the next
//! drawing puts it back below. The cursor is on the empty line under the progress, so the terminal is
//! left clean wherever the program ends. Nothing else may write to stderr while progress is drawn.

use std::io::{self, IsTerminal as _, Write};

use crate::error::Failure;
use crate::report::text::failure_text;
use crate::sync::Mutex;

/// The progress on the screen. It is a static because a process has one standard error.
static DRAWN: Mutex<DrawnLines> = Mutex::new(DrawnLines { lines: Vec::new() });

/// Lines that are on the screen.
#[derive(Debug, Default)]
struct DrawnLines {
    lines: Vec<Line>,
}

/// A line ready for the terminal, with the columns that it takes there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Line {
    /// The text, with control sequences for colors.
    pub text: String,
    /// The columns of the text, without the control sequences.
    pub width: usize,
}

/// The size of a terminal in columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct TerminalSize {
    pub width: usize,
    pub height: usize,
}

/// Prints one line for the user.
pub(in crate::cli) fn print_line(line: &str) {
    // If stderr is closed, there is no place to report that.
    let _ = write_above_progress(format!("{line}\n").as_bytes());
}

/// Prints a failure with its causes and its hint.
pub(in crate::cli) fn print_failure(failure: &Failure) {
    print_line(failure_text(failure).trim_end());
}

/// The size of the terminal, if stderr is one.
pub(in crate::cli) fn size() -> Option<TerminalSize> {
    let (columns, rows) = terminal_size::terminal_size_of(io::stderr()).filter(|_| io::stderr().is_terminal())?;
    Some(TerminalSize { width: columns.0.into(), height: rows.0.into() })
}

/// Replaces the progress lines, in one write, so that the screen does not flicker.
pub(in crate::cli) fn draw(lines: Vec<Line>, width: usize) {
    let mut drawn = DRAWN.lock();
    if drawn.lines == lines {
        return;
    }
    let text = drawn.replacement(&lines, width);
    drawn.lines = lines;
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Removes the progress lines.
pub(in crate::cli) fn clear() {
    let _ = write_above_progress(b"");
}

/// The writer of the log.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        write_above_progress(text).map(|()| text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_above_progress(text: &[u8]) -> io::Result<()> {
    let mut drawn = DRAWN.lock();
    let mut output = Vec::new();
    if !drawn.lines.is_empty() {
        let width = size().map_or(usize::MAX, |size| size.width);
        output.extend_from_slice(drawn.replacement(&[], width).as_bytes());
        drawn.lines.clear();
    }
    output.extend_from_slice(text);
    io::stderr().write_all(&output)
}

impl DrawnLines {
    /// The control sequences and text that replace these lines on a terminal of this width.
    fn replacement(&self, lines: &[Line], width: usize) -> String {
        // A terminal that has become narrower has wrapped the lines on the screen.
        let rows: usize = self.lines.iter().map(|line| line.width.div_ceil(width.max(1)).max(1)).sum();
        if lines.is_empty() {
            // Row by row: tmux moves a screen that is erased from its first cell on into the history.
            return format!("\r{}", "\x1b[1A\x1b[2K".repeat(rows));
        }
        let mut text = if rows > 0 { format!("\r\x1b[{rows}A") } else { String::new() };
        for line in lines {
            text += &line.text;
            text += "\x1b[K\r\n";
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
    fn lines_are_overwritten_without_erasing_the_screen_first() {
        let drawn = DrawnLines { lines: lines(&["one", "two"]) };
        assert_eq!(drawn.replacement(&lines(&["three"]), 80), "\r\x1b[2Athree\x1b[K\r\n\x1b[J");
        assert_eq!(DrawnLines::default().replacement(&lines(&["one"]), 80), "one\x1b[K\r\n");
    }

    #[test]
    fn rows_that_a_narrower_terminal_has_wrapped_are_counted() {
        let drawn = DrawnLines { lines: lines(&["0123456789", "", "012345"]) };
        assert!(drawn.replacement(&lines(&["x"]), 5).starts_with("\r\x1b[5A"), "2 + 1 + 2 rows");
        assert_eq!(drawn.replacement(&[], 5), format!("\r{}", "\x1b[1A\x1b[2K".repeat(5)));
    }
}
