//! The stored images, and the replies of the registry.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use serde_json::json;

use super::super::fault::FaultPlan;
use super::super::http::{Reply, Request};
use super::super::registry_fault::{RegistryFault, RequestKind};
use super::fake_registry::RecordedRequest;
use super::image::{Blob, Image, MANIFEST};

/// The login that requests need.
pub struct Login {
    pub user: String,
    /// `None` accepts any password.
    pub password: Option<String>,
}

pub struct RegistryState {
    pub login: Option<Login>,
    /// Images by repository and tag.
    images: HashMap<(String, String), Image>,
    pub faults: FaultPlan<RequestKind, RegistryFault>,
    pub requests: Vec<RecordedRequest>,
}

/// A response before a fault changes it.
struct Content {
    kind: Option<RequestKind>,
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

pub fn lock(state: &Mutex<RegistryState>) -> MutexGuard<'_, RegistryState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RegistryState {
    pub fn new(login: Option<Login>) -> Self {
        Self { login, images: HashMap::new(), faults: FaultPlan::new(), requests: Vec::new() }
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
        let mut content = self.find(&request.path);
        if !self.accepts(sent.as_ref()) {
            content = content.unauthorized();
        } else if let Some(range) = request.header("range") {
            content = content.resume(range);
        }
        let fault = content.kind.and_then(|kind| self.faults.next_fault(&kind));
        if let Some(RegistryFault::Response(status, header, body)) = &fault {
            content = Content::new(content.kind, *status, Bytes::from_static(body.as_bytes()));
            content.headers.extend(header.map(|(name, value)| (name, value.to_owned())));
        }
        self.requests.push(RecordedRequest {
            method: request.method.clone(),
            path: request.path.clone(),
            kind: content.kind,
            user: sent.map(|(user, _)| user),
            status: content.status,
        });
        let reply = RegistryFault::reply(fault, content.status, &content.body);
        let reply = content.headers.into_iter().fold(reply, |reply, (name, value)| reply.header(name, value));
        reply.header("content-length", content.body.len().to_string())
    }

    fn accepts(&self, sent: Option<&(String, String)>) -> bool {
        let Some(Login { user, password }) = &self.login else { return true };
        sent.is_some_and(|sent| sent.0 == *user && password.as_ref().is_none_or(|password| sent.1 == *password))
    }

    fn find(&self, path: &str) -> Content {
        if path == "/v2/" || path == "/v2" {
            return Content::new(Some(RequestKind::Ping), 200, Bytes::from("{}"));
        }
        let rest = path.strip_prefix("/v2/").unwrap_or_default();
        if let Some((name, reference)) = rest.rsplit_once("/manifests/") {
            return self.manifest(name, reference);
        }
        match rest.rsplit_once("/blobs/") {
            Some((name, digest)) => self.blob(name, digest),
            None => Content::failure(None, 404, "UNSUPPORTED", "the operation is unsupported"),
        }
    }

    fn manifest(&self, name: &str, reference: &str) -> Content {
        let kind = Some(RequestKind::Manifest);
        let matches = |tag: &str, image: &Image| tag == reference || image.manifest.digest == reference;
        let mut images = self.repository(name).peekable();
        if images.peek().is_none() {
            return Content::failure(kind, 404, "NAME_UNKNOWN", "repository name not known to registry");
        }
        match images.find(|(tag, image)| matches(tag, image)) {
            Some((_, image)) => Content::blob(kind, &image.manifest, MANIFEST),
            None => Content::failure(kind, 404, "MANIFEST_UNKNOWN", "manifest unknown"),
        }
    }

    fn blob(&self, name: &str, digest: &str) -> Content {
        for (_, image) in self.repository(name) {
            let layers = image.layers.iter().map(|layer| (RequestKind::Layer, layer));
            let mut blobs = layers.chain([(RequestKind::Config, &image.config)]);
            if let Some((kind, blob)) = blobs.find(|(_, blob)| blob.digest == digest) {
                return Content::blob(Some(kind), blob, "application/octet-stream");
            }
        }
        Content::failure(None, 404, "BLOB_UNKNOWN", "blob unknown to registry")
    }

    /// The tags and images of a repository.
    fn repository<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a Image)> {
        let images = self.images.iter().filter(move |((repository, _), _)| repository == name);
        images.map(|((_, tag), image)| (tag.as_str(), image))
    }
}

impl Content {
    fn new(kind: Option<RequestKind>, status: u16, body: Bytes) -> Self {
        let headers = vec![("docker-distribution-api-version", "registry/2.0".to_owned())];
        Self { kind, status, headers, body }
    }

    fn blob(kind: Option<RequestKind>, blob: &Blob, media_type: &str) -> Self {
        Self::new(kind, 200, blob.bytes.clone())
            .with_header("content-type", media_type)
            .with_header("docker-content-digest", &blob.digest)
    }

    fn failure(kind: Option<RequestKind>, status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "errors": [{ "code": code, "message": message, "detail": null }] });
        Self::new(kind, status, body.to_string().into()).with_header("content-type", "application/json")
    }

    /// Without the login a request does not learn what exists, but its kind is still counted.
    fn unauthorized(self) -> Self {
        Self::failure(self.kind, 401, "UNAUTHORIZED", "authentication required")
            .with_header("www-authenticate", "Basic realm=\"scripted registry\"")
    }

    /// The rest of the body, for an engine that resumes an interrupted download.
    fn resume(mut self, range: &str) -> Self {
        let first = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
        let first = first.and_then(|first| first.parse::<usize>().ok());
        let Some(first) = first.filter(|first| self.status == 200 && *first < self.body.len()) else {
            return self;
        };
        let length = self.body.len();
        self.status = 206;
        self.body = self.body.slice(first..);
        self.with_header("content-range", &format!("bytes {first}-{}/{length}", length - 1))
    }

    fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// The user and password of a request's Basic login.
fn basic_login(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}
