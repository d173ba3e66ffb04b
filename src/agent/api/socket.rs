//! The socket's file: made for the group that may open it, and taken away at the end.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::people;
use crate::error::{Class, Explain, Link};

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another agent answers there.
    #[error("socket {path}: another agent answers there", path = .path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something else is at its place.
    #[error("socket {path}: there is a file at its place that is no socket", path = .path.display())]
    NoSocket {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("socket {path} cannot be made", path = .path.display())]
    Make {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The service manager has handed over something else.
    #[error("what the service manager handed over is no Unix socket that listens")]
    HandedOver(#[source] io::Error),
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
            Self::InUse { path } | Self::NoSocket { path } | Self::Make { path, .. } => path.display().to_string(),
            Self::HandedOver(_) => "LISTEN_FDS".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::InUse { .. } => "end the other agent, or give this one an `agent.socket` of its own",
            Self::NoSocket { .. } => "move the file away, or give `agent.socket` another path",
            Self::Make { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "its folder must be there: systemd makes /run/taskpull for the service"
            }
            Self::Make { .. } => "the agent must be able to write its folder: `agent.socket`",
            Self::HandedOver(_) => "taskpull.socket must have one ListenStream=, the path of the socket",
        };
        Some(hint.to_owned())
    }
}

/// A socket that is listened on.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    /// The file that is ours to remove: its path, device and number.
    file: Option<(PathBuf, u64, u64)>,
}

impl Socket {
    /// Makes one, for its user and this group. The umask must keep everybody else out until
    /// its mode is set. The text is a warning: the group could not be given it.
    ///
    /// # Errors
    /// [`SocketError`], where one is listened on, or none can be made.
    pub fn bind(path: &Path, group: &str) -> Result<(Self, Option<String>), SocketError> {
        let make = |source| SocketError::Make { path: path.to_owned(), source };
        clear(path)?;
        let listener = UnixListener::bind(path).map_err(make)?;
        let metadata = fs::symlink_metadata(path).map_err(make)?;
        let socket = Self { listener, file: Some((path.to_owned(), metadata.dev(), metadata.ino())) };
        let given = match people::group(group) {
            Some(gid) => chown(path, None, Some(gid)).map_err(|error| error.to_string()),
            None => Err("there is no such group".to_owned()),
        };
        let warning = given.err().map(|why| {
            format!(
                "socket {}: only the agent's own user can open it, because it is not group {group}'s: {why}",
                path.display()
            )
        });
        let mode = if warning.is_none() { 0o660 } else { 0o600 };
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(make)?;
        Ok((socket, warning))
    }

    /// One that somebody else has made, and keeps: systemd.
    #[must_use]
    pub fn handed_over(listener: UnixListener) -> Self {
        Self { listener, file: None }
    }

    /// The same for the runtime, within which this is to be called.
    ///
    /// # Errors
    /// Those of the system.
    pub fn listener(&self) -> io::Result<tokio::net::UnixListener> {
        let listener = self.listener.try_clone()?;
        listener.set_nonblocking(true)?;
        tokio::net::UnixListener::from_std(listener)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some((path, device, number)) = &self.file
            && let Ok(found) = fs::symlink_metadata(path)
            && (found.dev(), found.ino()) == (*device, *number)
        {
            // The next agent takes a socket away that nobody answers on.
            let _ = fs::remove_file(path);
        }
    }
}

/// Takes away what an agent has left that was killed.
fn clear(path: &Path) -> Result<(), SocketError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(found) if found.file_type().is_socket() => {}
        Ok(_) => return Err(SocketError::NoSocket { path: path.to_owned() }),
        Err(source) => return Err(SocketError::Make { path: path.to_owned(), source }),
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|source| SocketError::Make { path: path.to_owned(), source })
        }
        Ok(_) => Err(SocketError::InUse { path: path.to_owned() }),
        Err(source) => Err(SocketError::Make { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixListener;

    use super::{Socket, SocketError};

    #[test]
    fn a_socket_that_nobody_answers_on_is_replaced_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taskpull.sock");
        drop(UnixListener::bind(&path).unwrap());
        let (socket, _) = Socket::bind(&path, "0").unwrap();
        assert!(matches!(Socket::bind(&path, "0"), Err(SocketError::InUse { .. })));
        drop(socket);
        assert!(!path.exists());
        fs::write(&path, "somebody's").unwrap();
        assert!(matches!(Socket::bind(&path, "0"), Err(SocketError::NoSocket { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's");
    }

    #[test]
    fn the_socket_of_another_is_left_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taskpull.sock");
        let (socket, warning) = Socket::bind(&path, "no-such-group").unwrap();
        assert!(warning.unwrap().contains("no-such-group"));
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(socket);
        assert!(path.exists());
    }
}
