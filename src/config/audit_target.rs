//! Where the audit log is written (`audit.to`).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// Where the audit log is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditTarget {
    /// There is no audit log.
    Off,
    /// The audit log is written to journald.
    Journald,
    /// The audit log is appended to this file.
    File(PathBuf),
}

impl AuditTarget {
    /// Parses `audit.to`; `journal_stream` is the value of `JOURNAL_STREAM`.
    pub(super) fn parse(text: &str, journal_stream: Option<&str>) -> Option<Self> {
        Some(match text {
            "journald" => Self::Journald,
            "auto" if journal_stream.is_some_and(is_stderr) => Self::Journald,
            "auto" | "off" => Self::Off,
            path if path.starts_with('/') => Self::File(PathBuf::from(path)),
            _ => return None,
        })
    }
}

/// Whether stderr is the stream that `JOURNAL_STREAM` names, by device and inode. A process that a
/// service started with another stderr inherits the variable, but not the stream.
fn is_stderr(stream: &str) -> bool {
    let stderr = fs::metadata("/proc/self/fd/2").map(|stderr| format!("{}:{}", stderr.dev(), stderr.ino()));
    stderr.is_ok_and(|stderr| stderr == stream)
}

#[cfg(test)]
mod tests {
    use super::{AuditTarget, is_stderr};

    #[test]
    fn audit_target_is_a_word_or_an_absolute_path() {
        let parse = |text| AuditTarget::parse(text, None);
        assert_eq!(parse("auto"), Some(AuditTarget::Off), "systemd has not connected stderr");
        assert_eq!(parse("journald"), Some(AuditTarget::Journald));
        assert_eq!(parse("/var/log/a"), Some(AuditTarget::File("/var/log/a".into())));
        assert_eq!(parse("on"), None, "neither a word nor an absolute path");
    }

    #[test]
    fn inherited_journal_stream_is_not_the_own_stderr() {
        assert!(!is_stderr("0:0") && !is_stderr(""));
    }
}
