//! Writes audit lines to a file or to the systemd journal, on a thread of its own because disks and journald can block.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::agent::metrics::AgentMetrics;

/// An audit line that waits to be written.
#[derive(Debug)]
pub(super) struct QueuedLine {
    pub json: String,
    /// The line records a failure or a refusal.
    pub is_negative: bool,
    /// Fields for journald.
    pub fields: Vec<(&'static str, String)>,
}

/// The destination of the audit log.
#[derive(Debug)]
pub(super) enum AuditSink {
    File(AuditFile),
    Journald(JournaldSocket),
}

impl AuditSink {
    fn write(&mut self, QueuedLine { json, is_negative, fields }: &QueuedLine) -> io::Result<()> {
        match self {
            Self::File(file) => file.write(json),
            Self::Journald(socket) => socket.write(json, *is_negative, fields),
        }
    }
}

/// Writes lines to the sink, and counts those that are written or lost.
pub(super) struct AuditWriter {
    sink: AuditSink,
    reopen: Arc<AtomicBool>,
    metrics: Arc<AgentMetrics>,
    /// Lines lost since the last line that was written.
    lost: u64,
}

impl AuditWriter {
    pub(super) fn new(sink: AuditSink, reopen: Arc<AtomicBool>, metrics: Arc<AgentMetrics>) -> Self {
        Self { sink, reopen, metrics, lost: 0 }
    }

    /// Writes a line. Only the first of several failures in a row is logged.
    pub(super) fn write(&mut self, line: &QueuedLine) {
        self.reopen_if_requested();
        let written = self.sink.write(line);
        self.metrics.count_audit_line(written.is_ok());
        match written {
            Ok(()) if self.lost > 0 => {
                tracing::error!(lost = self.lost, "audit log works again after lost lines");
                self.lost = 0;
            }
            Ok(()) => {}
            Err(error) => {
                if self.lost == 0 {
                    tracing::error!(%error, "audit log cannot be written; its lines are lost");
                }
                self.lost += 1;
            }
        }
    }

    fn reopen_if_requested(&mut self) {
        let AuditSink::File(file) = &mut self.sink else { return };
        if self.reopen.swap(false, Ordering::Relaxed)
            && let Err(error) = file.reopen()
        {
            tracing::error!(%error, "reopening the audit log failed; continuing in the previous file");
        }
    }
}

/// An open audit file.
///
/// Invariant: a line that a full disk cut short stays on a line of its own; the next line starts
/// after a line end.
#[derive(Debug)]
pub(super) struct AuditFile {
    path: PathBuf,
    file: File,
    /// The file ends with a part of a line.
    is_torn: bool,
}

impl AuditFile {
    /// Opens the file, or creates it with access for the agent's user only. The folder must
    /// exist.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Opening a pipe would block until another process reads from it.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other("not a regular file"));
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self { path: path.to_owned(), file, is_torn: false })
    }

    /// Opens the path again, after log rotation has moved the file.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        *self = Self::open(&self.path)?;
        Ok(())
    }

    /// Appends a line, which must have no line end.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        let text = format!("{}{line}\n", if self.is_torn { "\n" } else { "" });
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    // The first byte may be the line end of an earlier torn line.
                    self.is_torn = match text.len() - rest.len() {
                        0 => self.is_torn,
                        written => written > usize::from(self.is_torn),
                    };
                    return Err(error);
                }
            }
        }
        self.is_torn = false;
        Ok(())
    }
}

/// Path of journald's socket.
pub(super) const JOURNALD_SOCKET: &str = "/run/systemd/journal/socket";

/// Longest wait for a journald that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// Syslog priorities `LOG_INFO` and `LOG_WARNING`.
const INFO: &str = "6";
const WARNING: &str = "4";

/// A connection to journald.
///
/// One datagram is one entry with lines of `NAME=value`. The protocol has another form for values
/// with line ends, and sealed memory files for entries larger than a datagram; neither is needed
/// here. The message is one line of JSON in which every text is bounded, so that an entry stays
/// far below the 200 KiB of a datagram. (`systemd.io/JOURNAL_NATIVE_PROTOCOL`.)
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
            |error: &io::Error| matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotConnected);
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
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixDatagram;

    use super::{AuditFile, JournaldSocket};

    #[test]
    fn a_moved_file_is_written_to_until_reopened() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("audit"), folder.path().join("audit.1"));
        let mut file = AuditFile::open(&path).unwrap();
        file.write("one").unwrap();
        fs::rename(&path, &moved).unwrap();
        file.write("two").unwrap();
        file.reopen().unwrap();
        file.write("three").unwrap();
        assert_eq!(fs::read_to_string(&moved).unwrap(), "one\ntwo\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_torn_line_stays_on_a_line_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let mut file = AuditFile::open(&path).unwrap();
        fs::write(&path, "{\"half").unwrap();
        file.is_torn = true;
        file.write("whole").unwrap();
        file.write("next").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"half\nwhole\nnext\n");
    }

    #[test]
    fn only_a_regular_file_is_opened() {
        let error = AuditFile::open(std::path::Path::new("/dev/full")).unwrap_err().to_string();
        assert_eq!(error, "not a regular file");
    }

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
        fs::remove_file(&path).unwrap();
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
