//! Splits a stream of bytes into lines.

use bytes::BytesMut;

/// The bytes of a stream that are not returned as a line yet.
#[derive(Debug)]
pub(crate) struct LineBuffer {
    buffer: BytesMut,
    /// Number of bytes at the start of the buffer that contain no line break.
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
            // The limit applies to complete lines too, or the result would depend on how the bytes arrive.
            if line.len() - 1 > self.limit {
                return Err(LineTooLong);
            }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LineBuffer, LineTooLong};

    /// Reads all lines from chunks, as the pull stream does.
    fn read_lines(chunks: &[&[u8]], limit: usize) -> (Vec<Vec<u8>>, Result<(), LineTooLong>) {
        let (mut buffer, mut lines) = (LineBuffer::new(limit), Vec::new());
        for chunk in chunks {
            buffer.push(chunk);
            loop {
                match buffer.next_line() {
                    Ok(Some(line)) => lines.push(line.to_vec()),
                    Ok(None) => break,
                    Err(error) => return (lines, Err(error)),
                }
            }
        }
        lines.extend(buffer.take_rest().map(|rest| rest.to_vec()));
        (lines, Ok(()))
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_the_bytes_arrive(
            bytes in prop::collection::vec(prop_oneof![1 => Just(b'\n'), 2 => Just(b' '), 20 => any::<u8>()], 0..200),
            cuts in prop::collection::vec(0..200_usize, 0..8),
        ) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let chunks: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read_lines(&chunks, 32), read_lines(&[&bytes], 32));
        }

        #[test]
        fn only_lines_up_to_the_limit_are_returned(lines in prop::collection::vec("[a-z]{1,40}", 0..8)) {
            let (found, result) = read_lines(&[lines.join("\n").as_bytes()], 32);
            let within: Vec<_> = lines.iter().take_while(|line| line.len() <= 32).collect();
            let found: Vec<_> = found.iter().map(|line| line.trim_ascii()).collect();
            prop_assert_eq!(found, within.iter().map(|line| line.as_bytes()).collect::<Vec<_>>());
            prop_assert_eq!(result.is_ok(), within.len() == lines.len());
        }
    }
}
