//! A load generator for the benchmarks of the agent, and a minimal server to compare with.
//!
//! `bench-load constant SOCKET` answers every request with the body from stdin until it is
//! killed; it uses only hyper. `bench-load ask SOCKET PATH BODY CLIENTS SECONDS` sends requests
//! for this time. Each client sends the next request as soon as it has the response. The command
//! prints one line of JSON: `requests`, `seconds`, and `p50` and `p99` in microseconds. It uses
//! one thread, so that the server has the rest of the machine.

use std::io::Read as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Width in microseconds of one step of the latency histogram.
const STEP: u128 = 10;
/// Number of steps: one second, and a last step for all longer latencies.
const STEPS: usize = 100_001;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["constant", socket] => {
            let mut body = Vec::new();
            std::io::stdin().read_to_end(&mut body)?;
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(serve_constant(socket, Bytes::from(body)))
        }
        ["ask", socket, path, body, clients, seconds] => {
            let (clients, seconds) = (clients.parse()?, seconds.parse()?);
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(generate_load(socket, request, clients, Duration::from_secs(seconds)))
        }
        _ => Err("bench-load constant SOCKET | ask SOCKET PATH BODY CLIENTS SECONDS".into()),
    }
}

async fn serve_constant(socket: &str, body: Bytes) -> Result<(), Error> {
    let listener = UnixListener::bind(socket)?;
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let body = body.clone();
        connections.spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let body = body.clone();
                async move {
                    request.into_body().collect().await?;
                    let mut response = Response::new(Full::new(body));
                    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                    Ok::<_, hyper::Error>(response)
                }
            });
            // An error means that the client has disconnected.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn generate_load(socket: &str, request: String, clients: usize, duration: Duration) -> Result<(), Error> {
    let mut clients_running = JoinSet::new();
    let start = Instant::now();
    for _ in 0..clients {
        let (socket, request) = (socket.to_owned(), request.clone());
        clients_running.spawn(async move { client(&socket, request.as_bytes(), start + duration).await });
    }
    let mut latencies = vec![0_u64; STEPS];
    while let Some(counts) = clients_running.join_next().await {
        latencies.iter_mut().zip(counts??).for_each(|(total, counts)| *total += u64::from(counts));
    }
    let (requests, seconds) = (latencies.iter().sum::<u64>(), start.elapsed().as_secs_f64());
    let (p50, p99) = (percentile(&latencies, requests, 50), percentile(&latencies, requests, 99));
    println!(r#"{{"requests": {requests}, "seconds": {seconds:.3}, "p50": {p50}, "p99": {p99}}}"#);
    Ok(())
}

/// Sends requests until the end time, and returns the number of responses per latency step.
async fn client(socket: &str, request: &[u8], end: Instant) -> Result<Vec<u32>, Error> {
    let mut stream = UnixStream::connect(socket).await?;
    let mut latencies = vec![0; STEPS];
    let mut response = Vec::with_capacity(4_096);
    let mut length = None;
    while Instant::now() < end {
        let start = Instant::now();
        stream.write_all(request).await?;
        response.clear();
        while length.is_none_or(|length| response.len() < length) {
            if stream.read_buf(&mut response).await? == 0 {
                return Err("the server closed the connection".into());
            }
            // All responses have the length of the first.
            length = length.or_else(|| response_length(&response));
        }
        if !response.starts_with(b"HTTP/1.1 200 ") || length != Some(response.len()) {
            return Err("a response differs from the first one".into());
        }
        latencies[usize::try_from(start.elapsed().as_micros() / STEP)?.min(STEPS - 1)] += 1;
    }
    Ok(latencies)
}

/// Returns the length of a response once its head is complete.
fn response_length(response: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(response).ok()?;
    let (head, _) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    Some(head.len() + 4 + length.unwrap_or(0_usize))
}

/// Returns a percentile of the latencies in microseconds, rounded up to a step.
fn percentile(latencies: &[u64], requests: u64, percent: u64) -> u128 {
    let mut before = 0;
    let is_reached = |count: &u64| {
        before += count;
        before * 100 >= requests * percent
    };
    (latencies.iter().position(is_reached).unwrap_or(0) as u128 + 1) * STEP
}
