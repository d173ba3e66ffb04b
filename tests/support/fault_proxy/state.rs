//! What the proxy has recorded, and its replies.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::super::fault::FaultPlan;
use super::super::http::{Reply, Request};
use super::super::registry_fault::{RegistryFault, RequestKind};
use super::proxy::ProxiedRequest;
use super::upstream::{UpstreamResponse, forward};

pub struct ProxyState {
    registry: String,
    /// With a token service: the `Authorization` header of each issued token, by token number.
    pub tokens: Option<Vec<String>>,
    /// Digests of image configurations, learned from manifests.
    configurations: HashSet<String>,
    pub faults: FaultPlan<RequestKind, RegistryFault>,
    pub requests: Vec<ProxiedRequest>,
    /// Number of requests in flight, by path.
    pub in_flight: HashMap<String, usize>,
    pub max_concurrent: usize,
}

pub fn lock(state: &Mutex<ProxyState>) -> MutexGuard<'_, ProxyState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Replies to a request, and counts it as in flight until the reply ends.
pub fn reply(shared: &Arc<Mutex<ProxyState>>, request: &Request) -> Reply {
    let mut state = lock(shared);
    let reply = state.reply(request);
    let count = state.in_flight.entry(request.path.clone()).or_default();
    *count += 1;
    let count = *count;
    if request.method == "GET" && request.path != "/v2/" {
        state.max_concurrent = state.max_concurrent.max(count);
    }
    let (shared, path) = (shared.clone(), request.path.clone());
    reply.on_end(move |_| *lock(&shared).in_flight.entry(path).or_default() -= 1)
}

impl ProxyState {
    pub fn new(registry: &str) -> Self {
        Self {
            registry: registry.to_owned(),
            tokens: None,
            configurations: HashSet::new(),
            faults: FaultPlan::new(),
            requests: Vec::new(),
            in_flight: HashMap::new(),
            max_concurrent: 0,
        }
    }

    fn reply(&mut self, request: &Request) -> Reply {
        let kind = self.kind(&request.path);
        let fault = kind.and_then(|kind| self.faults.next_fault(&kind));
        self.requests.push(ProxiedRequest { method: request.method.clone(), path: request.path.clone(), kind });
        if let Some(RegistryFault::Response(status, header, body)) = fault {
            let reply = Reply::new(status, body).header("docker-distribution-api-version", "registry/2.0");
            return header.into_iter().fold(reply, |reply, (name, value)| reply.header(name, value));
        }
        let UpstreamResponse { status, headers, body } = self.response(kind, request);
        if kind == Some(RequestKind::Manifest) {
            self.learn_configuration(&body);
        }
        let has_length = headers.iter().any(|(name, _)| name == "content-length");
        let reply = RegistryFault::reply(fault, status, &body);
        let reply = headers.into_iter().fold(reply, |reply, (name, value)| reply.header(&name, value));
        if has_length || request.method == "HEAD" {
            return reply;
        }
        reply.header("content-length", body.len().to_string())
    }

    fn kind(&self, path: &str) -> Option<RequestKind> {
        match path {
            "/v2/" | "/v2" => Some(RequestKind::Ping),
            "/token" => Some(RequestKind::Token),
            _ if path.contains("/manifests/") => Some(RequestKind::Manifest),
            _ => {
                let (_, digest) = path.split_once("/blobs/")?;
                let is_configuration = self.configurations.contains(digest);
                Some(if is_configuration { RequestKind::Config } else { RequestKind::Layer })
            }
        }
    }

    fn learn_configuration(&mut self, manifest: &[u8]) {
        let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
        self.configurations.extend(manifest["config"]["digest"].as_str().map(str::to_owned));
    }

    /// The response of the registry, or of the token service if there is one.
    fn response(&mut self, kind: Option<RequestKind>, request: &Request) -> UpstreamResponse {
        let authorization = request.header("authorization");
        let Some(tokens) = &mut self.tokens else { return forward(&self.registry, request, authorization) };
        if kind == Some(RequestKind::Token) {
            let mut response = forward(&self.registry, &ping(request), authorization);
            if response.status == 200 {
                tokens.push(authorization.unwrap_or_default().to_owned());
                response.body = json!({ "token": (tokens.len() - 1).to_string() }).to_string().into();
            }
            response.headers.retain(|(name, _)| !matches!(&**name, "content-length" | "www-authenticate"));
            return response;
        }
        let token = authorization.and_then(|value| value.strip_prefix("Bearer ")?.parse::<usize>().ok());
        if let Some(login) = token.and_then(|token| tokens.get(token)) {
            return forward(&self.registry, request, Some(&**login).filter(|login| !login.is_empty()));
        }
        let host = request.header("host").unwrap_or_default();
        let name = request.path.trim_start_matches("/v2/");
        let name = name.split(['/']).take_while(|part| !matches!(*part, "manifests" | "blobs")).collect::<Vec<_>>();
        let scope = format!("repository:{}:pull", name.join("/"));
        let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"lab\",scope=\"{scope}\"");
        let body = r#"{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}"#;
        let headers = vec![("www-authenticate".to_owned(), challenge)];
        UpstreamResponse { status: 401, headers, body: Bytes::from_static(body.as_bytes()) }
    }
}

/// A request for `/v2/`, by which the token service checks a login.
fn ping(request: &Request) -> Request {
    Request {
        method: "GET".to_owned(),
        path: "/v2/".to_owned(),
        query: Vec::new(),
        headers: request.headers.iter().filter(|(name, _)| name == "host").cloned().collect(),
        body: Bytes::new(),
    }
}
