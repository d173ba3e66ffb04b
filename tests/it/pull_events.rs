//! The JSON report and the events before it, checked against their schemas.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::engine::PullScript;
use crate::support::gate::Gate;
use crate::support::names::SECRET;
use crate::support::run::{Run, RunOutput};
use crate::support::schema;
use crate::support::world::{IMAGE, World, container, open_container, task};

const OTHER: &str = "registry.example:5000/team/other:v2";

fn schema_of(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn run_with_events(world: &World, definition: &Value) -> Run {
    world.pull(definition).arg("--events")
}

/// Returns the events of a run after checking each against the schema.
fn events(ended: &RunOutput) -> Vec<Value> {
    let schema = schema_of("events.schema.json");
    let lines = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.inspect(|event| schema::assert_valid(&schema, event)).collect()
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn each_state_change_is_an_event_and_the_report_comes_last() {
    let world = World::new();
    world
        .engine
        .script_once(IMAGE, PullScript::refusal(500, "received unexpected HTTP status: 503 Service Unavailable"));
    let definition = task(&[container("app", IMAGE, SECRET), container("again", IMAGE, SECRET)]);
    let ended = run_with_events(&world, &definition).output();
    let events = events(&ended);
    let (event_names, last) = (names(&events), events.last().unwrap());
    assert_eq!(event_names[..4], ["authorizing", "waiting", "pulling", "retrying"], "{ended:?}");
    assert_eq!(event_names[event_names.len() - 2..], ["end", "report"]);
    let containers = json!([{ "source": "-", "name": "app" }, { "source": "-", "name": "again" }]);
    assert_eq!(
        (&events[0]["pull"], &events[0]["image"], &events[0]["containers"]),
        (&json!(0), &json!(IMAGE), &containers)
    );
    assert_eq!((&events[3]["attempt"], &events[3]["error"]["class"]), (&json!(2), &json!("unavailable")));
    let end = &events[events.len() - 2];
    let report = &last["report"];
    schema::assert_valid(&schema_of("report.schema.json"), report);
    assert_eq!(end["result"], "pulled");
    assert_eq!(end["digest"], report["tasks"][0]["containers"][0]["digest"]);
    assert!(end["time"].as_str().unwrap().ends_with('Z'), "{end}");
    assert_eq!(ended.code, 0);
}

#[test]
fn every_kind_of_report_matches_its_schema() {
    let world = World::new();
    let schema = schema_of("report.schema.json");
    let definition = task(&[
        container("app", IMAGE, SECRET),
        open_container("other", OTHER),
        open_container("bad", "UPPER"),
        container("no-arn", OTHER, "arn:aws:ssm:x"),
    ]);
    let hold = |ended: &RunOutput| schema::assert_valid(&schema, &ended.report());
    hold(&world.pull(&definition).arg("--dry-run").output());
    world
        .engine
        .script_once(IMAGE, PullScript::refusal(500, "received unexpected HTTP status: 503 Service Unavailable"));
    hold(&world.pull(&definition).output());
    world.engine.script(OTHER, PullScript::refusal(404, "manifest unknown"));
    hold(&world.pull(&definition).arg("--behavior=default").output());
    hold(&world.pull(&definition).arg("--behavior=prefer-cached").output());
    hold(&world.pull(&definition).arg("--platform=linux/arm64").output());
    hold(&world.pull(&json!({})).output());
}

#[test]
fn fallback_to_the_cached_image_is_reported_before_the_end_event() {
    let world = World::new();
    let definition = task(&[open_container("app", IMAGE)]);
    world.pull(&definition).output();
    world.engine.script(IMAGE, PullScript::refusal(500, "received unexpected HTTP status: 503 Service Unavailable"));
    let run = run_with_events(&world, &definition).arg("--behavior=default").env("TASKPULL_ATTEMPTS", "1");
    let events = events(&run.output());
    let event_names = names(&events);
    assert_eq!(event_names[event_names.len() - 3..], ["falling-back", "end", "report"]);
    assert_eq!(events[events.len() - 3]["error"]["class"], "unavailable");
    assert_eq!(events[events.len() - 2]["result"], "cached");
}

#[test]
fn progress_events_are_throttled_and_the_end_event_has_all_bytes() {
    let world = World::new();
    let line = |current: u64| json!({ "id": "a1", "status": "Downloading", "progressDetail": { "current": current, "total": 60_000 } });
    let mut slow = PullScript::stream();
    for at in 1..=60 {
        slow = slow.line(&line(at * 1_000)).pause(Duration::from_millis(20));
    }
    world.engine.script(IMAGE, slow.error("manifest unknown"));
    let events = events(&run_with_events(&world, &task(&[open_container("app", IMAGE)])).output());
    let pulling = names(&events).iter().filter(|name| **name == "pulling").count();
    assert!((2..=20).contains(&pulling), "{pulling} of 60 lines, in 1.2 s where nothing else runs");
    let end = &events[events.len() - 2];
    assert_eq!((&end["result"], &end["bytes"]), (&json!("failed"), &json!(60_000)));
}

#[test]
fn events_are_written_immediately_and_a_closed_reader_is_no_failure() {
    let world = World::new();
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let mut child = run_with_events(&world, &task(&[open_container("app", IMAGE)])).start();
    gate.block_until_arrivals(1);
    let mut stdout = child.stdout.take().unwrap();
    let mut start = [0; 10];
    stdout.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"{\"time\":\"2");
    drop(stdout);
    gate.open();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(world.engine.pull_count(IMAGE), 1);
}

#[test]
fn events_require_json_output_and_a_dry_run_emits_only_the_report() {
    let world = World::new();
    let definition = task(&[open_container("app", IMAGE)]);
    let ended = world.configure(Run::new(["pull", "--events", "-"]).stdin(definition.to_string())).output();
    assert_eq!((ended.code, &*ended.stdout), (2, ""));
    assert!(ended.stderr.contains("--output json"), "{ended:?}");
    assert_eq!(names(&events(&run_with_events(&world, &definition).arg("--dry-run").output())), ["report"]);
}
