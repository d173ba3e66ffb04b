//! Misbehaving clients: slow, oversized, malformed, and too many at once.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use serde_json::json;

use crate::support::world::{Agent, AgentHome, ApiResponse, IMAGE, World, http_request, open_container, task};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Starts an agent that waits one second for each part of a request.
fn start_with_short_timeout(home: &AgentHome, world: &World) -> Agent {
    Agent::from_run(home.serve(world).env("TASKPULL_REQUEST_TIMEOUT", "1s"), home)
}

/// Reads until the agent closes the connection.
fn read_to_close(mut stream: UnixStream) -> String {
    let mut text = Vec::new();
    if let Err(error) = stream.read_to_end(&mut text) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "the agent closes the connection");
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn silent_client_or_incomplete_head_is_disconnected() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = start_with_short_timeout(&home, &world);
    for begin in ["", "GET /v1/hea", "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: "] {
        let mut stream = agent.connect();
        stream.write_all(begin.as_bytes()).unwrap();
        assert!(!read_to_close(stream).contains(" 200 "), "{begin:?}");
    }
    let mut idle = agent.connect();
    idle.write_all(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(
        read_to_close(idle).contains(" 200 "),
        "the first request is answered before the idle connection is closed"
    );
}

#[test]
fn slow_request_body_gets_408() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = start_with_short_timeout(&home, &world);
    let mut stream = agent.connect();
    stream
        .write_all(b"POST /v1/pulls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[")
        .unwrap();
    let answer = ApiResponse::read(stream);
    assert_eq!((answer.status, &*answer.problem_type()), (408, "slow"));
}

#[test]
fn client_that_does_not_read_its_answers_is_disconnected() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = start_with_short_timeout(&home, &world);
    let mut stream = agent.connect();
    let one = b"GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // The client writes until the socket is full: the agent stops reading while its answers are not taken.
    stream.set_write_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let error = (0..1_000_000).find_map(|_| stream.write_all(one).err()).expect("the agent closes the connection");
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    assert_eq!(agent.get("/v1/health").status, 200);
}

#[test]
fn oversized_body_gets_413_with_or_without_content_length() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let body = format!("[\"{}\"]", "x".repeat(10 << 20));
    let with_length = http_request("POST", "/v1/pulls", &[JSON], &body);
    let head = "POST /v1/pulls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).into_bytes();
    for whole in [with_length, chunked] {
        let mut stream = agent.connect();
        // The agent may close the connection before it has read the whole body.
        let _ = stream.write_all(&whole);
        let answer = ApiResponse::read(stream);
        assert_eq!((answer.status, &*answer.problem_type()), (413, "too-long"));
    }
}

#[test]
fn oversized_head_or_too_many_headers_get_431() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let long = format!("GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(1_000));
    for text in [long, many] {
        let mut stream = agent.connect();
        let _ = stream.write_all(text.as_bytes());
        assert!(read_to_close(stream).starts_with("HTTP/1.1 431 "));
    }
    assert_eq!(agent.get("/v1/health").status, 200);
}

#[test]
fn malformed_bytes_close_only_their_own_connection() {
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
        assert!(!read_to_close(stream).contains(" 200 "), "{text:?}");
    }
    assert_eq!(agent.get("/v1/health").status, 200);
}

#[test]
fn http_1_0_and_pipelined_requests_are_answered() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let mut stream = agent.connect();
    stream.write_all(b"GET /v1/health HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(ApiResponse::read(stream).json(), json!({ "alive": true }));
    let mut stream = agent.connect();
    let one = "GET /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let last = String::from_utf8(http_request("GET", "/v1/health", &[], "")).unwrap();
    stream.write_all((one.repeat(20) + &last).as_bytes()).unwrap();
    let answers = read_to_close(stream);
    assert_eq!((answers.matches("\"version\"").count(), answers.matches("\"alive\"").count()), (20, 1));
}

#[test]
fn silent_connections_do_not_block_a_submission() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = start_with_short_timeout(&home, &world);
    let silent: Vec<_> = (0..300).map(|_| agent.connect()).collect();
    let definition = task(&[open_container("app", IMAGE)]);
    let id = agent.submit(&definition).id();
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
    drop(silent);
}
