//! Load for the bench, and what the agent is compared with.
//!
//! `bench-load constant SOCKET` answers every request with the body on stdin, by hyper and
//! nothing else, until it is killed. `bench-load ask SOCKET PATH BODY CLIENTS SECONDS` asks
//! for so long, each client again as soon as it has its answer, and prints one line of JSON:
//! `requests`, `seconds`, and `p50` and `p99` in microseconds. One thread asks, so that the
//! asked one has the rest of the machine.

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

/// Times are counted in steps of ten microseconds, up to a second and for all that is longer.
const STEP: u128 = 10;
const STEPS: usize = 100_001;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["constant", socket] => {
            let mut body = Vec::new();
            std::io::stdin().read_to_end(&mut body)?;
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(constant(socket, Bytes::from(body)))
        }
        ["ask", socket, path, body, clients, seconds] => {
            let (clients, seconds) = (clients.parse()?, seconds.parse()?);
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(ask(socket, request, clients, Duration::from_secs(seconds)))
        }
        _ => Err("bench-load constant SOCKET | ask SOCKET PATH BODY CLIENTS SECONDS".into()),
    }
}

async fn constant(socket: &str, body: Bytes) -> Result<(), Error> {
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
                    let mut answer = Response::new(Full::new(body));
                    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                    Ok::<_, hyper::Error>(answer)
                }
            });
            // Who asked has gone.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn ask(socket: &str, request: String, clients: usize, during: Duration) -> Result<(), Error> {
    let mut asking = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..clients {
        let (socket, request) = (socket.to_owned(), request.clone());
        asking.spawn(async move { client(&socket, request.as_bytes(), begun + during).await });
    }
    let mut took = vec![0_u64; STEPS];
    while let Some(one) = asking.join_next().await {
        took.iter_mut().zip(one??).for_each(|(all, one)| *all += u64::from(one));
    }
    let (requests, seconds) = (took.iter().sum::<u64>(), begun.elapsed().as_secs_f64());
    let (p50, p99) = (percentile(&took, requests, 50), percentile(&took, requests, 99));
    println!(r#"{{"requests": {requests}, "seconds": {seconds:.3}, "p50": {p50}, "p99": {p99}}}"#);
    Ok(())
}

/// How many answers took how many steps.
async fn client(socket: &str, request: &[u8], until: Instant) -> Result<Vec<u32>, Error> {
    let mut stream = UnixStream::connect(socket).await?;
    let mut took = vec![0; STEPS];
    let mut answer = Vec::with_capacity(4_096);
    let mut length = None;
    while Instant::now() < until {
        let begun = Instant::now();
        stream.write_all(request).await?;
        answer.clear();
        while length.is_none_or(|length| answer.len() < length) {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err("the connection was ended".into());
            }
            // All answers are as long as the first.
            length = length.or_else(|| whole(&answer));
        }
        if !answer.starts_with(b"HTTP/1.1 200 ") || length != Some(answer.len()) {
            return Err("an answer is not what the first was".into());
        }
        took[usize::try_from(begun.elapsed().as_micros() / STEP)?.min(STEPS - 1)] += 1;
    }
    Ok(took)
}

/// The length of an answer, once its head is there.
fn whole(answer: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, _) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    Some(head.len() + 4 + length.unwrap_or(0_usize))
}

/// In microseconds, rounded up to a step.
fn percentile(took: &[u64], requests: u64, percent: u64) -> u128 {
    let mut before = 0;
    let is_there = |count: &u64| {
        before += count;
        before * 100 >= requests * percent
    };
    (took.iter().position(is_there).unwrap_or(0) as u128 + 1) * STEP
}
