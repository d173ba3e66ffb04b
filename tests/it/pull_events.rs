//! What a program reads: the report, and the events before it, held to their schemas.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::engine::Pull;
use crate::support::gate::Gate;
use crate::support::run::{Ended, Run};
use crate::support::schema;
use crate::support_aws_client::SECRET;
use crate::task::{IMAGE, World, container, open_container, task, wait_for};

const OTHER: &str = "registry.example:5000/team/other:v2";

fn schema_of(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn following(world: &World, definition: &Value) -> Run {
    world.pull(definition).arg("--events")
}

/// The lines, each held to the schema.
fn events(ended: &Ended) -> Vec<Value> {
    let schema = schema_of("events.schema.json");
    let lines = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.inspect(|event| schema::hold(&schema, event)).collect()
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn each_change_is_a_line_and_the_report_the_last() {
    let world = World::new();
    world.engine.once(IMAGE, Pull::refused(500, "received unexpected HTTP status: 503 Service Unavailable"));
    let definition = task(&[container("app", IMAGE, SECRET), container("again", IMAGE, SECRET)]);
    let ended = following(&world, &definition).end();
    let events = events(&ended);
    let (first, last) = (names(&events), events.last().unwrap());
    assert_eq!(first[..4], ["authorizing", "waiting", "pulling", "retrying"], "{ended:?}");
    assert_eq!(first[first.len() - 2..], ["end", "report"]);
    let wanting = json!([{ "source": "-", "name": "app" }, { "source": "-", "name": "again" }]);
    assert_eq!(
        (&events[0]["pull"], &events[0]["image"], &events[0]["containers"]),
        (&json!(0), &json!(IMAGE), &wanting)
    );
    assert_eq!((&events[3]["attempt"], &events[3]["error"]["class"]), (&json!(2), &json!("unavailable")));
    let end = &events[events.len() - 2];
    let report = &last["report"];
    schema::hold(&schema_of("report.schema.json"), report);
    assert_eq!(end["result"], "pulled");
    assert_eq!(end["digest"], report["tasks"][0]["containers"][0]["digest"]);
    assert!(end["time"].as_str().unwrap().ends_with('Z'), "{end}");
    assert_eq!(ended.code, 0);
}

#[test]
fn reports_of_every_kind_are_what_their_schema_says() {
    let world = World::new();
    let schema = schema_of("report.schema.json");
    let definition = task(&[
        container("app", IMAGE, SECRET),
        open_container("other", OTHER),
        open_container("bad", "UPPER"),
        container("no-arn", OTHER, "arn:aws:ssm:x"),
    ]);
    let hold = |ended: &Ended| schema::hold(&schema, &ended.report());
    hold(&world.pull(&definition).arg("--dry-run").end());
    world.engine.once(IMAGE, Pull::refused(500, "received unexpected HTTP status: 503 Service Unavailable"));
    hold(&world.pull(&definition).end());
    world.engine.image(OTHER, Pull::refused(404, "manifest unknown"));
    hold(&world.pull(&definition).arg("--behavior=default").end());
    hold(&world.pull(&definition).arg("--behavior=prefer-cached").end());
    hold(&world.pull(&definition).arg("--platform=linux/arm64").end());
    hold(&world.pull(&json!({})).end());
}

#[test]
fn a_copy_that_serves_instead_is_told_before_the_end() {
    let world = World::new();
    let definition = task(&[open_container("app", IMAGE)]);
    world.pull(&definition).end();
    world.engine.image(IMAGE, Pull::refused(500, "received unexpected HTTP status: 503 Service Unavailable"));
    let run = following(&world, &definition).arg("--behavior=default").env("TASKPULL_ATTEMPTS", "1");
    let events = events(&run.end());
    let told = names(&events);
    assert_eq!(told[told.len() - 3..], ["falling-back", "end", "report"]);
    assert_eq!(events[events.len() - 3]["error"]["class"], "unavailable");
    assert_eq!(events[events.len() - 2]["result"], "cached");
}

#[test]
fn how_far_a_pull_is_is_said_twice_a_second_and_the_end_has_the_sum() {
    let world = World::new();
    let line = |current: u64| json!({ "id": "a1", "status": "Downloading", "progressDetail": { "current": current, "total": 60_000 } });
    let mut slow = Pull::stream();
    for at in 1..=60 {
        slow = slow.line(&line(at * 1_000)).pause(Duration::from_millis(20));
    }
    world.engine.image(IMAGE, slow.error("manifest unknown"));
    let events = events(&following(&world, &task(&[open_container("app", IMAGE)])).end());
    let pulling = names(&events).iter().filter(|name| **name == "pulling").count();
    assert!((2..=20).contains(&pulling), "{pulling} of 60 lines, in 1.2 s where nothing else runs");
    let end = &events[events.len() - 2];
    assert_eq!((&end["result"], &end["bytes"]), (&json!("failed"), &json!(60_000)));
}

#[test]
fn lines_come_while_it_happens_and_a_reader_that_goes_away_is_no_failure() {
    let world = World::new();
    let gate = Gate::closed();
    world.engine.image(IMAGE, Pull::success().hold(&gate));
    let mut child = following(&world, &task(&[open_container("app", IMAGE)])).start();
    wait_for(&gate, 1);
    let mut stdout = child.stdout.take().unwrap();
    let mut begin = [0; 10];
    stdout.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"{\"time\":\"2");
    drop(stdout);
    gate.open();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(world.engine.count(IMAGE), 1);
}

#[test]
fn events_are_for_json_and_a_plan_has_one() {
    let world = World::new();
    let definition = task(&[open_container("app", IMAGE)]);
    let ended = world.set(Run::new(["pull", "--events", "-"]).stdin(definition.to_string())).end();
    assert_eq!((ended.code, &*ended.stdout), (2, ""));
    assert!(ended.stderr.contains("--output json"), "{ended:?}");
    assert_eq!(names(&events(&following(&world, &definition).arg("--dry-run").end())), ["report"]);
}
