//! HTTP that no client library sends: duplicate lengths, truncated bodies, unusual targets, pipelined requests.
//! Each case uses one connection and checks every answer on it.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use serde_json::json;

use crate::support::world::{Agent, AgentHome, IMAGE, World, open_container, task};

const HOST: &str = "Host: localhost\r\n";
const JSON: &str = "Content-Type: application/json\r\n";
const CLOSE: &str = "Connection: close\r\n";
/// A second request on the same connection. It must not be answered when the length of the first is ambiguous.
const SECOND: &str = "GET /v1/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

fn definition() -> String {
    task(&[open_container("app", IMAGE)]).to_string()
}

fn chunked(body: &str, trailers: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n{trailers}\r\n", body.len())
}

/// Sends the bytes and returns everything that the agent answers until it closes the connection.
fn answers(agent: &Agent, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = agent.connect();
    // The agent may close the connection before it has read everything.
    let _ = stream.write_all(bytes.as_ref());
    read_to_close(stream)
}

fn read_to_close(mut stream: UnixStream) -> String {
    let mut text = Vec::new();
    // An answer counts even if the connection is reset after it.
    let _ = stream.read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

fn statuses(answers: &str) -> Vec<u16> {
    answers.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

#[test]
fn ambiguous_body_length_is_rejected_and_no_request_is_smuggled() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let (body, length) = (definition(), definition().len());
    let check = format!("POST /v1/plan HTTP/1.1\r\n{HOST}{JSON}");
    let whole = chunked(&body, "");
    let inner = SECOND.len();
    for (text, expected) in [
        (format!("{check}Content-Length: {length}\r\nContent-Length: {length}\r\n\r\n{body}{SECOND}"), vec![200, 200]),
        (format!("{check}Content-Length: 1\r\nContent-Length: {length}\r\n\r\n{body}{SECOND}"), vec![400]),
        (format!("{check}Content-Length: {length}, {length}\r\n\r\n{body}{SECOND}"), vec![400]),
        (format!("{check}Content-Length: +{length}\r\n\r\n{body}{SECOND}"), vec![400]),
        (format!("{check}Content-Length: 18446744073709551616\r\n\r\n{body}{SECOND}"), vec![400]),
        // Chunked encoding wins, and the agent closes a connection that sent both headers.
        (format!("{check}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n{whole}{SECOND}"), vec![200]),
        (format!("{check}Transfer-Encoding : chunked\r\n\r\n{whole}{SECOND}"), vec![400]),
        (format!("{check}Transfer-Encoding: gzip\r\n\r\n{whole}{SECOND}"), vec![400]),
        (format!("{check}Transfer-Encoding: chunked\r\n\r\n-1\r\n{SECOND}"), vec![400]),
        (format!("{check}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{SECOND}"), vec![400]),
        (format!("GET /v1/health HTTP/1.1\r\n{HOST}Content-Length: {inner}\r\n\r\n{SECOND}{SECOND}"), vec![200, 200]),
    ] {
        let answers = answers(&agent, &text);
        assert_eq!(statuses(&answers), expected, "{text}\n{answers}");
    }
}

#[test]
fn trailers_are_ignored_and_limited_in_size() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let head = format!("POST /v1/plan HTTP/1.1\r\n{HOST}{JSON}Transfer-Encoding: chunked\r\n\r\n");
    let trailers = "Content-Type: text/plain\r\nContent-Length: 7\r\n";
    let text = format!("{head}{}{SECOND}", chunked(&definition(), trailers));
    assert_eq!(statuses(&answers(&agent, text)), [200, 200]);
    let endless = format!("{head}{}", chunked(&definition(), &"X: y\r\n".repeat(100_000)));
    assert_eq!(statuses(&answers(&agent, endless)), [400]);
    let extended = format!("{head}1;{}\r\n[\r\n0\r\n\r\n", "x".repeat(1 << 20));
    assert_eq!(statuses(&answers(&agent, extended)), [400]);
}

