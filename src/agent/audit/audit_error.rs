//! Why the audit log cannot be opened.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Class, Explain, Link};

/// The destination of the audit log (`audit.to`) cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("audit.to: cannot write to {path}", path = .path.display())]
pub struct AuditError {
    path: PathBuf,
    source: io::Error,
}

impl AuditError {
    pub(super) fn new(path: &Path, source: io::Error) -> Self {
        Self { path: path.to_owned(), source }
    }
}

impl Explain for AuditError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        self.path.display().to_string()
    }

    fn hint(&self) -> Option<String> {
        Some("set `audit.to` to a file in an existing folder that the agent can write, to `journald` on a host with systemd, or to `off`".to_owned())
    }
}
