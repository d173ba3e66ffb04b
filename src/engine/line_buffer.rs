//! Splits a stream of bytes into lines.

use bytes::BytesMut;

/// The bytes of a stream that are not returned as a line yet.
#[derive(Debug)]
pub(crate) struct LineBuffer {
    buffer: BytesMut,
    /// So many bytes at the start of the buffer contain no line break.
    searched: usize,
    limit: usize,
}

/// A line exceeds the limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LineTooLong;

impl LineBuffer {
    /// Creates a buffer for lines of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, limit }
    }

    /// Appends the next bytes of the stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next complete line that is not blank, or `None` if more bytes are needed.
    pub(crate) fn next_line(&mut self) -> Result<Option<BytesMut>, LineTooLong> {
        while let Some(end) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
            let line = self.buffer.split_to(self.searched + end + 1);
            self.searched = 0;
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
        self.searched = self.buffer.len();
        if self.buffer.len() > self.limit { Err(LineTooLong) } else { Ok(None) }
    }

    /// Returns what follows the last line break at the end of the stream, unless it is blank.
    pub(crate) fn take_rest(&mut self) -> Option<BytesMut> {
        self.searched = 0;
        Some(self.buffer.split()).filter(|rest| !rest.trim_ascii().is_empty())
    }
}
