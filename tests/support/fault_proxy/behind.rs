//! The registry behind the proxy, asked one question at a time.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use hyper::body::Bytes;

use super::super::http::Request;

/// What the registry answers.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// Asks what was asked, as whoever has this `Authorization`. It blocks for as long as the
/// registry takes, on this machine some milliseconds.
pub fn ask(registry: &str, request: &Request, authorization: Option<&str>) -> Answer {
    let mut connection = TcpStream::connect(registry).expect("the registry behind the proxy");
    connection.set_read_timeout(Some(Duration::from_secs(10))).expect("a time above zero");
    // HTTP/1.0: the answer is not in chunks, and ends with the connection.
    let mut head = format!("{} {} HTTP/1.0\r\n", request.method, request.path);
    let passed = request.headers.iter().filter(|(name, _)| !matches!(&**name, "authorization" | "connection"));
    let authorization = authorization.map(|value| ("authorization", value));
    for (name, value) in passed.map(|(name, value)| (name.as_str(), value.as_str())).chain(authorization) {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    connection.write_all(&[head.as_bytes(), &request.body].concat()).expect("a registry that listens");
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).expect("a registry that answers");
    parse(&answer)
}

fn parse(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers = headers.filter(|(name, _)| !matches!(&**name, "connection" | "date"));
    Answer { status, headers: headers.collect(), body: Bytes::copy_from_slice(&answer[end + 4..]) }
}
