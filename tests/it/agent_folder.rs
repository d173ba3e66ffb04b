//! The watched folder: what is in it is pulled, at the start, on change, and again.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Ending, Pull};
use crate::support::run::Run;
use crate::support_aws_client::SECRET;
use crate::task::{IMAGE, World, container, open_container, task};

/// An agent with a folder of its own, in a world.
pub struct Agent {
    pub world: World,
    place: TempDir,
    process: Option<(Child, JoinHandle<()>)>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Agent {
    pub fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("folder")).unwrap();
        Self { world: World::new(), place, process: None, log: Arc::default() }
    }

    pub fn folder(&self) -> PathBuf {
        self.place.path().join("folder")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// A file beside the folder, on the same disk.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub fn write(&self, name: &str, image: &str) {
        fs::write(self.path(name), definition(image).to_string()).unwrap();
    }

    /// Starts it; files are pulled again after `interval`.
    pub fn start(self, interval: &str) -> Self {
        self.start_as(Run::new(["serve"]), interval)
    }

    /// The same, for a program that becomes the agent.
    pub fn start_as(mut self, run: Run, interval: &str) -> Self {
        let run = run.env("TASKPULL_FOLDER", self.folder()).env("TASKPULL_FOLDER_INTERVAL", interval);
        let run = run.env("TASKPULL_STATE_FOLDER", self.place.path().join("state")).env("RUST_LOG", "debug");
        let run = run.env("TASKPULL_SOCKET", self.place.path().join("agent.sock"));
        let mut process = self.world.set(run).start();
        let (stderr, log) = (process.stderr.take().unwrap(), Arc::clone(&self.log));
        let listen = move || {
            BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| log.lock().unwrap().push(line));
        };
        self.process = Some((process, thread::Builder::new().spawn(listen).unwrap()));
        self.hears("folder=");
        self
    }

    pub fn id(&self) -> u32 {
        self.process.as_ref().unwrap().0.id()
    }

    pub fn lines(&self, with: &str) -> Vec<String> {
        self.log.lock().unwrap().iter().filter(|line| line.contains(with)).cloned().collect()
    }

    /// Waits for a line of the log.
    pub fn hears(&self, with: &str) {
        self.sees(with, || !self.lines(with).is_empty());
    }

    /// Waits until an image was asked for so often.
    pub fn pulls(&self, image: &str, times: usize) {
        self.sees(&format!("{times} × {image}"), || self.world.engine.count(image) >= times);
    }

    /// Waits until something is so; a test that waits for nothing fails in the end.
    pub fn sees(&self, what: &str, is_so: impl Fn() -> bool) {
        let latest = Instant::now() + Duration::from_mins(1);
        while !is_so() {
            assert!(Instant::now() < latest, "{what}\n{}", self.log.lock().unwrap().join("\n"));
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Has another file pulled: whatever was to be heard before was heard.
    pub fn goes_on(&self, name: &str) {
        let image = format!("registry.example/{name}:1");
        self.write(&format!("{name}.json"), &image);
        self.pulls(&image, 1);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some((mut process, log)) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
            let _ = log.join();
        }
    }
}

pub fn definition(image: &str) -> Value {
    task(&[open_container("app", image)])
}

const ONE: &str = "registry.example/one:1";
const TWO: &str = "registry.example/two:1";
const THREE: &str = "registry.example/three:1";

#[test]
fn what_is_there_at_the_start_is_pulled_with_each_tasks_own_credential() {
    let agent = Agent::new();
    agent.world.engine.image(IMAGE, Pull::success().requiring("me", "swordfish"));
    fs::write(agent.path("private.json"), task(&[container("app", IMAGE, SECRET)]).to_string()).unwrap();
    agent.write("open.json", ONE);
    agent.write("not-meant.json.tmp", TWO);
    let agent = agent.start("1h");
    agent.pulls(IMAGE, 1);
    agent.pulls(ONE, 1);
    agent.sees("both good", || agent.lines("how=Succeeded").len() == 2);
    assert_eq!(agent.world.engine.pulls().len(), 2);
}

