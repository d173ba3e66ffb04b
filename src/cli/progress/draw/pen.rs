//! Writes one line and cuts it at the terminal's width.

use textwrap::core::display_width;

use crate::cli::terminal::stderr::Line;

/// The appearance of a text, in one of the terminal's sixteen colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Strong,
    Faint,
    Busy,
    Good,
    Warning,
    Bad,
}

impl Style {
    /// The control sequence before the text.
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

/// Writes one line of limited width.
pub(super) struct Pen {
    line: Line,
    width: usize,
    has_color: bool,
}

impl Pen {
    pub(super) fn new(width: usize, has_color: bool) -> Self {
        Self { line: Line::default(), width, has_color }
    }

    /// Appends the text, as far as it fits.
    pub(super) fn write(mut self, style: Style, text: &str) -> Self {
        let text = cut_end(text, self.width - self.line.width);
        self.line.width += display_width(&text);
        let code = if self.has_color { style.code() } else { "" };
        self.line.text += code;
        self.line.text += &text;
        self.line.text += if code.is_empty() { "" } else { "\x1b[0m" };
        self
    }

    /// Appends blanks up to a column.
    pub(super) fn move_to(self, column: usize) -> Self {
        let blanks = column.min(self.width).saturating_sub(self.line.width);
        self.write(Style::Plain, &" ".repeat(blanks))
    }

    pub(super) fn line(self) -> Line {
        self.line
    }
}

/// Cuts the end of a text that is wider than `columns`.
pub(super) fn cut_end(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    take_columns(text.chars(), columns.saturating_sub(1)).chain((columns > 0).then_some('…')).collect()
}

/// Cuts the beginning of a text that is wider than `columns`: the end of an image name tells more.
pub(super) fn cut_start(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let end: Vec<char> = take_columns(text.chars().rev(), columns.saturating_sub(1)).collect();
    (columns > 0).then_some('…').into_iter().chain(end.into_iter().rev()).collect()
}

fn take_columns(characters: impl Iterator<Item = char>, columns: usize) -> impl Iterator<Item = char> {
    let mut used = 0;
    characters.take_while(move |character| {
        used += display_width(character.encode_utf8(&mut [0; 4]));
        used <= columns
    })
}
