//! A watched folder with a thousand files: each file is read once, and an idle folder costs nothing.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

use crate::support::engine::PullScript;
use crate::support::gate::Gate;
use crate::support::process::wake_up_count;
use crate::support::world::FolderAgent;

fn image(at: usize) -> String {
    format!("registry.example/app{at}:1")
}

/// Counts how often the files of a folder are opened, through inotify.
struct OpenCounter(OwnedFd);

impl OpenCounter {
    fn watch(folder: &Path) -> Self {
        let inotify = inotify::init(CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&inotify, folder, WatchFlags::OPEN).unwrap();
        Self(inotify)
    }

    /// Returns how often each file was opened since the last call.
    fn take(&self) -> HashMap<String, usize> {
        let mut buffer = [MaybeUninit::uninit(); 4_096];
        let mut reader = Reader::new(&self.0, &mut buffer);
        let mut opens = HashMap::new();
        while let Ok(event) = reader.next() {
            if let Some(name) = event.file_name() {
                *opens.entry(name.to_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        opens
    }
}

#[test]
fn thousand_files_are_each_read_once_and_an_edit_rereads_one_file() {
    let agent = FolderAgent::new();
    let gate = Gate::closed();
    for at in 0..1_000 {
        agent.world.engine.script(&image(at), PullScript::success().hold(&gate));
        agent.write(&format!("{at}.json"), &image(at));
    }
    let opens = OpenCounter::watch(&agent.folder());
    let agent = agent.start("1h");
    agent.wait_until("all files are planned", || agent.log_lines("request planned").len() == 1_000);
    let first = opens.take();
    assert!(first.len() == 1_000 && first.values().all(|times| *times == 1), "{first:?}");
    agent.wait_until("the first pulls run", || agent.world.engine.pulls().len() == 8);
    gate.open();
    agent.wait_until("all images are pulled", || agent.log_lines("result=Succeeded").len() == 1_000);
    assert_eq!(agent.world.engine.max_concurrent_pulls(), 8, "the limit per registry holds across files");

    let text = fs::read_to_string(agent.path("7.json")).unwrap().replace("app7:1", "app7:2");
    fs::write(agent.sibling_path("new"), text).unwrap();
    fs::rename(agent.sibling_path("new"), agent.path("7.json")).unwrap();
    opens.take();
    agent.wait_for_pulls("registry.example/app7:2", 1);
    assert_eq!(opens.take(), HashMap::from([("7.json".to_owned(), 1)]));
    assert_eq!(agent.world.engine.pulls().len(), 1_001);
}

#[test]
fn idle_watched_folder_causes_no_wake_ups() {
    let agent = FolderAgent::new();
    for at in 0..10 {
        agent.write(&format!("{at}.json"), &image(at));
    }
    let agent = agent.start("1h");
    agent.wait_until("all images are pulled", || agent.log_lines("result=Succeeded").len() == 10);
    // The threads for blocking work end after ten idle seconds; `main` and two workers remain.
    let threads = || fs::read_dir(format!("/proc/{}/task", agent.id())).unwrap().count();
    agent.wait_until("the threads for blocking work have ended", || threads() == 3);
    let last = Cell::new(0);
    agent.wait_until("the agent is idle", || {
        thread::sleep(Duration::from_secs(2));
        let now = wake_up_count(agent.id());
        last.replace(now) == now
    });
    let before = wake_up_count(agent.id());
    thread::sleep(Duration::from_secs(4));
    assert_eq!(wake_up_count(agent.id()), before);
}
