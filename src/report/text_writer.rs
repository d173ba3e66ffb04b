//! Lines of text, with sentences wrapped at the width of the terminal.

use crate::error::Failure;

/// A text that grows line by line.
pub(super) struct TextWriter {
    text: String,
    columns: Option<usize>,
}

impl TextWriter {
    /// An empty text. Sentences are wrapped at `columns` if it is given.
    pub(super) fn new(columns: Option<usize>) -> Self {
        Self { text: String::new(), columns }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Adds a line as it is.
    pub(super) fn line(&mut self, indent: &str, line: &str) {
        self.text += &format!("{indent}{line}\n");
    }

    /// Adds a sentence. Names in it are never cut.
    pub(super) fn wrapped(&mut self, indent: &str, line: &str) {
        let Some(columns) = self.columns else { return self.line(indent, line) };
        let next = format!("{indent}  ");
        let options = textwrap::Options::new(columns)
            .initial_indent(indent)
            .subsequent_indent(&next)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        self.line("", &textwrap::fill(line, options));
    }

    /// Adds a failure with its causes and its hint.
    pub(super) fn failure(&mut self, indent: &str, failure: &Failure) {
        self.wrapped(indent, &format!("{} ({}): {}", failure.link, failure.class, failure.message));
        let indent = format!("{indent}  ");
        for cause in &failure.caused_by {
            self.wrapped(&indent, &format!("cause: {cause}"));
        }
        if let Some(hint) = &failure.hint {
            self.wrapped(&indent, &format!("hint: {hint}"));
        }
    }
}