#[test]
fn an_edit_a_rename_and_a_swapped_link_are_each_one_pull() {
    let agent = Agent::new().start("1h");
    agent.write("web.json", ONE);
    agent.pulls(ONE, 1);
    agent.write("web.json", TWO);
    agent.pulls(TWO, 1);
    fs::write(agent.path("web.json.tmp"), definition(THREE).to_string()).unwrap();
    fs::rename(agent.path("web.json.tmp"), agent.path("web.json")).unwrap();
    agent.pulls(THREE, 1);
    for (file, image) in [("far-1", "registry.example/far:1"), ("far-2", "registry.example/far:2")] {
        fs::write(agent.beside(file), definition(image).to_string()).unwrap();
        symlink(agent.beside(file), agent.path("link.tmp")).unwrap();
        fs::rename(agent.path("link.tmp"), agent.path("far.json")).unwrap();
        agent.pulls(image, 1);
    }
    fs::rename(agent.path("web.json"), agent.path("shop.json")).unwrap();
    agent.pulls(THREE, 2);
    assert_eq!(agent.world.engine.pulls().len(), 6);
}

#[test]
fn a_mounted_config_map_changes_as_a_whole() {
    let agent = Agent::new();
    mount(&agent, "..1", ONE);
    symlink("..data/web.json", agent.path("web.json")).unwrap();
    let agent = agent.start("1h");
    agent.pulls(ONE, 1);
    mount(&agent, "..2", TWO);
    fs::remove_dir_all(agent.path("..1")).unwrap();
    agent.pulls(TWO, 1);
}

/// As the kubelet does it.
fn mount(agent: &Agent, version: &str, image: &str) {
    fs::create_dir(agent.path(version)).unwrap();
    fs::write(agent.path(version).join("web.json"), definition(image).to_string()).unwrap();
    symlink(version, agent.path("..data_tmp")).unwrap();
    fs::rename(agent.path("..data_tmp"), agent.path("..data")).unwrap();
}

#[test]
fn half_a_file_does_no_harm_and_the_whole_is_pulled() {
    let agent = Agent::new();
    agent.write("web.json", ONE);
    let agent = agent.start("1h");
    agent.pulls(ONE, 1);
    let [mut edited, mut new] = ["web.json", "new.json"].map(|name| fs::File::create(agent.path(name)).unwrap());
    let [two, three] = [TWO, THREE].map(|image| definition(image).to_string());
    edited.write_all(&two.as_bytes()[..40]).unwrap();
    new.write_all(&three.as_bytes()[..40]).unwrap();
    agent.sees("the new one was read", || agent.lines("read=").len() == 2);
    agent.goes_on("meanwhile");
    assert!(agent.lines("it is gone").is_empty(), "its good version stays");
    edited.write_all(&two.as_bytes()[40..]).unwrap();
    new.write_all(&three.as_bytes()[40..]).unwrap();
    drop((edited, new));
    agent.pulls(TWO, 1);
    agent.pulls(THREE, 1);
    assert_eq!(agent.world.engine.count(ONE), 1);
}

#[test]
fn a_broken_file_is_told_of_and_its_last_good_version_and_the_others_go_on() {
    let agent = Agent::new();
    agent.write("web.json", ONE);
    agent.write("shop.json", TWO);
    fs::write(agent.path("never-good.json"), "family: web").unwrap();
    let agent = agent.start("1s");
    fs::write(agent.path("web.json"), "{\"containerDefinitions\": [").unwrap();
    agent.sees("two complaints", || agent.lines("a file cannot be used").len() == 2);
    assert!(agent.lines("a file cannot be used")[0].contains(".json"));
    let before = agent.world.engine.count(ONE);
    agent.pulls(ONE, before + 2);
    agent.pulls(TWO, before + 2);
    assert_eq!(agent.lines("a file cannot be used").len(), 2, "once for each");
    agent.write("web.json", THREE);
    agent.pulls(THREE, 1);
    agent.sees("one is whole again", || agent.lines("looked at").last().unwrap().ends_with("broken=1"));
}

#[test]
fn a_removed_file_is_not_pulled_again_and_its_image_stays() {
    let agent = Agent::new();
    agent.write("web.json", ONE);
    agent.write("shop.json", TWO);
    let agent = agent.start("1s");
    agent.pulls(ONE, 2);
    fs::remove_file(agent.path("web.json")).unwrap();
    agent.hears("it is gone");
    agent.pulls(TWO, agent.world.engine.count(TWO) + 1);
    let (ones, twos) = (agent.world.engine.count(ONE), agent.world.engine.count(TWO));
    agent.pulls(TWO, twos + 3);
    assert_eq!(agent.world.engine.count(ONE), ones);
    let asked = agent.world.engine.requests();
    assert!(!asked.iter().any(|request| request.starts_with("DELETE")), "{asked:?}");
}