#[test]
fn truncated_body_is_not_accepted() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let (head, body) = (format!("POST /v1/pulls HTTP/1.1\r\n{HOST}{JSON}"), definition());
    let whole = chunked(&body, "");
    for text in [
        format!("{head}Content-Length: {}\r\n\r\n{body}", body.len() + 1),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", &whole[..whole.len() - 2]),
    ] {
        let mut stream = agent.connect();
        stream.write_all(text.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let answers = read_to_close(stream);
        assert!(statuses(&answers) == [400] && answers.contains("urn:taskpull:problem:malformed"), "{answers}");
    }
    assert_eq!(agent.get("/v1/pulls").json(), json!({ "pulls": [] }));
}

#[test]
fn expect_100_continue_is_answered_before_the_body() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let body = definition();
    let ask = |path: &str, length: usize, body: &str| {
        let head = format!("POST {path} HTTP/1.1\r\n{HOST}{JSON}{CLOSE}Expect: 100-continue\r\n");
        statuses(&answers(&agent, format!("{head}Content-Length: {length}\r\n\r\n{body}")))
    };
    assert_eq!(ask("/v1/plan", body.len(), &body), [100, 200]);
    assert_eq!(ask("/v1/nothing", body.len(), ""), [404]);
    assert_eq!(ask("/v1/plan", 5 << 20, ""), [413]);
}

#[test]
fn protocol_upgrade_and_connect_are_not_performed() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let upgrade =
        |headers: &str| format!("GET /v1/pulls HTTP/1.1\r\n{HOST}Connection: Upgrade\r\n{headers}\r\n{SECOND}");
    for (text, expected) in [
        (upgrade("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"), vec![200, 200]),
        (upgrade("Upgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n"), vec![403, 200]),
        (format!("CONNECT localhost:80 HTTP/1.1\r\n{HOST}{CLOSE}\r\n"), vec![404]),
    ] {
        let answers = answers(&agent, &text);
        assert_eq!(statuses(&answers), expected, "{text}\n{answers}");
    }
}

#[test]
fn unusual_targets_and_headers_get_the_expected_status() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let get = |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\n{HOST}{CLOSE}{headers}\r\n").into_bytes();
    let replace = |mut bytes: Vec<u8>, from: &[u8], to: &[u8]| {
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        bytes.splice(at..at + from.len(), to.iter().copied());
        bytes
    };
    let long = "x".repeat(30_000);
    for (case, bytes, expected) in [
        ("absolute target", get("http://localhost/v1/health", ""), 200),
        ("absolute target with a user", get("http://me@localhost/v1/health", ""), 403),
        ("non-ASCII path", get("/v1/pulls/é", ""), 404),
        ("invalid UTF-8 in the path", replace(get("/v1/pulls/?", ""), b"?", b"\xff\xfe"), 400),
        ("invalid UTF-8 in a header", replace(get("/v1/health", "X: ?\r\n"), b"?", b"\xff\xfe"), 200),
        ("invalid UTF-8 in the host", replace(get("/v1/health", ""), b"localhost", b"localh\xf6st"), 403),
        ("second Host header", get("/v1/health", "Host: evil.example\r\n"), 403),
        ("folded header", get("/v1/health", "X: a\r\n b\r\n"), 400),
        ("header with a NUL", get("/v1/health", "X: \0\r\n"), 400),
        ("path with `..`", get("/v1/pulls/../health", ""), 404),
        ("long path", get(&format!("/{long}"), ""), 404),
        ("longer path", get(&format!("/{}", long.repeat(3)), ""), 414),
        ("asterisk target", get("*", ""), 404),
        ("unknown HTTP version", replace(get("/v1/health", ""), b"HTTP/1.1", b"HTTP/1.2"), 400),
        ("lower-case method", replace(get("/v1/health", ""), b"GET", b"get"), 405),
    ] {
        assert_eq!(statuses(&answers(&agent, bytes)), [expected], "{case}");
    }
    let answer = agent.get(&format!("/v1/pulls/{long}"));
    assert!(answer.status == 404 && answer.body.len() < 2_000, "{answer:?}");
}

#[test]
fn source_length_is_limited_in_characters_not_bytes() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let check = |characters| {
        let path = format!("/v1/plan?source={}", "%F0%9F%90%B3".repeat(characters));
        agent.send("POST", &path, &[("Content-Type", "application/json")], &definition()).status
    };
    assert_eq!((check(4_096), check(4_097)), (200, 400));
}
