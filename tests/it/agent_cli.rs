//! The commands that use a running agent: `pull --agent`, `status` and `cancel`.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};

use serde_json::{Value, json};

use crate::support::engine::PullScript;
use crate::support::gate::Gate;
use crate::support::names::SECRET;
use crate::support::run::{Run, RunOutput};
use crate::support::world::{Agent, AgentHome, IMAGE, World, container, open_container, task};

fn pull(home: &AgentHome, words: &[&str], definition: &Value) -> Run {
    home.command(&[&["pull", "--agent", "-"], words].concat()).stdin(definition.to_string())
}

#[test]
fn agent_pull_prints_the_same_report_as_a_direct_pull() {
    let (world, home) = (World::new(), AgentHome::new());
    let _agent = Agent::start(&home, &world);
    let definition = task(&[container("app", IMAGE, SECRET), open_container("more", "registry.example:5000/b:1")]);
    let output = pull(&home, &["--output", "json"], &definition).output();
    assert_eq!((output.code, output.report()["summary"]["pulled"].clone()), (0, json!(2)), "{output:?}");
    assert!(output.stderr.contains(&format!("{IMAGE}: pulling")), "{output:?}");
    let text = pull(&home, &[], &definition).output();
    assert!(text.stdout.contains("web (-)") && text.stdout.contains("2 "), "{text:?}");
    let events = pull(&home, &["--output", "json", "--events"], &definition).output();
    let last: Value = serde_json::from_str(events.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "report", "{events:?}");
    let planned = pull(&home, &["--dry-run", "--output", "json"], &definition).output();
    assert_eq!(planned.report()["summary"]["planned"], 2, "{planned:?}");
}

#[test]
fn agent_pull_exits_with_the_same_codes_as_a_direct_pull() {
    let (world, home) = (World::new(), AgentHome::new());
    world.engine.script(IMAGE, PullScript::refusal(404, "manifest unknown"));
    let _agent = Agent::start(&home, &world);
    let output = pull(&home, &["--output", "json"], &task(&[open_container("app", IMAGE)])).output();
    assert_eq!((output.code, &*output.failure(0)), (3, "manifest absent"), "{output:?}");
    let output = pull(&home, &["--output", "json"], &task(&[open_container("app", "UPPER")])).output();
    assert_eq!((output.code, &*output.failure(0)), (4, "definition invalid"), "{output:?}");
    let output = home.command(&["pull", "--agent", "/nonexistent.json", "--output", "json"]).output();
    assert_eq!((output.code, output.report()["summary"]["invalidInputs"].clone()), (4, json!(1)));
}

#[test]
fn ctrl_c_stops_following_but_not_the_request() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::start(&home, &world);
    let mut child = pull(&home, &[], &task(&[open_container("app", IMAGE)])).start();
    gate.block_until_arrivals(1);
    // The command follows the request as soon as it has printed a line.
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    stderr.read_to_string(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let id = agent.get("/v1/pulls").json()["pulls"][0]["id"].as_str().unwrap().to_owned();
    assert!(line.contains(&format!("taskpull cancel {id}")), "{line}");
    gate.open();
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
}

#[test]
fn agent_pull_is_followed_across_an_agent_restart() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script_once(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::start(&home, &world);
    let child = pull(&home, &["--output", "json"], &task(&[open_container("app", IMAGE)])).start();
    gate.block_until_arrivals(1);
    agent.kill();
    let _agent = Agent::start(&home, &world);
    let output = RunOutput::wait_for(child);
    assert_eq!((output.code, output.report()["summary"]["pulled"].clone()), (0, json!(1)), "{output:?}");
}

#[test]
fn agent_pull_reports_a_pending_retry() {
    let (world, home) = (World::new(), AgentHome::new());
    let refused = PullScript::refusal(500, "received unexpected HTTP status: 503 Service Unavailable");
    world.engine.script_once(IMAGE, refused);
    let _agent = Agent::from_run(home.serve(&world).env("TASKPULL_ATTEMPTS", "1"), &home);
    let output = pull(&home, &["--output", "json"], &task(&[open_container("app", IMAGE)])).output();
    assert_eq!((output.code, output.report()["summary"]["pulled"].clone()), (0, json!(1)), "{output:?}");
    assert!(output.stderr.contains("will be retried at 2") && output.stderr.contains("(unavailable)"), "{output:?}");
}

#[test]
fn status_lists_requests_and_cancel_ends_one() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::start(&home, &world);
    let id = agent.submit(&task(&[open_container("app", IMAGE)])).id();
    gate.block_until_arrivals(1);
    let all = home.command(&["status"]).output();
    assert!(all.stdout.contains(&format!("{id}  running")), "{all:?}");
    let one = home.command(&["status", &id]).output();
    assert!(one.stdout.contains(&format!("extracting    {IMAGE}")), "{one:?}");
    let watching = home.command(&["status", "--watch", "--output", "json", &id]).start();
    let cancelled = home.command(&["cancel", &id]).output();
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    let watched = RunOutput::wait_for(watching);
    let last: Value = serde_json::from_str(watched.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((watched.code, &last["state"]), (0, &json!("cancelled")));
    let json: Value = serde_json::from_str(&home.command(&["status", "--output", "json"]).output().stdout).unwrap();
    assert_eq!(json[0]["id"], id);
    let again = home.command(&["cancel", &id]).output();
    assert_eq!(again.code, 7);
    assert!(again.stderr.contains("has ended"), "{again:?}");
    let unknown = home.command(&["status", "no such thing"]).output();
    assert!(unknown.code == 7 && unknown.stderr.contains("there is no request"), "{unknown:?}");
}

#[test]
fn missing_agent_error_names_the_socket_and_how_to_start_it() {
    let home = AgentHome::new();
    for words in [&["status"][..], &["cancel", "1"], &["pull", "--agent", "/dev/null"]] {
        let output = home.command(words).output();
        assert_eq!(output.code, 7, "{output:?}");
        assert!(output.stderr.contains(&home.socket().display().to_string()), "{output:?}");
        assert!(output.stderr.contains("systemctl start taskpull"), "{output:?}");
    }
}

#[test]
fn socket_permission_error_names_the_group() {
    let (world, home) = (World::new(), AgentHome::new());
    let _agent = Agent::from_run(home.serve(&world).env("TASKPULL_SOCKET_GROUP", "0"), &home);
    // The user of this run may have no access to the build folder, so the program is copied.
    let program = home.socket().with_file_name("taskpull");
    fs::copy(env!("CARGO_BIN_EXE_taskpull"), &program).unwrap();
    let run = Run::program("setpriv").arg("--reuid=61001").arg("--regid=61001").arg("--clear-groups");
    let output = run.arg(program).arg("status").arg("--socket").arg(home.socket()).output();
    assert_eq!(output.code, 7, "{output:?}");
    assert!(output.stderr.contains("add the user to the group root"), "{output:?}");
}
