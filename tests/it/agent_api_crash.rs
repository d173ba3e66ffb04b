//! Acknowledged requests survive a crash of the agent and are stored exactly once.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::engine::PullScript;
use crate::support::gate::Gate;
use crate::support::run::Run;
use crate::support::world::{Agent, AgentHome, IMAGE, World, http_request, open_container, task};

#[test]
fn request_of_a_killed_agent_resumes_after_a_restart() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script_once(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::start(&home, &world);
    let id = agent.submit(&task(&[open_container("app", IMAGE)])).id();
    gate.block_until_arrivals(1);
    agent.kill();
    assert!(home.socket().exists(), "a killed agent leaves its socket file");
    let agent = Agent::start(&home, &world);
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
    agent.kill();
    let agent = Agent::start(&home, &world);
    assert_eq!(agent.get(&format!("/v1/pulls/{id}")).json()["state"], "succeeded");
}

#[test]
fn shutdown_does_not_wait_for_clients_that_only_follow_events() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script_once(IMAGE, PullScript::success().hold(&gate));
    let agent = Agent::from_run(home.serve(&world).env("TASKPULL_DRAIN_TIMEOUT", "0s"), &home);
    let id = agent.submit(&task(&[open_container("app", IMAGE)])).id();
    gate.block_until_arrivals(1);
    let _silent = agent.connect();
    let mut following = agent.connect();
    following.write_all(&http_request("GET", &format!("/v1/pulls/{id}/events"), &[], "")).unwrap();
    let mut status_line = [0; 15];
    following.read_exact(&mut status_line).unwrap();
    assert_eq!(&status_line, b"HTTP/1.1 200 OK");
    let output = agent.terminate();
    assert_eq!(output.code, 0, "{output:?}");
    let mut events = String::new();
    following.read_to_string(&mut events).unwrap();
    assert!(events.contains("\"event\":\"pulling\"") && !events.contains("\"event\":\"report\""), "{events}");
    let agent = Agent::start(&home, &world);
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
}

#[test]
fn socket_of_a_running_agent_is_not_replaced() {
    let (world, home, other) = (World::new(), AgentHome::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let socket = home.socket().display().to_string();
    let state = other.state().display().to_string();
    let second = Run::new(["serve", "--socket", &socket, "--state-folder", &state]);
    let output = world.configure(second).output();
    assert_eq!(output.code, 6, "{output:?}");
    assert!(output.stderr.contains("is in use by another agent") && output.stderr.contains(&socket), "{output:?}");
    assert_eq!(agent.get("/v1/health").status, 200);
}

/// Sends a submission. Returns the request's id if the agent acknowledged it.
fn try_submit(home: &AgentHome, key: &str, definition: &str) -> Option<String> {
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
    let mut stream = UnixStream::connect(home.socket()).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    stream.write_all(&http_request("POST", "/v1/pulls", &headers, definition)).ok()?;
    let mut answer = String::new();
    // A broken connection gave no answer; the agent may or may not have stored the request.
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
    let view: Value = serde_json::from_str(body).ok()?;
    Some(view["id"].as_str()?.to_owned())
}

#[test]
fn submissions_survive_200_random_kills_without_loss_or_duplicates() {
    const LIVES: usize = 200;
    let (world, home) = (World::new(), AgentHome::new());
    let definition = task(&[open_container("app", IMAGE)]).to_string();
    let mut acknowledged: Vec<String> = Vec::new();
    for _ in 0..LIVES {
        let agent = Agent::start(&home, &world);
        // The first key is the one that the previous kill left unanswered. Four submissions for each life
        // keep the total below the limit of the list.
        let (life, first) = (Duration::from_micros(fastrand::u64(..8_000)), acknowledged.len());
        let send = |number: usize| try_submit(&home, &format!("key-{number}"), &definition);
        acknowledged.extend(std::thread::scope(|scope| {
            let sender = scope.spawn(|| (first..first + 4).map_while(send).collect::<Vec<_>>());
            std::thread::sleep(life);
            agent.kill();
            sender.join().unwrap()
        }));
    }
    let unanswered = acknowledged.len();
    let agent = Agent::start(&home, &world);
    acknowledged.extend(try_submit(&home, &format!("key-{unanswered}"), &definition));
    let list = agent.get("/v1/pulls?limit=1000").json();
    let mut listed: Vec<_> =
        list["pulls"].as_array().unwrap().iter().map(|view| view["id"].as_str().unwrap()).collect();
    listed.sort_unstable();
    let mut expected: Vec<_> = acknowledged.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for id in expected {
        assert_eq!(agent.wait_for_end(id)["state"], "succeeded");
    }
}
