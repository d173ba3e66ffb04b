//! Watches the folder for changes with inotify.
//!
//! The parent folder is watched too, because a folder that is replaced takes its watch with it.
//! If the folder does not exist, its nearest existing ancestor is watched until it does. Changes
//! are reported together, once no further change has occurred for a short time.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, Event, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, timeout_at};

use super::listing::{RescanRequest, is_definition};

/// Changes are reported when no further one has occurred for this time.
const QUIET_TIME: Duration = Duration::from_millis(200);
/// Changes are reported after this time even if further ones occur.
const MAX_DELAY: Duration = Duration::from_secs(2);

/// Without every single write: a file is read when its writer closes it.
const FOLDER_EVENTS: WatchFlags = WatchFlags::CLOSE_WRITE.union(ANCESTOR_EVENTS);
const ANCESTOR_EVENTS: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

pub(super) struct FolderWatch {
    folder: PathBuf,
    inotify: Option<AsyncFd<OwnedFd>>,
    watches: Watches,
    /// Changes that have not been reported yet.
    pending: RescanRequest,
    /// Why the folder cannot be watched, as the log last reported it.
    logged_error: Option<Errno>,
}

/// The inotify watches, by their descriptors.
#[derive(Default)]
struct Watches {
    folder: Option<i32>,
    ancestor: Option<AncestorWatch>,
}

struct AncestorWatch {
    descriptor: i32,
    /// The path below the ancestor that leads to the folder, or is the folder.
    child: PathBuf,
}

impl FolderWatch {
    pub(super) fn new(folder: &Path) -> Self {
        let (watches, pending) = (Watches::default(), RescanRequest::default());
        Self { folder: folder.to_owned(), inotify: None, watches, pending, logged_error: None }
    }

    /// Watches what exists now, and returns whether that succeeded. A full scan must follow, for
    /// changes that happened before.
    pub(super) fn renew(&mut self) -> bool {
        let error = self.try_renew().err();
        if let Some(errno) = error.filter(|_| error != self.logged_error) {
            let hint = match errno {
                Errno::NOSPC => "raise fs.inotify.max_user_watches",
                Errno::MFILE => "raise fs.inotify.max_user_instances",
                _ => "",
            };
            let (folder, error) = (self.folder.display(), io::Error::from(errno));
            tracing::warn!(%folder, %error, hint, "folder cannot be watched; scanning it at least every minute");
        }
        self.logged_error = error;
        error.is_none()
    }

    fn try_renew(&mut self) -> Result<(), Errno> {
        if self.inotify.is_none() {
            self.inotify = Some(create_inotify()?);
        }
        let Some(inotify) = &self.inotify else { return Ok(()) };
        let watches = Watches::add(inotify.get_ref(), &self.folder)?;
        for descriptor in self.watches.descriptors().filter(|old| watches.descriptors().all(|new| new != *old)) {
            // This fails if the watched folder was deleted, because its watch was then removed.
            let _ = inotify::remove_watch(inotify.get_ref(), descriptor);
        }
        self.watches = watches;
        Ok(())
    }

    /// Waits for changes. Cancel-safe: changes that were not returned stay pending.
    pub(super) async fn changes(&mut self) -> RescanRequest {
        while self.pending == RescanRequest::default() {
            self.read_events().await;
        }
        let latest = Instant::now() + MAX_DELAY;
        while timeout_at(latest.min(Instant::now() + QUIET_TIME), self.read_events()).await.is_ok()
            && Instant::now() < latest
        {}
        std::mem::take(&mut self.pending)
    }

    async fn read_events(&mut self) {
        let Self { inotify: Some(inotify), watches, pending, .. } = self else { return std::future::pending().await };
        let result = match inotify.readable().await {
            Ok(mut ready) => {
                let result = read_available(ready.get_inner(), |event| watches.record(event, pending));
                ready.clear_ready();
                result
            }
            Err(_) => Err(Errno::IO),
        };
        if result.is_err() {
            // Events may be lost, so everything is scanned, and watched with a new inotify instance.
            self.inotify = None;
            self.watches = Watches::default();
            self.pending.everything = true;
        }
    }
}

impl Watches {
    /// Watches the folder and its nearest existing ancestor.
    fn add(inotify: &OwnedFd, folder: &Path) -> Result<Self, Errno> {
        let mut attempts = 0;
        loop {
            let own = add_watch(inotify, folder, FOLDER_EVENTS)?;
            let ancestor = AncestorWatch::add(inotify, folder, own.is_some())?;
            attempts += 1;
            match ancestor {
                None if own.is_none() => return Err(Errno::ACCESS),
                // The child was created after its watch had failed, so try again. A folder without
                // read permission looks the same each time.
                Some(AncestorWatch { child, .. }) if own.is_none() && attempts < 4 && child.is_dir() => {}
                ancestor => return Ok(Self { folder: own, ancestor }),
            }
        }
    }

    fn descriptors(&self) -> impl Iterator<Item = i32> + '_ {
        self.folder.into_iter().chain(self.ancestor.as_ref().map(|ancestor| ancestor.descriptor))
    }

    /// Adds what an event says to the pending changes.
    fn record(&self, event: &Event<'_>, pending: &mut RescanRequest) {
        if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
            tracing::info!("inotify queue overflowed; scanning the whole folder");
            pending.everything = true;
        }
        let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
        let ancestor = self.ancestor.as_ref().filter(|ancestor| ancestor.descriptor == event.wd());
        // Events of a watch that was removed before match neither watch.
        match (self.folder == Some(event.wd()), name) {
            (true, None) => pending.everything = true,
            (true, Some(name)) if is_definition(name) => _ = pending.changed.insert(name.to_owned()),
            (true, Some(_)) => pending.other_name_changed = true,
            (false, name) => {
                pending.everything |= ancestor.is_some_and(|ancestor| name.is_none_or(|name| ancestor.leads_to(name)));
            }
        }
    }
}

impl AncestorWatch {
    /// Watches the parent of the folder, or its nearest existing ancestor if the folder does not exist.
    fn add(inotify: &OwnedFd, folder: &Path, folder_exists: bool) -> Result<Option<Self>, Errno> {
        for (child, parent) in folder.ancestors().zip(folder.ancestors().skip(1)) {
            match add_watch(inotify, parent, ANCESTOR_EVENTS)? {
                Some(descriptor) => return Ok(Some(Self { descriptor, child: child.to_owned() })),
                None if folder_exists => break,
                None => {}
            }
        }
        Ok(None)
    }

    fn leads_to(&self, name: &OsStr) -> bool {
        self.child.file_name() == Some(name)
    }
}

/// Adds a watch on a folder; `None` if it does not exist or may not be read.
fn add_watch(inotify: &OwnedFd, folder: &Path, events: WatchFlags) -> Result<Option<i32>, Errno> {
    match inotify::add_watch(inotify, folder, events) {
        Ok(descriptor) => Ok(Some(descriptor)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Ok(None),
        Err(error) => Err(error),
    }
}

#[expect(deprecated, reason = "the alternative is unsafe; this is sound, because an `OwnedFd` never changes")]
fn create_inotify() -> Result<AsyncFd<OwnedFd>, Errno> {
    let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    AsyncFd::new(inotify).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

/// Reads all available events.
fn read_available(inotify: &OwnedFd, mut handle: impl FnMut(&Event<'_>)) -> Result<(), Errno> {
    let mut buffer = [MaybeUninit::uninit(); 4_096];
    let mut reader = Reader::new(inotify, &mut buffer);
    loop {
        match reader.next() {
            Ok(event) => handle(&event),
            Err(Errno::WOULDBLOCK) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}
