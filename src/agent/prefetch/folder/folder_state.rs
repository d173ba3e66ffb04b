//! The state of the watched folder between two scans.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

use super::definition_files::DefinitionFiles;
use super::diff::FolderChanges;
use super::file_read::FileRead;
use super::listing::FolderListing;
use super::rescan_request::RescanRequest;

/// How long a file system may take to respond before the log says so.
const SLOW_DISK: Duration = Duration::from_secs(30);

pub(super) struct FolderState<'a> {
    pub files: DefinitionFiles<'a>,
    path: PathBuf,
    /// Whether a file is a symbolic link, so that other names in the folder can change it.
    pub has_links: bool,
    status: FolderStatus,
}

/// The state of the folder itself, as the log last reported it.
#[derive(PartialEq, Eq)]
enum FolderStatus {
    Unknown,
    Absent,
    Unreadable(io::ErrorKind),
    Readable,
}

impl<'a> FolderState<'a> {
    pub(super) fn new(path: PathBuf, files: DefinitionFiles<'a>) -> Self {
        Self { files, path, has_links: false, status: FolderStatus::Unknown }
    }

    /// Checks the requested files, and updates their jobs.
    pub(super) async fn scan(&mut self, request: &RescanRequest) {
        let (path, to_list) = (self.path.clone(), request.clone());
        let listing = match run_blocking(move || FolderListing::read(&path, &to_list)).await.flatten() {
            Ok(listing) => listing,
            Err(error) => return self.handle_folder_error(&error),
        };
        let was_readable = self.status == FolderStatus::Readable;
        if request.everything {
            self.status = FolderStatus::Readable;
        }
        self.has_links = listing.has_links || (self.has_links && !request.everything);
        let changes = FolderChanges::new(&self.files.fingerprints(), &listing, request);
        for name in &changes.removed {
            self.files.remove(name);
        }
        self.read(&changes.to_read).await;
        self.files.pull_due_files(&request.due);
        let (read, removed) = (changes.to_read.len(), changes.removed.len());
        if (request.everything && !was_readable) || read > 0 || removed > 0 {
            let (files, invalid) = (self.files.count(), self.files.count_invalid());
            tracing::info!(folder = %self.path.display(), files, read, removed, invalid, "folder scanned");
        }
    }

    async fn read(&mut self, names: &[OsString]) {
        let (path, to_read) = (self.path.clone(), names.to_vec());
        let read_all = move || to_read.iter().map(|name| FileRead::read(&path.join(name))).collect::<Vec<_>>();
        match run_blocking(read_all).await {
            Ok(reads) => names.iter().zip(reads).for_each(|(name, read)| self.files.update(name, read)),
            Err(error) => tracing::error!(%error, "definition files could not be read"),
        }
    }

    /// A folder that does not exist has no files. Of a folder that cannot be read, the known files
    /// stay in use.
    fn handle_folder_error(&mut self, error: &io::Error) {
        let is_absent = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        let status = if is_absent { FolderStatus::Absent } else { FolderStatus::Unreadable(error.kind()) };
        if is_absent {
            self.files.remove_all();
        }
        if status == self.status {
            return;
        }
        let folder = self.path.display();
        if is_absent {
            tracing::info!(%folder, "watched folder does not exist; waiting for it");
        } else {
            tracing::warn!(%folder, %error, "watched folder could not be read; its known definitions stay in use");
        }
        self.status = status;
    }
}

/// Runs an operation that blocks on the disk in a separate thread. A disk that never responds
/// blocks the watched folder only, and not the end of the agent.
async fn run_blocking<T: Send + 'static>(operation: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let mut task = tokio::task::spawn_blocking(operation);
    if let Ok(result) = timeout(SLOW_DISK, &mut task).await {
        return result.map_err(io::Error::other);
    }
    tracing::warn!(after = ?SLOW_DISK, "file system of the watched folder does not respond; still waiting");
    task.await.map_err(io::Error::other)
}
