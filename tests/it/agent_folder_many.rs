//! A folder of a thousand files: what each of them costs, and that nothing costs nothing.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

use crate::agent_folder::FolderAgent;
use crate::support::engine::PullScript;
use crate::support::gate::Gate;

fn image(at: usize) -> String {
    format!("registry.example/app{at}:1")
}

/// Notes who opens the files of a folder, as the kernel tells it.
struct Opened(OwnedFd);

impl Opened {
    fn of(folder: &Path) -> Self {
        let inotify = inotify::init(CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&inotify, folder, WatchFlags::OPEN).unwrap();
        Self(inotify)
    }

    /// How often each was opened since the last time.
    fn take(&self) -> HashMap<String, usize> {
        let mut buffer = [MaybeUninit::uninit(); 4_096];
        let mut reader = Reader::new(&self.0, &mut buffer);
        let mut opened = HashMap::new();
        while let Ok(event) = reader.next() {
            if let Some(name) = event.file_name() {
                *opened.entry(name.to_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        opened
    }
}

#[test]
fn a_thousand_files_are_planned_each_read_once_and_a_changed_one_is_one_files_work() {
    let agent = FolderAgent::new();
    let gate = Gate::closed();
    for at in 0..1_000 {
        agent.world.engine.script(&image(at), PullScript::success().hold(&gate));
        agent.write(&format!("{at}.json"), &image(at));
    }
    let opened = Opened::of(&agent.folder());
    let agent = agent.start("1h");
    agent.wait_until("all planned", || agent.log_lines("planned").len() == 1_000);
    let first = opened.take();
    assert!(first.len() == 1_000 && first.values().all(|times| *times == 1), "{first:?}");
    agent.wait_until("the first ones", || agent.world.engine.pulls().len() == 8);
    gate.open();
    agent.wait_until("all pulled", || agent.log_lines("how=Succeeded").len() == 1_000);
    assert_eq!(agent.world.engine.max_concurrent_pulls(), 8, "of one registry, whatever they are of");

    let text = fs::read_to_string(agent.path("7.json")).unwrap().replace("app7:1", "app7:2");
    fs::write(agent.sibling_path("new"), text).unwrap();
    fs::rename(agent.sibling_path("new"), agent.path("7.json")).unwrap();
    opened.take();
    agent.wait_for_pulls("registry.example/app7:2", 1);
    assert_eq!(opened.take(), HashMap::from([("7.json".to_owned(), 1)]));
    assert_eq!(agent.world.engine.pulls().len(), 1_001);
}

/// How often the threads of a process went to sleep by themselves: each time they had woken.
pub fn wake_up_count(process: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let statuses = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap());
    let count = |status: String| {
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
        line.rsplit('\t').next().unwrap().parse::<u64>().unwrap()
    };
    statuses.map(count).sum()
}

#[test]
fn a_folder_in_which_nothing_changes_wakes_nobody_up() {
    let agent = FolderAgent::new();
    for at in 0..10 {
        agent.write(&format!("{at}.json"), &image(at));
    }
    let agent = agent.start("1h");
    agent.wait_until("all pulled", || agent.log_lines("how=Succeeded").len() == 10);
    // Those that waited for the disk end after ten seconds; then there are `main` and two workers.
    let threads = || fs::read_dir(format!("/proc/{}/task", agent.id())).unwrap().count();
    agent.wait_until("the threads for the disk have ended", || threads() == 3);
    let last = Cell::new(0);
    agent.wait_until("it is at rest", || {
        thread::sleep(Duration::from_secs(2));
        let now = wake_up_count(agent.id());
        last.replace(now) == now
    });
    let before = wake_up_count(agent.id());
    thread::sleep(Duration::from_secs(4));
    assert_eq!(wake_up_count(agent.id()), before);
}