#[test]
fn an_edit_that_changes_no_image_pulls_nothing() {
    let agent = Agent::new();
    agent.write("web.json", ONE);
    let agent = agent.start("0");
    agent.pulls(ONE, 1);
    let mut wider = definition(ONE);
    wider["cpu"] = "512".into();
    fs::write(agent.path("web.json"), wider.to_string()).unwrap();
    agent.sees("it was read", || agent.lines("read=1").len() == 2);
    agent.goes_on("meanwhile");
    assert_eq!(agent.world.engine.count(ONE), 1);
}

#[test]
fn a_newer_version_takes_the_place_of_the_one_under_way() {
    let agent = Agent::new();
    agent.world.engine.image(ONE, Pull::success().hang());
    agent.write("web.json", ONE);
    let agent = agent.start("1h");
    agent.pulls(ONE, 1);
    agent.write("web.json", TWO);
    agent.pulls(TWO, 1);
    agent.sees("the older one is given up", || {
        agent.world.engine.pulls().iter().any(|pull| pull.image == ONE && pull.ending == Some(Ending::Broken))
    });
    agent.hears("how=Cancelled");
}

#[test]
fn a_folder_that_comes_late_is_replaced_or_is_a_link_is_heard_of() {
    let agent = Agent::new();
    fs::remove_dir(agent.folder()).unwrap();
    let agent = agent.start("1h");
    agent.hears("there is no such folder");
    fs::create_dir(agent.folder()).unwrap();
    agent.write("web.json", ONE);
    agent.pulls(ONE, 1);
    fs::create_dir(agent.beside("new")).unwrap();
    fs::write(agent.beside("new/web.json"), definition(TWO).to_string()).unwrap();
    fs::rename(agent.folder(), agent.beside("old")).unwrap();
    fs::rename(agent.beside("new"), agent.folder()).unwrap();
    agent.pulls(TWO, 1);
    fs::create_dir(agent.beside("linked")).unwrap();
    fs::write(agent.beside("linked/web.json"), definition(THREE).to_string()).unwrap();
    fs::rename(agent.folder(), agent.beside("older")).unwrap();
    symlink("linked", agent.folder()).unwrap();
    agent.pulls(THREE, 1);
    agent.goes_on("later");
}

#[test]
fn a_pipe_a_device_and_a_file_without_end_hold_up_nothing() {
    let agent = Agent::new();
    let pipe = std::process::Command::new("mkfifo").arg(agent.path("pipe.json")).status().unwrap();
    assert!(pipe.success());
    symlink("/dev/zero", agent.path("device.json")).unwrap();
    fs::File::create(agent.path("long.json")).unwrap().set_len(1 << 40).unwrap();
    agent.write("web.json", ONE);
    let agent = agent.start("1h");
    agent.pulls(ONE, 1);
    for (file, said) in [("pipe", "is no regular file"), ("device", "is no regular file"), ("long", "longer than")] {
        let line = format!("{file}.json: {said}");
        agent.sees(&line, || !agent.lines(&line).is_empty());
    }
}

#[test]
fn what_the_kernel_could_not_tell_of_any_more_is_found_all_the_same() {
    let agent = Agent::new();
    agent.write("web.json", ONE);
    let agent = agent.start("0");
    agent.pulls(ONE, 1);
    let process = rustix::process::Pid::from_raw(agent.id().cast_signed()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::STOP).unwrap();
    let most: usize = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    // Two names in turn: of the same one several times in a row the kernel tells once.
    for at in 0..=most {
        fs::write(agent.path(["not", "meant"][at % 2]), "").unwrap();
    }
    agent.write("web.json", TWO);
    rustix::process::kill_process(process, rustix::process::Signal::CONT).unwrap();
    agent.pulls(TWO, 1);
    agent.hears("more has changed than the kernel could tell of");
}

#[test]
fn a_folder_that_cannot_be_watched_is_read_on_a_schedule_and_the_operator_is_told() {
    let agent = Agent::new();
    agent.write("web.json", ONE);
    // The limit of a user namespace of its own, which the agent shares with nobody.
    let script = "echo 0 > /proc/sys/user/max_inotify_watches; exec \"$@\"";
    let unshare = ["--user", "--map-root-user", "sh", "-ec", script, "sh", env!("CARGO_BIN_EXE_taskpull"), "serve"];
    let agent = agent.start_as(unshare.into_iter().fold(Run::program("unshare"), Run::arg), "1s");
    agent.hears("raise fs.inotify.max_user_watches");
    agent.pulls(ONE, 2);
    agent.write("late.json", TWO);
    agent.pulls(TWO, 1);
    assert_eq!(agent.lines("raise fs.inotify").len(), 1);
}
