//! A collector of traces: takes OTLP over HTTP, and reads its protobuf for itself, so that
//! the library is not what judges the library.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::http::{HttpServer, Reply, Request};
use crate::support::run::Run;

/// A collector, with everything that was sent to it.
pub struct TraceCollector {
    server: HttpServer,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A span as it was sent.
#[derive(Clone, Debug, Default)]
pub struct Span {
    pub trace: Vec<u8>,
    pub id: Vec<u8>,
    pub parent: Vec<u8>,
    pub name: String,
    pub kind: u64,
    pub begun: u64,
    pub ended: u64,
    pub attributes: BTreeMap<String, String>,
    /// The description, where the status is an error.
    pub error: Option<String>,
}

impl TraceCollector {
    /// One that takes everything.
    pub fn start() -> Self {
        Self::answering(|| Reply::new(200, "").header("content-type", "application/x-protobuf"))
    }

    pub fn answering(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let taken = Arc::clone(&requests);
        let server = HttpServer::on_loopback(move |request| {
            taken.lock().unwrap().push(request);
            reply()
        });
        Self { server, requests }
    }

    pub fn port(&self) -> u16 {
        self.server.port()
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// A run whose traces are sent here.
    pub fn configure(&self, run: Run) -> Run {
        run.env("OTEL_EXPORTER_OTLP_ENDPOINT", self.endpoint())
    }

    pub fn requests(&self) -> std::sync::MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap()
    }

    /// Every byte of the bodies.
    pub fn bytes(&self) -> Vec<u8> {
        self.requests().iter().flat_map(|request| request.body.to_vec()).collect()
    }

    /// Those that have come, in the order of their beginning.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.requests();
        let scopes = requests.iter().flat_map(|request| all(&request.body, 1)).flat_map(|resource| all(&resource, 2));
        let mut spans: Vec<_> = scopes.flat_map(|scope| all(&scope, 2)).map(|span| Span::read(&span)).collect();
        spans.sort_by_key(|span| span.begun);
        spans
    }

    /// What the first request says of who sends it.
    pub fn resource(&self) -> BTreeMap<String, String> {
        let body = self.requests()[0].body.clone();
        let resource = all(&body, 1).remove(0);
        attributes(&all(&resource, 1).remove(0), 1)
    }

    /// Waits until a span of this name has come.
    pub fn wait_for_span(&self, name: &str) -> Span {
        let latest = Instant::now() + Duration::from_mins(1);
        loop {
            if let Some(span) = self.spans().into_iter().find(|span| span.name == name) {
                return span;
            }
            assert!(Instant::now() < latest, "no span `{name}`: {:?}", self.spans());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The first span of this name.
    pub fn span(&self, name: &str) -> Span {
        self.spans().into_iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{:?}", self.spans()))
    }

    /// The spans' names, each below its parent and so far to the right of it.
    pub fn tree(&self) -> Vec<String> {
        let spans = self.spans();
        let mut lines = Vec::new();
        let roots = spans.iter().filter(|span| span.parent.is_empty());
        roots.for_each(|root| below(root, &spans, 0, &mut lines));
        assert_eq!(lines.len(), spans.len(), "a span without its parent: {spans:?}");
        lines
    }
}

fn below(span: &Span, spans: &[Span], depth: usize, lines: &mut Vec<String>) {
    lines.push(format!("{}{}", "  ".repeat(depth), span.name));
    for child in spans.iter().filter(|child| child.parent == span.id) {
        assert_eq!(child.trace, span.trace);
        assert!(span.begun <= child.begun && child.ended <= span.ended, "{child:?} goes beyond {span:?}");
        below(child, spans, depth + 1, lines);
    }
}

impl Span {
    fn read(bytes: &[u8]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut span = Self { attributes: attributes(bytes, 9), ..Self::default() };
        for (number, field) in fields(bytes) {
            match (number, field) {
                (1, Field::Bytes(id)) => span.trace = id,
                (2, Field::Bytes(id)) => span.id = id,
                (4, Field::Bytes(id)) => span.parent = id,
                (5, Field::Bytes(name)) => span.name = text(&name),
                (6, Field::Number(kind)) => span.kind = kind,
                (7, Field::Number(time)) => span.begun = time,
                (8, Field::Number(time)) => span.ended = time,
                (11, _) => panic!("an event, which none of ours has"),
                (15, Field::Bytes(status)) => {
                    let is_error =
                        fields(&status).iter().any(|(number, field)| (*number, field) == (3, &Field::Number(2)));
                    span.error =
                        is_error.then(|| all(&status, 2).first().map(|message| text(message)).unwrap_or_default());
                }
                _ => {}
            }
        }
        span
    }

    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }
}

/// The attributes in the fields of this number; values as they print.
fn attributes(bytes: &[u8], number: u64) -> BTreeMap<String, String> {
    let pair = |pair: Vec<u8>| {
        let name = String::from_utf8(all(&pair, 1).remove(0)).unwrap();
        let value = match &fields(&all(&pair, 2).remove(0))[..] {
            [(1, Field::Bytes(text))] => String::from_utf8(text.clone()).unwrap(),
            [(2, Field::Number(is))] => (*is == 1).to_string(),
            [(3, Field::Number(number))] => number.to_string(),
            other => panic!("{name}: {other:?}"),
        };
        (name, value)
    };
    all(bytes, number).into_iter().map(pair).collect()
}

/// The bytes of every field of this number.
fn all(message: &[u8], number: u64) -> Vec<Vec<u8>> {
    let found = fields(message).into_iter().filter(|(is, _)| *is == number);
    found.filter_map(|(_, field)| if let Field::Bytes(bytes) = field { Some(bytes) } else { None }).collect()
}

#[derive(Debug, PartialEq, Eq)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

/// The fields of a protobuf message.
fn fields(mut message: &[u8]) -> Vec<(u64, Field)> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut message)),
            1 => Field::Number(u64::from_le_bytes(take(&mut message, 8).try_into().unwrap())),
            2 => {
                let length = usize::try_from(varint(&mut message)).unwrap();
                Field::Bytes(take(&mut message, length).to_vec())
            }
            5 => Field::Number(u32::from_le_bytes(take(&mut message, 4).try_into().unwrap()).into()),
            other => panic!("wire type {other}"),
        };
        fields.push((tag >> 3, field));
    }
    fields
}

fn varint(message: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(message, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn take<'a>(message: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = message.split_at(length);
    *message = rest;
    taken
}
