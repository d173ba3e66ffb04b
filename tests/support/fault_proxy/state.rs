//! What the proxy does with a request.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::super::fault::Faults;
use super::super::http::{Reply, Request, Stall, Step};
use super::behind::{Answer, ask};
use super::{Fault, On, Seen};

pub struct State {
    registry: String,
    /// Where tokens are wanted, the logins that have got one: a token is a place among them.
    pub tokens: Option<Vec<String>>,
    /// What manifests call a configuration, by digest.
    configurations: HashSet<String>,
    pub faults: Faults<On, Fault>,
    pub seen: Vec<Seen>,
    /// By path.
    pub under_way: HashMap<String, usize>,
    pub most_at_once: usize,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer, and the request counted for as long as it takes.
pub fn reply(shared: &Arc<Mutex<State>>, request: &Request) -> Reply {
    let mut state = lock(shared);
    let reply = state.answer(request);
    let count = state.under_way.entry(request.path.clone()).or_default();
    *count += 1;
    let count = *count;
    if request.method == "GET" && request.path != "/v2/" {
        state.most_at_once = state.most_at_once.max(count);
    }
    let (shared, path) = (shared.clone(), request.path.clone());
    reply.on_end(move |_| *lock(&shared).under_way.entry(path).or_default() -= 1)
}

impl State {
    pub fn new(registry: &str) -> Self {
        Self {
            registry: registry.to_owned(),
            tokens: None,
            configurations: HashSet::new(),
            faults: Faults::none(),
            seen: Vec::new(),
            under_way: HashMap::new(),
            most_at_once: 0,
        }
    }

    fn answer(&mut self, request: &Request) -> Reply {
        let on = self.on(&request.path);
        let fault = on.and_then(|on| self.faults.strike(&on));
        self.seen.push(Seen { method: request.method.clone(), path: request.path.clone(), on });
        if let Some(Fault::Answer(status, header, body)) = fault {
            let reply = Reply::new(status, body).header("docker-distribution-api-version", "registry/2.0");
            return header.into_iter().fold(reply, |reply, (name, value)| reply.header(name, value));
        }
        let answer = self.pass(on, request);
        if on == Some(On::Manifest) {
            self.learn(&answer.body);
        }
        struck(answer, fault, request.method == "HEAD")
    }

    /// What it is for.
    fn on(&self, path: &str) -> Option<On> {
        match path {
            "/v2/" | "/v2" => Some(On::Ping),
            "/token" => Some(On::Token),
            _ if path.contains("/manifests/") => Some(On::Manifest),
            _ => {
                let (_, digest) = path.split_once("/blobs/")?;
                Some(if self.configurations.contains(digest) { On::Config } else { On::Layer })
            }
        }
    }

    fn learn(&mut self, manifest: &[u8]) {
        let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
        self.configurations.extend(manifest["config"]["digest"].as_str().map(str::to_owned));
    }

    /// The registry's answer, through the token service where there is one.
    fn pass(&mut self, on: Option<On>, request: &Request) -> Answer {
        let given = request.header("authorization");
        let Some(tokens) = &mut self.tokens else { return ask(&self.registry, request, given) };
        if on == Some(On::Token) {
            let ping = Request { path: "/v2/".to_owned(), ..empty(request) };
            let mut answer = ask(&self.registry, &ping, given);
            if answer.status == 200 {
                tokens.push(given.unwrap_or_default().to_owned());
                answer.body = json!({ "token": (tokens.len() - 1).to_string() }).to_string().into();
            }
            answer.headers.retain(|(name, _)| !matches!(&**name, "content-length" | "www-authenticate"));
            return answer;
        }
        let token = given.and_then(|given| given.strip_prefix("Bearer ")?.parse::<usize>().ok());
        if let Some(login) = token.and_then(|token| tokens.get(token)) {
            return ask(&self.registry, request, Some(login).filter(|login| !login.is_empty()).map(|login| &**login));
        }
        let host = request.header("host").unwrap_or_default();
        let name = request.path.trim_start_matches("/v2/");
        let name = name.split(['/']).take_while(|part| !matches!(*part, "manifests" | "blobs")).collect::<Vec<_>>();
        let scope = format!("repository:{}:pull", name.join("/"));
        let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"lab\",scope=\"{scope}\"");
        let body = r#"{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}"#;
        let headers = vec![("www-authenticate".to_owned(), challenge)];
        Answer { status: 401, headers, body: Bytes::from_static(body.as_bytes()) }
    }
}

/// The same request without anything in it.
fn empty(request: &Request) -> Request {
    Request {
        method: "GET".to_owned(),
        path: String::new(),
        query: Vec::new(),
        headers: request.headers.iter().filter(|(name, _)| name == "host").cloned().collect(),
        body: Bytes::new(),
    }
}

/// The answer as the fault leaves it.
fn struck(answer: Answer, fault: Option<Fault>, head_only: bool) -> Reply {
    let Answer { status, headers, mut body } = answer;
    let length = body.len();
    if let Some(Fault::Garbage) = fault {
        let noise = body.iter().enumerate().map(|(at, byte)| if at < length / 2 { *byte } else { !*byte });
        body = noise.collect();
    }
    let piece = |from: usize, to: usize| Step::Send(body.slice(from..to));
    let steps = match &fault {
        Some(Fault::Cut) => vec![piece(0, length / 2), Step::Stall(Stall::Reset)],
        Some(Fault::HoldInTheMiddle(gate)) => {
            vec![piece(0, length / 2), Step::Stall(Stall::Hold(gate.clone())), piece(length / 2, length)]
        }
        Some(Fault::Drip(pieces, pause)) => {
            let size = length.div_ceil(*pieces).max(1);
            let pieces = (0..length).step_by(size).map(|at| piece(at, length.min(at + size)));
            pieces.flat_map(|piece| [piece, Step::Stall(Stall::Pause(*pause))]).collect()
        }
        _ => vec![piece(0, length)],
    };
    let has_length = headers.iter().any(|(name, _)| name == "content-length");
    let mut reply = headers.into_iter().fold(Reply::script(status, steps), |reply, (n, v)| reply.header(&n, v));
    if !has_length && !head_only {
        reply = reply.header("content-length", length.to_string());
    }
    match fault {
        Some(Fault::Hold(gate)) => reply.after(Stall::Hold(gate)),
        _ => reply,
    }
}
