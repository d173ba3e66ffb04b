//! Clients that the agent must live with: slow, greedy, broken, many.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use serde_json::json;

use crate::agent_world::{Agent, AgentHome, ApiResponse, http_request};
use crate::task::{IMAGE, World, open_container, task};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// An agent that waits a second for a part of a request.
fn impatient(home: &AgentHome, world: &World) -> Agent {
    Agent::from_run(home.serve(world).env("TASKPULL_REQUEST_TIMEOUT", "1s"), home)
}

/// What comes until the agent ends the connection.
fn rest(mut stream: UnixStream) -> String {
    let mut text = Vec::new();
    if let Err(error) = stream.read_to_end(&mut text) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "the agent ends the connection");
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn a_client_that_says_nothing_or_half_a_head_is_not_waited_for() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = impatient(&home, &world);
    for begin in ["", "GET /v1/hea", "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: "] {
        let mut stream = agent.connect();
        stream.write_all(begin.as_bytes()).unwrap();
        assert!(!rest(stream).contains(" 200 "), "{begin:?}");
    }
    let mut answered = agent.connect();
    answered.write_all(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(rest(answered).contains(" 200 "), "nor one that says nothing more");
}

#[test]
fn a_client_that_is_slow_with_its_body_is_told_so() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = impatient(&home, &world);
    let mut stream = agent.connect();
    stream
        .write_all(b"POST /v1/pulls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[")
        .unwrap();
    let answer = ApiResponse::read(stream);
    assert_eq!((answer.status, &*answer.problem_type()), (408, "slow"));
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_not_waited_for() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = impatient(&home, &world);
    let mut stream = agent.connect();
    let one = b"GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // Requests until nothing more fits into the socket: the agent has stopped to read, since
    // nobody takes what it has to say.
    stream.set_write_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let broken = (0..1_000_000).find_map(|_| stream.write_all(one).err()).expect("the agent ends the connection");
    assert!(matches!(broken.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{broken}");
    assert_eq!(agent.get("/v1/health").status, 200);
}

#[test]
fn a_long_body_is_refused_whether_or_not_its_length_is_said() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let body = format!("[\"{}\"]", "x".repeat(10 << 20));
    let said = http_request("POST", "/v1/pulls", &[JSON], &body);
    let head = "POST /v1/pulls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let unsaid = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).into_bytes();
    for whole in [said, unsaid] {
        let mut stream = agent.connect();
        // It does not read all of it.
        let _ = stream.write_all(&whole);
        let answer = ApiResponse::read(stream);
        assert_eq!((answer.status, &*answer.problem_type()), (413, "too-long"));
    }
}

#[test]
fn a_long_head_or_many_headers_are_refused() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let long = format!("GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(1_000));
    for text in [long, many] {
        let mut stream = agent.connect();
        let _ = stream.write_all(text.as_bytes());
        assert!(rest(stream).starts_with("HTTP/1.1 431 "));
    }
    assert_eq!(agent.get("/v1/health").status, 200);
}

#[test]
fn garbage_ends_its_own_connection_and_nothing_else() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let random: Vec<u8> =
        (0..4_096_u32).map(|at| u8::try_from(at.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    let texts: [&[u8]; 5] = [
        &random,
        b"\r\n\r\n\r\n\r\nx",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ];
    for text in texts {
        let mut stream = agent.connect();
        let _ = stream.write_all(text);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        assert!(!rest(stream).contains(" 200 "), "{text:?}");
    }
    assert_eq!(agent.get("/v1/health").status, 200);
}

#[test]
fn http_1_0_and_requests_in_one_go_are_served() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let mut stream = agent.connect();
    stream.write_all(b"GET /v1/health HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(ApiResponse::read(stream).json(), json!({ "alive": true }));
    let mut stream = agent.connect();
    let one = "GET /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let last = String::from_utf8(http_request("GET", "/v1/health", &[], "")).unwrap();
    stream.write_all((one.repeat(20) + &last).as_bytes()).unwrap();
    let answers = rest(stream);
    assert_eq!((answers.matches("\"version\"").count(), answers.matches("\"alive\"").count()), (20, 1));
}

#[test]
fn more_connections_than_there_is_room_for_wait_for_those_that_say_nothing() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = impatient(&home, &world);
    let silent: Vec<_> = (0..300).map(|_| agent.connect()).collect();
    let definition = task(&[open_container("app", IMAGE)]);
    let id = agent.submit(&definition).id();
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
    drop(silent);
}
