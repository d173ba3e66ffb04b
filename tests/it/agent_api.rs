//! The pull requests of the agent's API: submit, list, follow and cancel.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::support::engine::PullScript;
use crate::support::gate::Gate;
use crate::support::names::SECRET;
use crate::support::schema;
use crate::support::world::{
    Agent, AgentHome, ApiResponse, IMAGE, World, container, http_request, open_container, task,
};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn definition() -> Value {
    task(&[container("app", IMAGE, SECRET)])
}

/// Returns a schema of the served OpenAPI document together with the schemas that it refers to.
fn schema_of(agent: &Agent, name: &str) -> Value {
    let document = agent.get("/v1/openapi.json").body.replace("#/components/schemas/", "#/$defs/");
    let document: Value = serde_json::from_str(&document).unwrap();
    let mut schema = document["components"]["schemas"][name].clone();
    schema["$defs"] = document["components"]["schemas"].clone();
    schema
}

#[test]
fn submission_is_accepted_before_its_pull_ends() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::start(&home, &world);
    let answer = agent.send("POST", "/v1/pulls?source=%2Fetc%2Fweb.json", &[JSON], &definition().to_string());
    assert_eq!(answer.status, 202, "{answer:?}");
    let id = answer.id();
    assert!(answer.head.contains(&format!("location: /v1/pulls/{id}")), "{answer:?}");
    assert_eq!(answer.json()["source"], "/etc/web.json");
    assert_eq!(answer.json()["pulls"][0]["image"], IMAGE);
    gate.block_until_arrivals(1);
    let view = agent.get(&format!("/v1/pulls/{id}")).json();
    assert_eq!(view["state"], "running");
    // The bytes are complete while the engine is held: the agent may have read that or not.
    assert!([json!("pulling"), json!("extracting")].contains(&view["pulls"][0]["state"]), "{view}");
    let list = |path: &str| agent.get(path).json()["pulls"].as_array().unwrap().len();
    assert_eq!((list("/v1/pulls"), list("/v1/pulls?state=succeeded")), (1, 0));
    gate.open();
    let view = agent.wait_for_end(&id);
    assert_eq!(view["state"], "succeeded");
    assert_eq!(view["report"]["tasks"][0]["containers"][0]["result"], "pulled");
    assert_eq!((list("/v1/pulls?limit=1"), list("/v1/pulls?state=succeeded")), (1, 1));
    schema::assert_valid(&schema_of(&agent, "Pull"), &view);
}

#[test]
fn events_reach_late_subscribers_and_end_with_the_report() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::start(&home, &world);
    let mut first = agent.connect();
    let headers = [JSON, ("Accept", "application/x-ndjson")];
    first.write_all(&http_request("POST", "/v1/pulls", &headers, &definition().to_string())).unwrap();
    gate.block_until_arrivals(1);
    let id = agent.get("/v1/pulls").json()["pulls"][0]["id"].as_str().unwrap().to_owned();
    let events = format!("/v1/pulls/{id}/events");
    let mut late = agent.connect();
    late.write_all(&http_request("GET", &events, &[], "")).unwrap();
    let mut disconnected = agent.connect();
    disconnected.write_all(&http_request("GET", &events, &[], "")).unwrap();
    drop(disconnected);
    // Once this answer arrives, the agent has read the requests that were sent before it.
    agent.get("/v1/health");
    gate.open();
    for (subscriber, stream) in [("sender", first), ("late subscriber", late)] {
        let lines = ApiResponse::read(stream).lines();
        let names: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
        assert_eq!(names[names.len() - 2..], ["end", "report"], "{subscriber}: {names:?}");
        assert_eq!(lines.last().unwrap()["report"]["summary"]["pulled"], 1);
    }
    agent.wait_for_end(&id);
    let after = agent.get(&events).lines();
    assert_eq!((after.len(), &after[0]["event"]), (1, &json!("report")));
}

#[test]
fn request_continues_after_its_sender_disconnects() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::start(&home, &world);
    let mut stream = agent.connect();
    let headers = [JSON, ("Accept", "application/x-ndjson")];
    stream.write_all(&http_request("POST", "/v1/pulls", &headers, &definition().to_string())).unwrap();
    gate.block_until_arrivals(1);
    drop(stream);
    gate.open();
    let id = agent.get("/v1/pulls").json()["pulls"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
}

#[test]
fn invalid_definition_is_rejected_whole_and_environment_values_are_not_stored() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let mixed = task(&[open_container("good", IMAGE), open_container("bad", "UPPER")]);
    let answer = agent.submit(&mixed);
    assert_eq!((answer.status, &*answer.problem_type()), (422, "definition"));
    assert_eq!(answer.json()["failure"]["hint"], "repository names are lower case");
    let results = |at: usize| answer.json()["report"]["tasks"][0]["containers"][at]["result"].clone();
    assert_eq!((results(0), results(1)), (json!("planned"), json!("failed")));
    schema::assert_valid(&schema_of(&agent, "Problem"), &answer.json());
    for text in ["", "{", "[]", "null", "\u{feff}", "family: web"] {
        let answer = agent.send("POST", "/v1/pulls", &[JSON], text);
        assert_eq!((answer.status, &*answer.problem_type()), (422, "definition"), "{text}");
    }
    assert_eq!(world.engine.pulls().len(), 0);
    let mut with_password = definition();
    with_password["containerDefinitions"][0]["environment"] = json!([{ "name": "PASSWORD", "value": "hunter2" }]);
    let id = agent.submit(&with_password).id();
    agent.wait_for_end(&id);
    let record = std::fs::read_to_string(home.state().join(format!("requests/{id}.json"))).unwrap();
    assert!(!record.contains("hunter2") && !record.contains("swordfish"), "{record}");
}

