//! The socket file: created for the group that may open it, and removed when the agent ends,
//! and the reasons why there is none.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::user_groups;
use crate::error::{Class, Explain, Link};

/// A listening Unix socket.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    /// The file to remove on drop; none for a socket that the service manager owns.
    file: Option<SocketFile>,
    warning: Option<String>,
}

/// Identifies the file, so that the socket of a newer agent at the same path is not removed.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Socket {
    /// Creates a socket for the process's own user and this group. The umask must deny access to
    /// all others until the mode is set. If the group cannot be set, only the user has access,
    /// and [`Socket::warning`] says why.
    ///
    /// # Errors
    /// [`SocketError`], if another agent listens at the path or the socket cannot be created.
    pub fn bind(path: &Path, group: &str) -> Result<Self, SocketError> {
        let failed = |source| SocketError::Create { path: path.to_owned(), source };
        remove_stale(path)?;
        let listener = UnixListener::bind(path).map_err(failed)?;
        let metadata = fs::symlink_metadata(path).map_err(failed)?;
        let file = SocketFile { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() };
        let mut socket = Self { listener, file: Some(file), warning: None };
        let group_set = match user_groups::group_id(group) {
            Some(gid) => chown(path, None, Some(gid)).map_err(|error| format!("cannot set group `{group}`: {error}")),
            None => Err(format!("group `{group}` does not exist")),
        };
        let mode = if group_set.is_ok() { 0o660 } else { 0o600 };
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
        socket.warning = group_set.err().map(|reason| {
            format!("socket {}: {reason}; only the agent's own user can open the socket", path.display())
        });
        Ok(socket)
    }

    /// Wraps a socket that the service manager created and will remove (socket activation).
    #[must_use]
    pub fn activated(listener: UnixListener) -> Self {
        Self { listener, file: None, warning: None }
    }

    /// Why only the agent's own user can open the socket, if that is so.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Returns a listener for the Tokio runtime that calls this.
    ///
    /// # Errors
    /// If the system cannot duplicate the file descriptor or make it non-blocking.
    pub fn listener(&self) -> io::Result<tokio::net::UnixListener> {
        let listener = self.listener.try_clone()?;
        listener.set_nonblocking(true)?;
        tokio::net::UnixListener::from_std(listener)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(SocketFile { path, device, inode }) = &self.file
            && let Ok(found) = fs::symlink_metadata(path)
            && (found.dev(), found.ino()) == (*device, *inode)
        {
            // If this fails, the next agent removes the socket as stale.
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes the socket file of an agent that was killed.
fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let failed = |source| SocketError::Create { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(found) if found.file_type().is_socket() => {}
        Ok(_) => return Err(SocketError::NotASocket { path: path.to_owned() }),
        Err(source) => return Err(failed(source)),
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(failed),
        Ok(_) => Err(SocketError::InUse { path: path.to_owned() }),
        Err(source) => Err(failed(source)),
    }
}

/// The socket of the agent cannot be created or taken over.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another agent is listening on the socket.
    #[error("socket {path} is in use by another agent", path = .path.display())]
    InUse {
        /// Path of the socket.
        path: PathBuf,
    },
    /// The path exists and is not a socket.
    #[error("{path} exists and is not a socket", path = .path.display())]
    NotASocket {
        /// Path of the file.
        path: PathBuf,
    },
    /// The system refuses to create the socket.
    #[error("cannot create socket {path}", path = .path.display())]
    Create {
        /// Path of the socket.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The service manager passed a file descriptor that is not a listening Unix socket.
    #[error("the service manager did not pass a listening Unix socket")]
    Activation(#[source] io::Error),
}

impl Explain for SocketError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        match self {
            Self::InUse { path } | Self::NotASocket { path } | Self::Create { path, .. } => path.display().to_string(),
            Self::Activation(_) => "LISTEN_FDS".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::InUse { .. } => "stop the other agent, or set `agent.socket` to another path",
            Self::NotASocket { .. } => "move the file away, or set `agent.socket` to another path",
            Self::Create { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "create its directory; for the service, systemd creates /run/taskpull"
            }
            Self::Create { .. } => "let the agent write the directory of `agent.socket`, or set another path",
            Self::Activation(_) => "give taskpull.socket one `ListenStream=` with the path of the socket",
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixListener;

    use super::{Socket, SocketError};

    #[test]
    fn bind_replaces_a_stale_socket_and_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taskpull.sock");
        drop(UnixListener::bind(&path).unwrap());
        let socket = Socket::bind(&path, "0").unwrap();
        assert!(matches!(Socket::bind(&path, "0"), Err(SocketError::InUse { .. })));
        drop(socket);
        assert!(!path.exists());
        fs::write(&path, "a file").unwrap();
        assert!(matches!(Socket::bind(&path, "0"), Err(SocketError::NotASocket { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a file");
    }

    #[test]
    fn drop_leaves_the_socket_of_another_agent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taskpull.sock");
        let socket = Socket::bind(&path, "no-such-group").unwrap();
        assert!(socket.warning().unwrap().contains("group `no-such-group` does not exist"));
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(socket);
        assert!(path.exists());
    }
}
