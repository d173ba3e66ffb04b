//! How the registry answers.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use serde_json::json;

use super::super::fault::Faults;
use super::super::http::{Reply, Request, Stall, Step};
use super::image::{Blob, Image, MANIFEST};
use super::{Fault, Kind, SeenRequest};

pub struct State {
    /// A user, and the password where not any will do.
    pub login: Option<(String, Option<String>)>,
    /// By repository and tag.
    images: HashMap<(String, String), Image>,
    pub faults: Faults<Kind, Fault>,
    pub requests: Vec<SeenRequest>,
}

/// What is there to send, before a fault strikes it.
struct Found {
    kind: Option<Kind>,
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

pub fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub fn new(login: Option<(String, Option<String>)>) -> Self {
        Self { login, images: HashMap::new(), faults: Faults::none(), requests: Vec::new() }
    }

    pub fn put(&mut self, name: &str, tag: &str, image: Image) {
        self.images.insert((name.to_owned(), tag.to_owned()), image);
    }

    pub fn tag(&mut self, name: &str, old: &str, new: &str) {
        let image = self.images[&(name.to_owned(), old.to_owned())].clone();
        self.put(name, new, image);
    }

    pub fn reply(&mut self, request: &Request) -> Reply {
        let sent = basic_login(request);
        let mut found = self.find(&request.path);
        if !self.lets_in(sent.as_ref()) {
            found = found.barred();
        } else if let Some(range) = request.header("range") {
            found = found.from(range);
        }
        let fault = found.kind.and_then(|kind| self.faults.strike(&kind));
        if let Some(Fault::Status(status, body)) = &fault {
            found = Found::new(found.kind, *status, Bytes::from(body.clone()));
        }
        self.requests.push(SeenRequest {
            method: request.method.clone(),
            path: request.path.clone(),
            kind: found.kind,
            user: sent.map(|(user, _)| user),
            status: found.status,
        });
        found.struck(fault)
    }

    fn lets_in(&self, sent: Option<&(String, String)>) -> bool {
        let Some((user, password)) = &self.login else { return true };
        sent.is_some_and(|sent| sent.0 == *user && password.as_ref().is_none_or(|password| sent.1 == *password))
    }

    fn find(&self, path: &str) -> Found {
        if path == "/v2/" || path == "/v2" {
            return Found::new(Some(Kind::Challenge), 200, Bytes::from("{}"));
        }
        let rest = path.strip_prefix("/v2/").unwrap_or_default();
        if let Some((name, wanted)) = rest.rsplit_once("/manifests/") {
            return self.manifest(name, wanted);
        }
        match rest.rsplit_once("/blobs/") {
            Some((name, digest)) => self.blob(name, digest),
            None => Found::failure(None, 404, "UNSUPPORTED", "the operation is unsupported"),
        }
    }

    fn manifest(&self, name: &str, wanted: &str) -> Found {
        let kind = Some(Kind::Manifest);
        let is_wanted = |tag: &str, image: &Image| tag == wanted || image.manifest.digest == wanted;
        let mut ours = self.of(name).peekable();
        if ours.peek().is_none() {
            let message = "repository name not known to registry";
            return Found::failure(kind, 404, "NAME_UNKNOWN", message);
        }
        match ours.find(|(tag, image)| is_wanted(tag, image)) {
            Some((_, image)) => Found::blob(kind, &image.manifest, MANIFEST),
            None => Found::failure(kind, 404, "MANIFEST_UNKNOWN", "manifest unknown"),
        }
    }

    fn blob(&self, name: &str, digest: &str) -> Found {
        for (_, image) in self.of(name) {
            let layers = image.layers.iter().map(|layer| (Kind::Layer, layer));
            let mut blobs = layers.chain([(Kind::Config, &image.config)]);
            if let Some((kind, blob)) = blobs.find(|(_, blob)| blob.digest == digest) {
                return Found::blob(Some(kind), blob, "application/octet-stream");
            }
        }
        Found::failure(None, 404, "BLOB_UNKNOWN", "blob unknown to registry")
    }

    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a Image)> {
        let ours = self.images.iter().filter(move |((repository, _), _)| repository == name);
        ours.map(|((_, tag), image)| (tag.as_str(), image))
    }
}

impl Found {
    fn new(kind: Option<Kind>, status: u16, body: Bytes) -> Self {
        let headers = vec![("docker-distribution-api-version", "registry/2.0".to_owned())];
        Self { kind, status, headers, body }
    }

    fn blob(kind: Option<Kind>, blob: &Blob, media_type: &str) -> Self {
        Self::new(kind, 200, blob.bytes.clone())
            .with("content-type", media_type)
            .with("docker-content-digest", &blob.digest)
    }

    fn failure(kind: Option<Kind>, status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "errors": [{ "code": code, "message": message, "detail": null }] });
        Self::new(kind, status, body.to_string().into()).with("content-type", "application/json")
    }

    /// Nobody without the login learns what is there, but the kind still counts.
    fn barred(self) -> Self {
        Self::failure(self.kind, 401, "UNAUTHORIZED", "authentication required")
            .with("www-authenticate", "Basic realm=\"scripted registry\"")
    }

    /// The rest of a body: an engine goes on where it was cut.
    fn from(mut self, range: &str) -> Self {
        let first = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
        let first = first.and_then(|first| first.parse::<usize>().ok());
        let Some(first) = first.filter(|first| self.status == 200 && *first < self.body.len()) else {
            return self;
        };
        let whole = self.body.len();
        self.status = 206;
        self.body = self.body.slice(first..);
        self.with("content-range", &format!("bytes {first}-{}/{whole}", whole - 1))
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn struck(self, fault: Option<Fault>) -> Reply {
        let length = self.body.len();
        let piece = |from: usize, to: usize| Step::Send(self.body.slice(from..to));
        let steps = match &fault {
            Some(Fault::Cut) => vec![piece(0, length / 2), Step::Stall(Stall::Reset)],
            Some(Fault::Drip(pieces, pause)) => {
                let size = length.div_ceil(*pieces).max(1);
                let pieces = (0..length).step_by(size).map(|at| piece(at, length.min(at + size)));
                pieces.flat_map(|piece| [piece, Step::Stall(Stall::Pause(*pause))]).collect()
            }
            _ => vec![piece(0, length)],
        };
        let mut reply = Reply::script(self.status, steps);
        for (name, value) in self.headers {
            reply = reply.header(name, value);
        }
        reply = reply.header("content-length", length.to_string());
        match fault {
            Some(Fault::Hang) => reply.after(Stall::Hang),
            Some(Fault::Hold(gate)) => reply.after(Stall::Hold(gate)),
            _ => reply,
        }
    }
}

/// The login a request carries.
fn basic_login(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}