#[test]
fn idempotency_key_belongs_to_one_definition() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let submit = |key: &str, definition: &Value| {
        agent.send("POST", "/v1/pulls", &[JSON, ("Idempotency-Key", key)], &definition.to_string())
    };
    let (first, again) = (submit("one", &definition()), submit("one", &definition()));
    assert_eq!((first.status, again.status), (202, 200));
    assert_eq!(first.id(), again.id());
    let other = submit("one", &task(&[open_container("app", IMAGE)]));
    assert_eq!((other.status, &*other.problem_type()), (409, "key-used"));
    assert_ne!(submit("two", &definition()).id(), first.id());
    assert_eq!(submit("not one word", &definition()).problem_type(), "malformed");
    let keys = [JSON, ("Idempotency-Key", "three"), ("Idempotency-Key", "four")];
    assert_eq!(agent.send("POST", "/v1/pulls", &keys, &definition().to_string()).problem_type(), "malformed");
    agent.wait_for_end(&first.id());
    assert_eq!(submit("one", &definition()).id(), first.id());
}

#[test]
fn cancelled_request_ends_and_cannot_be_cancelled_again() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::start(&home, &world);
    let id = agent.submit(&definition()).id();
    gate.block_until_arrivals(1);
    let path = format!("/v1/pulls/{id}");
    let answer = agent.send("DELETE", &path, &[], "");
    assert_eq!(answer.status, 202);
    schema::assert_valid(&schema_of(&agent, "Pull"), &answer.json());
    assert_eq!(agent.wait_for_end(&id)["state"], "cancelled");
    let again = agent.send("DELETE", &path, &[], "");
    assert_eq!((again.status, &*again.problem_type()), (409, "ended"));
    let unknown = agent.send("DELETE", "/v1/pulls/00000000000000000000", &[], "");
    assert_eq!((unknown.status, &*unknown.problem_type()), (404, "no-such-request"));
}

#[test]
fn plan_route_starts_no_pull_and_contacts_no_engine() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let mixed = task(&[container("app", IMAGE, SECRET), open_container("bad", "UPPER")]);
    let answer = agent.send("POST", "/v1/plan?source=web.json", &[JSON], &mixed.to_string());
    assert_eq!(answer.status, 200, "{answer:?}");
    let containers = &answer.json()["tasks"][0]["containers"];
    assert_eq!((&containers[0]["result"], &containers[1]["result"]), (&json!("planned"), &json!("failed")));
    assert_eq!(agent.get("/v1/pulls").json()["pulls"], json!([]));
    let requests = world.engine.requests().into_iter().filter(|request| request != "GET /_ping");
    assert_eq!(requests.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn readiness_names_the_missing_engine_and_health_ignores_it() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let ready = agent.get("/v1/ready");
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &json!(true)), "{ready:?}");
    agent.kill();
    let agent = Agent::from_run(home.serve(&world).env("DOCKER_HOST", "unix:///nonexistent.sock"), &home);
    let ready = agent.get("/v1/ready");
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["conditions"][0]["failure"]["class"], "engine-gone", "{ready:?}");
    schema::assert_valid(&schema_of(&agent, "Readiness"), &ready.json());
    assert_eq!(agent.get("/v1/health").json(), json!({ "alive": true }));
    assert_eq!(agent.get("/v1/version").json()["version"], env!("CARGO_PKG_VERSION"));
    assert!(agent.get("/v1/metrics").body.contains("taskpull_"));
}

#[test]
fn unknown_routes_and_invalid_parameters_return_problem_details() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    for (method, path, status, code) in [
        ("GET", "/", 404, "no-such-path"),
        ("GET", "/v2/pulls", 404, "no-such-path"),
        ("PUT", "/v1/pulls", 405, "no-such-method"),
        ("GET", "/v1/pulls/..%2F..%2Fetc", 404, "no-such-request"),
        ("GET", "/v1/pulls?state=open", 400, "malformed"),
        ("GET", "/v1/pulls?limit=0", 400, "malformed"),
        ("GET", "/v1/pulls?limit=1&limit=2", 400, "malformed"),
        ("GET", "/v1/health?x=1", 400, "malformed"),
        ("POST", "/v1/pulls", 415, "media-type"),
    ] {
        let answer = agent.send(method, path, &[], "");
        assert_eq!((answer.status, &*answer.problem_type()), (status, code), "{method} {path}");
    }
    let allowed = agent.send("PUT", "/v1/pulls", &[], "");
    assert!(allowed.head.contains("allow: POST, GET"), "{allowed:?}");
}

#[test]
fn submission_beyond_the_open_request_limit_gets_429() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::from_run(home.serve(&world).env("TASKPULL_OPEN_REQUESTS", "1"), &home);
    assert_eq!(agent.submit(&definition()).status, 202);
    let full = agent.submit(&definition());
    assert_eq!((full.status, &*full.problem_type()), (429, "full"));
    assert!(full.head.contains("retry-after: "), "{full:?}");
}
