//! The audit log in the systemd journal, by its native protocol.
//!
//! One datagram is one entry with lines of `NAME=value`. The protocol has another form for values
//! with line ends, and sealed memory files for entries larger than a datagram; neither is needed
//! here. The message is one line of JSON in which every text is bounded, so that an entry stays
//! far below the 200 KiB of a datagram. (`systemd.io/JOURNAL_NATIVE_PROTOCOL`.)

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Path of journald's socket.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// Longest wait for a journald that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// Syslog priorities `LOG_INFO` and `LOG_WARNING`.
const INFO: &str = "6";
const WARNING: &str = "4";

/// A connection to journald.
#[derive(Debug)]
pub(super) struct JournaldSocket {
    path: PathBuf,
    socket: UnixDatagram,
}

impl JournaldSocket {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
        Ok(Self { path: path.to_owned(), socket })
    }

    /// Sends one entry; no value may have a line end. Reconnects if journald has been restarted.
    pub(super) fn write(&mut self, message: &str, is_warning: bool, fields: &[(&str, String)]) -> io::Result<()> {
        let priority = if is_warning { WARNING } else { INFO };
        let mut entry = format!("MESSAGE={message}\nPRIORITY={priority}\nSYSLOG_IDENTIFIER=taskpull\n");
        for (name, value) in fields {
            entry.extend([name, "=", value, "\n"]);
        }
        let is_disconnected =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotConnected);
        match self.socket.send(entry.as_bytes()) {
            Err(error) if is_disconnected(&error) => {
                *self = Self::open(&self.path)?;
                self.socket.send(entry.as_bytes()).map(drop)
            }
            sent => sent.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JournaldSocket;
    use std::os::unix::net::UnixDatagram;

    fn receive(journald: &UnixDatagram) -> String {
        let mut buffer = vec![0; 256 * 1_024];
        let length = journald.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn an_entry_has_message_priority_and_search_fields() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        let mut socket = JournaldSocket::open(&path).unwrap();
        socket.write("{}", false, &[("TASKPULL_EVENT", "pull".to_owned())]).unwrap();
        socket.write("{}", true, &[]).unwrap();
        assert_eq!(receive(&journald), "MESSAGE={}\nPRIORITY=6\nSYSLOG_IDENTIFIER=taskpull\nTASKPULL_EVENT=pull\n");
        assert_eq!(receive(&journald), "MESSAGE={}\nPRIORITY=4\nSYSLOG_IDENTIFIER=taskpull\n");
    }

    #[test]
    fn a_restarted_journald_gets_the_next_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        let mut socket = JournaldSocket::open(&path).unwrap();
        drop(journald);
        std::fs::remove_file(&path).unwrap();
        socket.write("{}", false, &[]).unwrap_err();
        let journald = UnixDatagram::bind(&path).unwrap();
        socket.write("{}", false, &[]).unwrap();
        assert!(receive(&journald).starts_with("MESSAGE={}\n"));
    }

    #[test]
    fn the_longest_possible_line_fits_into_a_datagram() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        let mut socket = JournaldSocket::open(&path).unwrap();
        // Thirty texts of the greatest length, with four bytes for each character.
        let line = "😀".repeat(30 * 1_000);
        socket.write(&line, false, &[]).unwrap();
        assert_eq!(receive(&journald).lines().next().unwrap(), format!("MESSAGE={line}"));
    }
}
