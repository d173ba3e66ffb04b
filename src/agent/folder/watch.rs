//! What the kernel tells of changes in the folder.
//!
//! The folder is watched, and the one above it, because a folder that is replaced takes its
//! watch with it. Where it is not there, the nearest folder above that is waits for it. Whoever
//! hears of changes hears of them once they have come to rest.

use std::ffi::{OsStr, OsString};
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

/// Changes have come to rest when nothing more is heard for so long.
const QUIET: Duration = Duration::from_millis(200);
/// However restless it is, it is looked at after so long.
const LATEST: Duration = Duration::from_secs(2);

/// Not every write: a file is looked at when its writer closes it.
const IN_FOLDER: WatchFlags = WatchFlags::CLOSE_WRITE.union(ABOVE);
const ABOVE: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

pub(super) struct Watch {
    folder: PathBuf,
    inotify: Option<AsyncFd<OwnedFd>>,
    /// On the folder itself.
    own: Option<i32>,
    /// On a folder above, and the name in it that leads to the folder.
    above: Option<(i32, OsString)>,
    heard: RescanRequest,
    /// What was last said of a watch that is not possible.
    complaint: Option<Errno>,
}

impl Watch {
    pub(super) fn new(folder: &Path) -> Self {
        let folder = folder.to_owned();
        Self { folder, inotify: None, own: None, above: None, heard: RescanRequest::default(), complaint: None }
    }

    /// Watches what is there now, after whatever has happened; to be followed by a look at
    /// everything. The answer is whether it could.
    pub(super) fn renew(&mut self) -> bool {
        let complaint = self.try_renew().err();
        if let Some(error) = complaint.filter(|_| complaint != self.complaint) {
            let hint = match error {
                Errno::NOSPC => "raise fs.inotify.max_user_watches",
                Errno::MFILE => "raise fs.inotify.max_user_instances",
                _ => "",
            };
            let folder = self.folder.display();
            tracing::warn!(%folder, error = %io::Error::from(error), hint, "it cannot be watched, and is read every minute");
        }
        self.complaint = complaint;
        complaint.is_none()
    }

    fn try_renew(&mut self) -> Result<(), Errno> {
        if self.inotify.is_none() {
            self.inotify = Some(init()?);
        }
        let Some(inotify) = &self.inotify else { return Ok(()) };
        let before = [self.own, self.above.as_ref().map(|(watch, _)| *watch)];
        let (own, above) = watched(inotify.get_ref(), &self.folder)?;
        let now = [own, above.as_ref().map(|(watch, _)| *watch)];
        for watch in before.into_iter().flatten().filter(|watch| !now.contains(&Some(*watch))) {
            // One whose folder was deleted is gone already.
            let _ = inotify::remove_watch(inotify.get_ref(), watch);
        }
        (self.own, self.above) = (own, above);
        Ok(())
    }

    /// What has changed, once it has come to rest. Nothing is lost when nobody waits to the end.
    pub(super) async fn settled(&mut self) -> RescanRequest {
        while self.heard == RescanRequest::default() {
            self.hear().await;
        }
        let latest = Instant::now() + LATEST;
        while timeout_at(latest.min(Instant::now() + QUIET), self.hear()).await.is_ok() && Instant::now() < latest {}
        std::mem::take(&mut self.heard)
    }

    async fn hear(&mut self) {
        let Some(inotify) = &self.inotify else { return std::future::pending().await };
        let read = match inotify.readable().await {
            Ok(mut ready) => {
                let read = read(ready.get_inner(), |event| self.heard.add(event, self.own, self.above.as_ref()));
                ready.clear_ready();
                read
            }
            Err(_) => Err(Errno::IO),
        };
        if read.is_err() {
            // Whatever was to be heard is lost with it.
            self.inotify = None;
            (self.own, self.above) = (None, None);
            self.heard.everything = true;
        }
    }
}

#[expect(deprecated, reason = "the other way is unsafe; this is sound, since an `OwnedFd` stays the one it is")]
fn init() -> Result<AsyncFd<OwnedFd>, Errno> {
    let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    AsyncFd::new(inotify).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

/// Takes everything that is there to be read.
fn read(inotify: &OwnedFd, mut each: impl FnMut(&Event<'_>)) -> Result<(), Errno> {
    let mut buffer = [MaybeUninit::uninit(); 4_096];
    let mut reader = Reader::new(inotify, &mut buffer);
    loop {
        match reader.next() {
            Ok(event) => each(&event),
            Err(Errno::WOULDBLOCK) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

impl RescanRequest {
    fn add(&mut self, event: &Event<'_>, own: Option<i32>, above: Option<&(i32, OsString)>) {
        if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
            tracing::info!("more has changed than the kernel could tell of");
            self.everything = true;
        }
        let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
        let leads = above.filter(|(watch, _)| *watch == event.wd()).map(|(_, leads)| leads);
        // Of a watch that was taken off before nothing matters.
        match (own == Some(event.wd()), name) {
            (true, None) => self.everything = true,
            (true, Some(name)) if is_definition(name) => _ = self.changed.insert(name.to_owned()),
            (true, Some(_)) => self.beside = true,
            (false, name) => self.everything |= leads.is_some_and(|leads| name.is_none_or(|name| leads == name)),
        }
    }
}

type Watched = (Option<i32>, Option<(i32, OsString)>);

/// Puts watches on the folder and on the nearest one above it.
fn watched(inotify: &OwnedFd, folder: &Path) -> Result<Watched, Errno> {
    let mut tries = 0;
    loop {
        let own = put(inotify, folder, IN_FOLDER)?;
        let above = put_above(inotify, folder, own.is_some())?;
        tries += 1;
        match above {
            None if own.is_none() => return Err(Errno::ACCESS),
            // What has appeared meanwhile is found the next time round. A folder that may not
            // be read is there each time.
            Some((_, child)) if own.is_none() && tries < 4 && child.is_dir() => {}
            above => return Ok((own, above.and_then(|(watch, child)| Some((watch, child.file_name()?.to_owned()))))),
        }
    }
}

/// A watch on the one above the folder; where neither is there, on the nearest that is. With
/// it the path below that it waits for.
fn put_above<'p>(inotify: &OwnedFd, folder: &'p Path, is_there: bool) -> Result<Option<(i32, &'p Path)>, Errno> {
    for (child, parent) in folder.ancestors().zip(folder.ancestors().skip(1)) {
        match put(inotify, parent, ABOVE)? {
            Some(watch) => return Ok(Some((watch, child))),
            None if is_there => break,
            None => {}
        }
    }
    Ok(None)
}

/// A watch on a folder; `None` when there is none, or it may not be read.
fn put(inotify: &OwnedFd, folder: &Path, flags: WatchFlags) -> Result<Option<i32>, Errno> {
    match inotify::add_watch(inotify, folder, flags) {
        Ok(watch) => Ok(Some(watch)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Ok(None),
        Err(error) => Err(error),
    }
}
