//! The watched folder: its files are pulled at start, on change, and again after an interval.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::engine::{PullEnd, PullScript};
use crate::support::names::SECRET;
use crate::support::world::{FolderAgent, IMAGE, container, open_container, task};

fn definition(image: &str) -> Value {
    task(&[open_container("app", image)])
}

const ONE: &str = "registry.example/one:1";
const TWO: &str = "registry.example/two:1";
const THREE: &str = "registry.example/three:1";

#[test]
fn files_present_at_start_are_pulled_with_their_own_credentials() {
    let agent = FolderAgent::new();
    agent.world.engine.script(IMAGE, PullScript::success().with_login("me", "swordfish"));
    fs::write(agent.path("private.json"), task(&[container("app", IMAGE, SECRET)]).to_string()).unwrap();
    agent.write("open.json", ONE);
    agent.write("not-meant.json.tmp", TWO);
    let agent = agent.start("1h");
    agent.wait_for_pulls(IMAGE, 1);
    agent.wait_for_pulls(ONE, 1);
    agent.wait_until("both pulls succeeded", || agent.log_lines("result=Succeeded").len() == 2);
    assert_eq!(agent.world.engine.pulls().len(), 2);
}

#[test]
fn edit_rename_and_swapped_link_each_cause_one_pull() {
    let agent = FolderAgent::new().start("1h");
    agent.write("web.json", ONE);
    agent.wait_for_pulls(ONE, 1);
    agent.write("web.json", TWO);
    agent.wait_for_pulls(TWO, 1);
    fs::write(agent.path("web.json.tmp"), definition(THREE).to_string()).unwrap();
    fs::rename(agent.path("web.json.tmp"), agent.path("web.json")).unwrap();
    agent.wait_for_pulls(THREE, 1);
    for (file, image) in [("far-1", "registry.example/far:1"), ("far-2", "registry.example/far:2")] {
        fs::write(agent.sibling_path(file), definition(image).to_string()).unwrap();
        symlink(agent.sibling_path(file), agent.path("link.tmp")).unwrap();
        fs::rename(agent.path("link.tmp"), agent.path("far.json")).unwrap();
        agent.wait_for_pulls(image, 1);
    }
    fs::rename(agent.path("web.json"), agent.path("shop.json")).unwrap();
    agent.wait_for_pulls(THREE, 2);
    assert_eq!(agent.world.engine.pulls().len(), 6);
}

#[test]
fn updated_config_map_is_pulled() {
    let agent = FolderAgent::new();
    mount_config_map(&agent, "..1", ONE);
    symlink("..data/web.json", agent.path("web.json")).unwrap();
    let agent = agent.start("1h");
    agent.wait_for_pulls(ONE, 1);
    mount_config_map(&agent, "..2", TWO);
    fs::remove_dir_all(agent.path("..1")).unwrap();
    agent.wait_for_pulls(TWO, 1);
}

/// Updates a `ConfigMap` volume as the kubelet does: it writes a new folder and renames the link `..data`.
fn mount_config_map(agent: &FolderAgent, version: &str, image: &str) {
    fs::create_dir(agent.path(version)).unwrap();
    fs::write(agent.path(version).join("web.json"), definition(image).to_string()).unwrap();
    symlink(version, agent.path("..data_tmp")).unwrap();
    fs::rename(agent.path("..data_tmp"), agent.path("..data")).unwrap();
}

#[test]
fn partially_written_file_is_ignored_until_it_is_complete() {
    let agent = FolderAgent::new();
    agent.write("web.json", ONE);
    let agent = agent.start("1h");
    agent.wait_for_pulls(ONE, 1);
    let [mut edited, mut new] = ["web.json", "new.json"].map(|name| fs::File::create(agent.path(name)).unwrap());
    let [two, three] = [TWO, THREE].map(|image| definition(image).to_string());
    edited.write_all(&two.as_bytes()[..40]).unwrap();
    new.write_all(&three.as_bytes()[..40]).unwrap();
    agent.wait_until("the new file was read", || agent.log_lines("read=").len() == 2);
    agent.pull_another("meanwhile");
    assert!(agent.log_lines("definition file removed").is_empty(), "the last valid version stays");
    edited.write_all(&two.as_bytes()[40..]).unwrap();
    new.write_all(&three.as_bytes()[40..]).unwrap();
    drop((edited, new));
    agent.wait_for_pulls(TWO, 1);
    agent.wait_for_pulls(THREE, 1);
    assert_eq!(agent.world.engine.pull_count(ONE), 1);
}

#[test]
fn broken_file_is_reported_once_and_its_last_valid_version_stays() {
    let agent = FolderAgent::new();
    agent.write("web.json", ONE);
    agent.write("shop.json", TWO);
    fs::write(agent.path("never-good.json"), "family: web").unwrap();
    let agent = agent.start("1s");
    fs::write(agent.path("web.json"), "{\"containerDefinitions\": [").unwrap();
    agent.wait_until("both broken files are reported", || agent.log_lines("definition file is invalid").len() == 2);
    assert!(agent.log_lines("definition file is invalid")[0].contains(".json"));
    let before = agent.world.engine.pull_count(ONE);
    agent.wait_for_pulls(ONE, before + 2);
    agent.wait_for_pulls(TWO, before + 2);
    assert_eq!(agent.log_lines("definition file is invalid").len(), 2, "each file is reported once");
    agent.write("web.json", THREE);
    agent.wait_for_pulls(THREE, 1);
    agent.wait_until("one file is valid again", || {
        agent.log_lines("folder scanned").last().unwrap().ends_with("invalid=1")
    });
}

