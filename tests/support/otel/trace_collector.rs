//! The collector.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::super::http::{HttpServer, Reply, Request};
use super::super::run::Run;
use super::protobuf::all;
use super::span::{Span, attributes};

/// A collector with all requests that it received.
pub struct TraceCollector {
    server: HttpServer,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl TraceCollector {
    /// Starts a collector that accepts everything.
    pub fn start() -> Self {
        Self::answering(|| Reply::new(200, "").header("content-type", "application/x-protobuf"))
    }

    /// Starts a collector with these replies.
    pub fn answering(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let received = Arc::clone(&requests);
        let server = HttpServer::on_loopback(move |request| {
            received.lock().unwrap().push(request);
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

    /// Sets the environment that sends the traces of a run here.
    pub fn configure(&self, run: Run) -> Run {
        run.env("OTEL_EXPORTER_OTLP_ENDPOINT", self.endpoint())
    }

    pub fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap()
    }

    /// The bodies of all requests, concatenated.
    pub fn bytes(&self) -> Vec<u8> {
        self.requests().iter().flat_map(|request| request.body.to_vec()).collect()
    }

    /// The received spans in order of their start.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.requests();
        let scopes = requests.iter().flat_map(|request| all(&request.body, 1)).flat_map(|resource| all(&resource, 2));
        let mut spans: Vec<_> = scopes.flat_map(|scope| all(&scope, 2)).map(|span| Span::read(&span)).collect();
        spans.sort_by_key(|span| span.begun);
        spans
    }

    /// The resource attributes of the first request.
    pub fn resource(&self) -> BTreeMap<String, String> {
        let body = self.requests()[0].body.clone();
        let resource = all(&body, 1).remove(0);
        attributes(&all(&resource, 1).remove(0), 1)
    }

    /// Waits for a span with this name.
    pub fn wait_for_span(&self, name: &str) -> Span {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            if let Some(span) = self.spans().into_iter().find(|span| span.name == name) {
                return span;
            }
            assert!(Instant::now() < deadline, "no span `{name}`: {:?}", self.spans());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The first span with this name.
    pub fn span(&self, name: &str) -> Span {
        self.spans().into_iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{:?}", self.spans()))
    }

    /// The names of the spans as a tree, each indented below its parent.
    pub fn tree(&self) -> Vec<String> {
        let spans = self.spans();
        let mut lines = Vec::new();
        let roots = spans.iter().filter(|span| span.parent.is_empty());
        roots.for_each(|root| add_subtree(root, &spans, 0, &mut lines));
        assert_eq!(lines.len(), spans.len(), "a span without its parent: {spans:?}");
        lines
    }
}

fn add_subtree(span: &Span, spans: &[Span], depth: usize, lines: &mut Vec<String>) {
    lines.push(format!("{}{}", "  ".repeat(depth), span.name));
    for child in spans.iter().filter(|child| child.parent == span.id) {
        assert_eq!(child.trace, span.trace);
        assert!(span.begun <= child.begun && child.ended <= span.ended, "{child:?} outlives {span:?}");
        add_subtree(child, spans, depth + 1, lines);
    }
}
