//! The audit log of a running agent.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::aws::{Policy, Secret};
use crate::support::engine::PullScript;
use crate::support::gate::Gate;
use crate::support::leak::{Canary, Folder};
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::support::namespace::small_disk_command;
use crate::support::schema;
use crate::support::world::{AgentSetup, IMAGE, StoppedAgent, World, audit_lines, container, open_container, task};

const ABSENT: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:absent-Ab12Cd";

fn request_id(call: usize) -> String {
    format!("{call:08x}-5243-4f4e-8a11-0242ac110002")
}

#[test]
fn audit_line_names_credential_and_aws_calls_but_no_secret() {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    let password = "c4nary-ÿ-\"quoted\"-~~~???-and-long-enough";
    let login = json!({ "username": "user-name-that-is-a-token", "password": password });
    world.aws.put_secret(Secret::text(SECRET, &login.to_string()));
    let mut definition = task(&[container("app", IMAGE, SECRET), container("side", IMAGE, ABSENT)]);
    definition["executionRoleArn"] = json!(ROLE);
    let agent = AgentSetup::new().request(&definition).start(&world);
    let metrics = agent.metrics_with(r#"taskpull_audit_lines_total{result="written"} 2"#);
    let StoppedAgent { audit: trail, log: stderr, home } = agent.stop();

    let [app, side] = &trail[..] else { panic!("{trail:?}") };
    let text = |key: &str| app[key].as_str().unwrap_or_default();
    assert_eq!([text("event"), text("source"), text("task"), text("container")], ["pull", "web.json", "web", "app"]);
    assert_eq!(
        (&app["submittedBy"], text("image"), text("result")),
        (&json!({ "from": "peer", "uid": 7, "gid": 8 }), IMAGE, "pulled")
    );
    assert!(text("digest").starts_with("sha256:") && app["durationMs"].is_u64(), "{app}");
    let credential = &app["credential"];
    assert_eq!((&credential["arn"], &credential["identity"]), (&json!(SECRET), &json!(ROLE)));
    assert!(credential["versionId"].is_string(), "{app}");
    let calls = world.aws.calls();
    let call = |operation: &str, target: &str| {
        let is_match = |call: &crate::support::aws::RecordedCall| {
            call.operation == operation && call.target.as_deref() == Some(target)
        };
        request_id(calls.iter().position(is_match).unwrap() + 1)
    };
    let expected = json!([
        { "operation": "AssumeRole", "id": call("AssumeRole", ROLE) },
        { "operation": "GetSecretValue", "id": call("GetSecretValue", SECRET) },
    ]);
    assert_eq!(credential["awsRequests"], expected);
    assert_eq!((&side["result"], &side["failure"]["class"]), (&json!("failed"), &json!("absent")));
    let cause = side["failure"]["causedBy"].to_string();
    assert!(cause.contains(&call("GetSecretValue", ABSENT)), "the failure quotes the request id: {cause}");

    let schema = serde_json::from_str(&taskpull::agent::audit::schema::audit()).unwrap();
    for line in &trail {
        schema::assert_valid(&schema, line);
    }
    for (name, value) in
        [("password", password), ("user name", "user-name-that-is-a-token"), ("key", &world.host.secret)]
    {
        let canary = Canary::new(name, value);
        assert_eq!(canary.find_in_bytes("metrics", metrics.as_bytes()), []);
        assert_eq!(canary.find_in_bytes("stderr", stderr.as_bytes()), []);
        assert_eq!(canary.scan_folder(&Folder::new(home.path(""))).findings, []);
    }
}

#[test]
fn sighup_reopens_a_rotated_audit_log() {
    let world = World::new();
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let prepared = AgentSetup::new();
    let trail = prepared.audit().join("trail");
    let watched = prepared.request(&task(&[open_container("app", IMAGE)])).start(&world);
    gate.block_until_arrivals(1);
    fs::rename(&trail, trail.with_extension("1")).unwrap();
    watched.agent.signal(Signal::HUP);
    watched.agent.wait_for_log("configuration reloaded");
    gate.open();
    watched.metrics_with(r#"taskpull_audit_lines_total{result="written"} 1"#);
    let StoppedAgent { audit: lines, home, .. } = watched.stop();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(fs::read_to_string(home.path("audit/trail.1")).unwrap(), "");
}

#[test]
fn full_disk_loses_audit_lines_but_no_pulls() {
    let world = World::new();
    let containers: Vec<Value> = (0..40).map(|at| open_container(&format!("c{at}"), IMAGE)).collect();
    let prepared = AgentSetup::new().request(&task(&containers));
    let (trail, line) = (prepared.audit().join("trail"), small_disk_command(&prepared.audit(), "4k"));
    let watched = prepared.start_wrapped(&world, &line);
    watched.metrics_with(r#"taskpull_requests_total{ending="succeeded"} 1"#);
    watched.agent.wait_for_log("audit log cannot be written");
    let count = |result: &str| {
        let line = format!("taskpull_audit_lines_total{{result=\"{result}\"}} ");
        watched.metrics().lines().find_map(|metric| metric.strip_prefix(&line)?.parse::<usize>().ok()).unwrap()
    };
    // The audit log is written in the background, also after the request has ended.
    while count("written") + count("lost") < 40 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(count("written") > 0 && count("lost") > 0, "{} were lost", count("lost"));
    let text = fs::read_to_string(watched.path_in_agent(&trail)).unwrap();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    assert_eq!(audit_lines(&text[..whole]).len(), count("written"));
    watched.stop();
}
