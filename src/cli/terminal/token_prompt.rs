//! Reads a token from stdin, or at a prompt that does not show it.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::stderr::print_line;
use super::token_read_error::TokenReadError;
use crate::secret_authoring::UpstreamToken;

/// Keys at the prompt, as a terminal sends them.
const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const DELETE: u8 = 0x7f;

/// Reads one line from a terminal; from anything else everything, up to the limit of a token.
pub(in crate::cli) fn read_token(description: &str) -> Result<Vec<u8>, TokenReadError> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return prompt(description);
    }
    // A buffer that grows would leave copies of the token in freed memory.
    let mut bytes = Vec::with_capacity(UpstreamToken::READ_LIMIT);
    stdin.lock().take(UpstreamToken::READ_LIMIT as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Turns off the terminal's echo, and the keys that would end the program before the echo is restored.
/// Restores the previous modes when dropped.
struct NoEchoGuard(Termios);

impl NoEchoGuard {
    fn new() -> rustix::io::Result<Self> {
        let previous = tcgetattr(io::stdin())?;
        let mut silent = previous.clone();
        // Byte by byte: in line mode, a terminal accepts at most 4,096 bytes.
        silent.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(previous))
    }
}

impl Drop for NoEchoGuard {
    fn drop(&mut self) {
        // This fails only if the terminal is closed, and then there is no echo to restore.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
        print_line("");
    }
}

fn prompt(description: &str) -> Result<Vec<u8>, TokenReadError> {
    let mut stderr = io::stderr();
    let no_echo = NoEchoGuard::new()?;
    let _ = write!(stderr, "{description} (not shown): ").and_then(|()| stderr.flush());
    let line = read_line(|byte| rustix::io::read(io::stdin(), byte));
    drop(no_echo);
    line
}

/// Reads one line. Handles the editing keys, because the terminal is not in line mode.
fn read_line(mut read: impl FnMut(&mut [u8]) -> rustix::io::Result<usize>) -> Result<Vec<u8>, TokenReadError> {
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
            b'\r' | b'\n' | CTRL_D => break,
            CTRL_C => return Err(TokenReadError::Interrupted),
            BACKSPACE | DELETE => drop(bytes.pop()),
            CTRL_U => bytes.clear(),
            byte => bytes.push(byte),
        }
    }
    Ok(std::mem::take(&mut *bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TokenReadError, UpstreamToken, read_line};

    fn typed(keys: &[u8]) -> Result<Vec<u8>, TokenReadError> {
        let mut keys = keys.iter();
        read_line(|byte| {
            Ok(keys.next().map_or(0, |key| {
                byte[0] = *key;
                1
            }))
        })
    }

    #[test]
    fn editing_keys_correct_the_line() {
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

    #[test]
    fn interrupted_system_call_is_repeated_and_an_error_is_returned() {
        let mut results = [Err(rustix::io::Errno::INTR), Err(rustix::io::Errno::IO)].into_iter();
        assert!(matches!(read_line(|_| results.next().unwrap()), Err(TokenReadError::Unreadable(_))));
    }

    proptest! {
        #[test]
        fn a_line_has_no_control_key_and_stays_within_the_limit(
            keys in prop::collection::vec(prop_oneof![4 => 0x20..0x7f_u8, 1 => any::<u8>()], 0..200),
            repeat in 1..100_usize,
        ) {
            if let Ok(line) = typed(&keys.repeat(repeat)) {
                prop_assert!(line.len() <= UpstreamToken::READ_LIMIT);
                prop_assert!(!line.iter().any(|byte| b"\r\n\x03\x04\x08\x15\x7f".contains(byte)));
            }
        }

        #[test]
        fn printable_keys_are_returned_unchanged(token in "[ -~]{0,200}") {
            prop_assert_eq!(typed(format!("{token}\n").as_bytes()).unwrap(), token.as_bytes());
        }
    }
}
