//! A token from stdin, or at a prompt that does not show it.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::tell;
use crate::secret_authoring::UpstreamToken;

/// Why no token was read.
pub(super) enum TokenReadError {
    /// Stdin cannot be read.
    Unreadable(io::Error),
    /// Ctrl-C at the prompt.
    Interrupted,
}

impl From<rustix::io::Errno> for TokenReadError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Unreadable(error.into())
    }
}

/// The bytes of it: of a terminal one line, of anything else all there is, up to the limit.
pub(super) fn read(what: &str) -> Result<Vec<u8>, TokenReadError> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return prompt(what);
    }
    // A buffer that grows leaves its old contents behind.
    let mut bytes = Vec::with_capacity(UpstreamToken::READ_LIMIT);
    stdin.lock().take(UpstreamToken::READ_LIMIT as u64).read_to_end(&mut bytes).map_err(TokenReadError::Unreadable)?;
    Ok(bytes)
}

/// The terminal without echo, and without the keys that would end the program before the echo
/// is back; dropped, it is as it was.
struct NoEchoGuard(Termios);

impl NoEchoGuard {
    fn new() -> rustix::io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        // Byte by byte: by line, a terminal takes no more than 4096 of them.
        silent.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for NoEchoGuard {
    fn drop(&mut self) {
        // A terminal that has gone needs no echo.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
        tell("");
    }
}

fn prompt(what: &str) -> Result<Vec<u8>, TokenReadError> {
    let mut stderr = io::stderr();
    let silent = NoEchoGuard::new()?;
    let _ = write!(stderr, "{what} (not shown): ").and_then(|()| stderr.flush());
    let line = line(|byte| rustix::io::read(io::stdin(), byte));
    drop(silent);
    line
}

/// One line, with the keys that a person corrects it by.
fn line(mut read: impl FnMut(&mut [u8]) -> rustix::io::Result<usize>) -> Result<Vec<u8>, TokenReadError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(UpstreamToken::READ_LIMIT));
    let mut byte = Zeroizing::new([0]);
    while bytes.len() < UpstreamToken::READ_LIMIT {
        match read(&mut byte[..]) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
            Ok(0) => break,
            Ok(_) => {}
        }
        match byte[0] {
            b'\r' | b'\n' | 0x04 => break,
            0x03 => return Err(TokenReadError::Interrupted),
            // Backspace, and the line from its beginning.
            0x08 | 0x7f => drop(bytes.pop()),
            0x15 => bytes.clear(),
            byte => bytes.push(byte),
        }
    }
    Ok(std::mem::take(&mut *bytes))
}

#[cfg(test)]
mod tests {
    use super::{TokenReadError, line};

    fn typed(keys: &[u8]) -> Result<Vec<u8>, TokenReadError> {
        let mut keys = keys.iter();
        line(|byte| {
            Ok(keys.next().map_or(0, |key| {
                byte[0] = *key;
                1
            }))
        })
    }

    #[test]
    fn a_line_is_typed_and_corrected() {
        let table: [(&[u8], &[u8]); 5] = [
            (b"token\nmore", b"token"),
            (b"token\r", b"token"),
            (b"tokem\x7fn\n", b"token"),
            (b"wrong\x15token\x04", b"token"),
            (b"\x7f", b""),
        ];
        for (keys, expected) in table {
            assert_eq!(typed(keys).ok().as_deref(), Some(expected), "{keys:?}");
        }
        assert!(matches!(typed(b"tok\x03"), Err(TokenReadError::Interrupted)));
    }
}
