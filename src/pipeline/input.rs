//! Reading a task definition from a file or stdin, with a limit on its size.

use std::io::{self, Read};

use crate::error::Failure;

/// Maximum number of bytes of one input. ECS accepts 64 KiB for a task definition; an array of ten thousand
/// containers has about three million.
pub(super) const LIMIT: u64 = 16 * 1_024 * 1_024;

/// One input and its text, or why it could not be read.
#[derive(Clone, Debug)]
pub struct Input {
    /// The path, or `-` for stdin.
    pub source: String,
    /// The bytes, or the failure to read them.
    pub text: Result<Vec<u8>, Failure>,
}

/// Reads a whole task definition; `None` if it is longer than the limit of 16 MiB.
///
/// # Errors
/// The error of the reader.
pub fn read_definition(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let text = read_at_most(reader, LIMIT + 1)?;
    Ok((u64::try_from(text.len()).is_ok_and(|length| length <= LIMIT)).then_some(text))
}

/// Reads to the end, but no more than `limit` bytes.
///
/// # Errors
/// The error of the reader.
pub fn read_at_most(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
