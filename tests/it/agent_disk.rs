//! A full disk below the state folder: new requests are rejected, accepted requests are not lost, and the agent
//! recovers when space is freed.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::engine::PullScript;
use crate::support::gate::Gate;
use crate::support::namespace::small_disk_command;
use crate::support::run::Run;
use crate::support::world::{Agent, AgentHome, IMAGE, World, open_container, task};

/// Starts an agent whose state folder is a disk of 64 KiB. Returns it with the path of the disk as the test sees it.
fn start_on_small_disk(home: &AgentHome, world: &World) -> (Agent, PathBuf) {
    fs::create_dir(home.state()).unwrap();
    let line = small_disk_command(&home.state(), "64k");
    let run = line[1..].iter().fold(Run::program(&line[0]), Run::arg).arg(env!("CARGO_BIN_EXE_taskpull"));
    let run = run.arg("serve").arg("--socket").arg(home.socket()).arg("--state-folder").arg(home.state());
    let agent = Agent::from_run(world.configure(run), home);
    let disk = format!("/proc/{}/root{}", agent.id(), home.state().display());
    (agent, disk.into())
}

/// Fills the disk completely. Returns the file that occupies it.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("others");
    let mut file = File::create(&path).unwrap();
    let error = loop {
        if let Err(error) = file.write_all(&[0; 4_096]) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    path
}

fn condition(answer: &Value, name: &str) -> Value {
    let conditions = answer["conditions"].as_array().unwrap();
    conditions.iter().find(|condition| condition["name"] == name).unwrap_or_else(|| panic!("{answer}")).clone()
}

#[test]
fn full_state_disk_rejects_new_requests_and_finishes_accepted_ones() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script_once(IMAGE, PullScript::success().hold(&gate));
    let (agent, disk) = start_on_small_disk(&home, &world);
    let definition = task(&[open_container("app", IMAGE)]);
    let before = agent.submit(&definition).id();
    gate.block_until_arrivals(1);
    let filler = fill(&disk);

    let refused = agent.submit(&definition);
    assert_eq!((refused.status, refused.problem_type().as_str()), (507, "not-kept"));
    let failure = &refused.json()["failure"];
    assert_eq!((&failure["link"], &failure["class"]), (&"disk".into(), &"disk-full".into()), "{failure}");
    assert!(failure["hint"].as_str().unwrap().contains("free space on this disk"), "{failure}");
    let ready = agent.get("/v1/ready");
    assert_eq!(ready.status, 503);
    assert_eq!(condition(&ready.json(), "state-folder")["failure"]["class"], "disk-full");
    assert_eq!(agent.get("/v1/health").status, 200, "the agent is alive: a restart would not help");

    gate.open();
    let view = agent.wait_for_end(&before);
    assert_eq!(view["state"], "succeeded");
    assert_eq!(view["report"]["summary"]["pulled"], 1, "the report is available from memory");
    let list = agent.get("/v1/pulls").json();
    assert_eq!(list["pulls"].as_array().unwrap().len(), 1, "the rejected request is not listed");
    let files = fs::read_dir(disk.join("requests")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(files.collect::<Vec<_>>(), [format!("{before}.json").as_str()], "the rejected request leaves no file");

    fs::remove_file(filler).unwrap();
    assert_eq!(agent.get("/v1/ready").status, 200);
    let after = agent.submit(&definition);
    assert_eq!(after.status, 202, "{after:?}");
    assert_eq!(agent.wait_for_end(&after.id())["state"], "succeeded");
}
