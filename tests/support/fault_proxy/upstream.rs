//! Requests to the registry behind the proxy, one connection each.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use hyper::body::Bytes;

use super::super::http::Request;

/// A response of the registry.
pub struct UpstreamResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// Forwards a request with this `Authorization` header. Blocks until the registry has answered,
/// usually for some milliseconds.
pub fn forward(registry: &str, request: &Request, authorization: Option<&str>) -> UpstreamResponse {
    let mut connection = TcpStream::connect(registry).expect("the registry behind the proxy");
    connection.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout above zero");
    // HTTP/1.0: the response is not chunked, and ends with the connection.
    let mut head = format!("{} {} HTTP/1.0\r\n", request.method, request.path);
    let forwarded = request.headers.iter().filter(|(name, _)| !matches!(&**name, "authorization" | "connection"));
    let authorization = authorization.map(|value| ("authorization", value));
    for (name, value) in forwarded.map(|(name, value)| (name.as_str(), value.as_str())).chain(authorization) {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    connection.write_all(&[head.as_bytes(), &request.body].concat()).expect("the registry reads the request");
    let mut response = Vec::new();
    connection.read_to_end(&mut response).expect("the registry answers");
    parse(&response)
}

fn parse(response: &[u8]) -> UpstreamResponse {
    let end = response.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&response[..end]);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers = headers.filter(|(name, _)| !matches!(&**name, "connection" | "date"));
    UpstreamResponse { status, headers: headers.collect(), body: Bytes::copy_from_slice(&response[end + 4..]) }
}
