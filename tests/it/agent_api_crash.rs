//! What was acknowledged survives the agent, and is there once.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::Value;

use crate::agent_world::{Agent, AgentHome, http_request};
use crate::support::engine::PullScript;
use crate::support::gate::Gate;
use crate::support::run::Run;
use crate::task::{IMAGE, World, open_container, task};

#[test]
fn a_request_that_was_killed_with_its_agent_goes_on_with_the_next() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script_once(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::start(&home, &world);
    let id = agent.submit(&task(&[open_container("app", IMAGE)])).id();
    gate.block_until_arrivals(1);
    agent.kill();
    assert!(home.socket().exists(), "nobody has taken it away");
    let agent = Agent::start(&home, &world);
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
    agent.kill();
    let agent = Agent::start(&home, &world);
    assert_eq!(agent.get(&format!("/v1/pulls/{id}")).json()["state"], "succeeded");
}

#[test]
fn an_agent_that_is_to_end_does_not_wait_for_those_who_only_listen() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script_once(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::from_run(home.serve(&world).env("TASKPULL_DRAIN_TIMEOUT", "0s"), &home);
    let id = agent.submit(&task(&[open_container("app", IMAGE)])).id();
    gate.block_until_arrivals(1);
    let _silent = agent.connect();
    let mut following = agent.connect();
    following.write_all(&http_request("GET", &format!("/v1/pulls/{id}/events"), &[], "")).unwrap();
    let mut begin = [0; 15];
    following.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200 OK");
    let ended = agent.terminate();
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut told = String::new();
    following.read_to_string(&mut told).unwrap();
    assert!(told.contains("\"event\":\"pulling\"") && !told.contains("\"event\":\"report\""), "{told}");
    let agent = Agent::start(&home, &world);
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
}

#[test]
fn a_socket_that_another_agent_answers_on_is_left_alone() {
    let (world, home, other) = (World::new(), AgentHome::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let socket = home.socket().display().to_string();
    let state = other.state().display().to_string();
    let second = Run::new(["serve", "--socket", &socket, "--state-folder", &state]);
    let ended = world.configure(second).output();
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("another agent answers there") && ended.stderr.contains(&socket), "{ended:?}");
    assert_eq!(agent.get("/v1/health").status, 200);
}

/// Sends a submission; the request's id, if it was acknowledged.
fn attempt(home: &AgentHome, key: &str, definition: &str) -> Option<String> {
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
    let mut stream = UnixStream::connect(home.socket()).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    stream.write_all(&http_request("POST", "/v1/pulls", &headers, definition)).ok()?;
    let mut answer = String::new();
    // A connection that broke gave no answer, whatever has come of it.
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
    let view: Value = serde_json::from_str(body).ok()?;
    Some(view["id"].as_str()?.to_owned())
}

#[test]
fn submissions_under_200_kills_at_random_points_are_never_lost_and_never_doubled() {
    const LIVES: usize = 200;
    let (world, home) = (World::new(), AgentHome::new());
    let definition = task(&[open_container("app", IMAGE)]).to_string();
    let mut acknowledged: Vec<String> = Vec::new();
    for _ in 0..LIVES {
        let agent = Agent::start(&home, &world);
        // The first one is that which the kill before left without an answer. So few for each
        // life that the list has room for all.
        let (life, first) = (Duration::from_micros(fastrand::u64(..8_000)), acknowledged.len());
        let send = |number: usize| attempt(&home, &format!("key-{number}"), &definition);
        acknowledged.extend(std::thread::scope(|scope| {
            let sender = scope.spawn(|| (first..first + 4).map_while(send).collect::<Vec<_>>());
            std::thread::sleep(life);
            agent.kill();
            sender.join().unwrap()
        }));
    }
    let unanswered = acknowledged.len();
    let agent = Agent::start(&home, &world);
    acknowledged.extend(attempt(&home, &format!("key-{unanswered}"), &definition));
    let list = agent.get("/v1/pulls?limit=1000").json();
    let mut kept: Vec<_> = list["pulls"].as_array().unwrap().iter().map(|view| view["id"].as_str().unwrap()).collect();
    kept.sort_unstable();
    let mut told: Vec<_> = acknowledged.iter().map(String::as_str).collect();
    told.sort_unstable();
    assert_eq!(kept, told);
    for id in told {
        assert_eq!(agent.wait_for_end(id)["state"], "succeeded");
    }
}
