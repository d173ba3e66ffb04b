//! The audit trail in the journal, by its native protocol.
//!
//! One datagram is one entry: lines of `NAME=value`. The protocol has another form for values
//! of more than one line and another way for entries beyond a datagram (a sealed memory
//! file); no entry here needs them. Its message is one line of JSON, and every text in that
//! is bounded, so that it stays far below the 200 KiB that a datagram may have.
//! (`systemd.io/JOURNAL_NATIVE_PROTOCOL`.)

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where journald listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// How long an entry waits for a journald that does not read.
const PATIENCE: Duration = Duration::from_secs(1);

/// `LOG_INFO` and `LOG_WARNING` of syslog.
const PRIORITIES: (&str, &str) = ("6", "4");

/// A connection to journald.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    socket: UnixDatagram,
}

impl Journal {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { path: path.to_owned(), socket })
    }

    /// Hands one entry over. A journald that was started anew has another socket.
    pub(super) fn write(&mut self, message: &str, is_against: bool, fields: &[(&str, String)]) -> io::Result<()> {
        let (info, warning) = PRIORITIES;
        let priority = if is_against { warning } else { info };
        let mut entry = format!("MESSAGE={message}\nPRIORITY={priority}\nSYSLOG_IDENTIFIER=taskpull\n");
        for (name, value) in fields {
            entry.extend([name, "=", value, "\n"]);
        }
        let sent = self.socket.send(entry.as_bytes());
        let is_gone =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotConnected);
        match sent {
            Err(error) if is_gone(&error) => {
                *self = Self::open(&self.path)?;
                self.socket.send(entry.as_bytes()).map(drop)
            }
            sent => sent.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Journal;
    use std::os::unix::net::UnixDatagram;

    fn entry(journald: &UnixDatagram) -> String {
        let mut buffer = vec![0; 256 * 1_024];
        let length = journald.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn an_entry_has_the_line_and_what_it_is_found_by() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        journal.write("{}", false, &[("TASKPULL_EVENT", "pull".to_owned())]).unwrap();
        journal.write("{}", true, &[]).unwrap();
        assert_eq!(entry(&journald), "MESSAGE={}\nPRIORITY=6\nSYSLOG_IDENTIFIER=taskpull\nTASKPULL_EVENT=pull\n");
        assert_eq!(entry(&journald), "MESSAGE={}\nPRIORITY=4\nSYSLOG_IDENTIFIER=taskpull\n");
    }

    #[test]
    fn a_journald_that_was_started_anew_gets_the_next_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        drop(journald);
        std::fs::remove_file(&path).unwrap();
        journal.write("{}", false, &[]).unwrap_err();
        let journald = UnixDatagram::bind(&path).unwrap();
        journal.write("{}", false, &[]).unwrap();
        assert!(entry(&journald).starts_with("MESSAGE={}\n"));
    }

    #[test]
    fn the_longest_line_there_can_be_fits_into_a_datagram() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        // Thirty texts of the greatest length, each character four bytes.
        let line = "😀".repeat(30 * 1_000);
        journal.write(&line, false, &[]).unwrap();
        assert_eq!(entry(&journald).lines().next().unwrap(), format!("MESSAGE={line}"));
    }
}