#[test]
fn removed_file_is_not_pulled_again_and_its_image_stays() {
    let agent = FolderAgent::new();
    agent.write("web.json", ONE);
    agent.write("shop.json", TWO);
    let agent = agent.start("1s");
    agent.wait_for_pulls(ONE, 2);
    fs::remove_file(agent.path("web.json")).unwrap();
    agent.wait_for_log("definition file removed");
    agent.wait_for_pulls(TWO, agent.world.engine.pull_count(TWO) + 1);
    let (ones, twos) = (agent.world.engine.pull_count(ONE), agent.world.engine.pull_count(TWO));
    agent.wait_for_pulls(TWO, twos + 3);
    assert_eq!(agent.world.engine.pull_count(ONE), ones);
    let requests = agent.world.engine.requests();
    assert!(!requests.iter().any(|request| request.starts_with("DELETE")), "{requests:?}");
}

#[test]
fn edit_without_an_image_change_pulls_nothing() {
    let agent = FolderAgent::new();
    agent.write("web.json", ONE);
    let agent = agent.start("0");
    agent.wait_for_pulls(ONE, 1);
    let mut wider = definition(ONE);
    wider["cpu"] = "512".into();
    fs::write(agent.path("web.json"), wider.to_string()).unwrap();
    agent.wait_until("the edited file was read", || agent.log_lines("read=1").len() == 2);
    agent.pull_another("meanwhile");
    assert_eq!(agent.world.engine.pull_count(ONE), 1);
}

#[test]
fn newer_version_of_a_file_cancels_the_running_pull() {
    let agent = FolderAgent::new();
    agent.world.engine.script(ONE, PullScript::success().hang());
    agent.write("web.json", ONE);
    let agent = agent.start("1h");
    agent.wait_for_pulls(ONE, 1);
    agent.write("web.json", TWO);
    agent.wait_for_pulls(TWO, 1);
    agent.wait_until("the older pull is cancelled", || {
        agent.world.engine.pulls().iter().any(|pull| pull.image == ONE && pull.ending == Some(PullEnd::Broken))
    });
    agent.wait_for_log("result=Cancelled");
}

#[test]
fn created_replaced_or_linked_folder_is_watched() {
    let agent = FolderAgent::new();
    fs::remove_dir(agent.folder()).unwrap();
    let agent = agent.start("1h");
    agent.wait_for_log("watched folder does not exist");
    fs::create_dir(agent.folder()).unwrap();
    agent.write("web.json", ONE);
    agent.wait_for_pulls(ONE, 1);
    fs::create_dir(agent.sibling_path("new")).unwrap();
    fs::write(agent.sibling_path("new/web.json"), definition(TWO).to_string()).unwrap();
    fs::rename(agent.folder(), agent.sibling_path("old")).unwrap();
    fs::rename(agent.sibling_path("new"), agent.folder()).unwrap();
    agent.wait_for_pulls(TWO, 1);
    fs::create_dir(agent.sibling_path("linked")).unwrap();
    fs::write(agent.sibling_path("linked/web.json"), definition(THREE).to_string()).unwrap();
    fs::rename(agent.folder(), agent.sibling_path("older")).unwrap();
    symlink("linked", agent.folder()).unwrap();
    agent.wait_for_pulls(THREE, 1);
    agent.pull_another("later");
}

#[test]
fn pipe_device_or_huge_file_does_not_block_other_files() {
    let agent = FolderAgent::new();
    let pipe = std::process::Command::new("mkfifo").arg(agent.path("pipe.json")).status().unwrap();
    assert!(pipe.success());
    symlink("/dev/zero", agent.path("device.json")).unwrap();
    fs::File::create(agent.path("long.json")).unwrap().set_len(1 << 40).unwrap();
    agent.write("web.json", ONE);
    let agent = agent.start("1h");
    agent.wait_for_pulls(ONE, 1);
    for (file, reason) in
        [("pipe", "is not a regular file"), ("device", "is not a regular file"), ("long", "is longer than")]
    {
        let line = format!("{file}.json {reason}");
        agent.wait_until(&line, || !agent.log_lines(&line).is_empty());
    }
}

#[test]
fn inotify_queue_overflow_forces_a_rescan() {
    let agent = FolderAgent::new();
    agent.write("web.json", ONE);
    let agent = agent.start("0");
    agent.wait_for_pulls(ONE, 1);
    agent.signal(Signal::STOP);
    let most: usize = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    // Two alternating names are needed: the kernel merges consecutive events of one file.
    for at in 0..=most {
        fs::write(agent.path(["not", "meant"][at % 2]), "").unwrap();
    }
    agent.write("web.json", TWO);
    agent.signal(Signal::CONT);
    agent.wait_for_pulls(TWO, 1);
    agent.wait_for_log("inotify queue overflowed");
}

#[test]
fn folder_without_inotify_watches_is_polled_and_the_limit_is_reported() {
    let agent = FolderAgent::new();
    agent.write("web.json", ONE);
    // The limit applies to a user namespace that only this agent uses.
    let script = "echo 0 > /proc/sys/user/max_inotify_watches; exec \"$@\"";
    let agent = agent.start_wrapped(&["unshare", "--user", "--map-root-user", "sh", "-ec", script, "sh"], "1s");
    agent.wait_for_log("raise fs.inotify.max_user_watches");
    agent.wait_for_pulls(ONE, 2);
    agent.write("late.json", TWO);
    agent.wait_for_pulls(TWO, 1);
    assert_eq!(agent.log_lines("raise fs.inotify").len(), 1);
}
