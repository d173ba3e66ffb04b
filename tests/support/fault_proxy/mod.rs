//! A proxy before a real registry, which fails as it is told to.
//!
//! It passes every request on and every answer back, and strikes by what a request is for. It
//! also knows which requests are under way: a pull that was given up and goes on all the same
//! is seen here, whatever the engine says. With [`FaultProxy::with_tokens`] it is the token
//! service that most registries have and the lab's have not.
//!
//! It listens on 127.0.0.2, which both engines take without TLS.

mod behind;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::fault::{Faults, When};
use super::gate::Gate;
use super::http::Server;
use state::State;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum On {
    /// `/v2/`
    Ping,
    /// `/token`
    Token,
    Manifest,
    Config,
    Layer,
}

/// What comes in place of the answer, or happens to it.
#[derive(Clone)]
pub enum Fault {
    /// This status, header and body.
    Answer(u16, Option<(&'static str, &'static str)>, &'static str),
    /// Half of the body, then the connection is cut.
    Cut,
    /// The whole body, and half of it is something else.
    Garbage,
    /// The body in this many pieces, with this pause after each.
    Drip(usize, Duration),
    /// The answer waits until the test opens the gate.
    Hold(Gate),
    /// Half of the body, and the rest waits until the test opens the gate.
    HoldInTheMiddle(Gate),
}

impl Fault {
    /// A status as registries give it, with their code and their words.
    pub fn status(status: u16) -> Self {
        let body = match status {
            401 => r#"{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}"#,
            403 => r#"{"errors": [{"code": "DENIED", "message": "requested access to the resource is denied"}]}"#,
            404 => r#"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}"#,
            429 => r#"{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}"#,
            _ => "it is down",
        };
        let header = (status == 401).then_some(("www-authenticate", "Basic realm=\"the proxy\""));
        Self::Answer(status, header, body)
    }
}

/// One request, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub on: Option<On>,
}

pub struct FaultProxy {
    state: Arc<Mutex<State>>,
    server: Server,
}

impl FaultProxy {
    /// Before the registry at this address.
    pub fn before(registry: &str) -> Self {
        Self::start(State::new(registry))
    }

    /// The same, and whoever wants something needs a token first.
    pub fn with_tokens(registry: &str) -> Self {
        let mut state = State::new(registry);
        state.tokens = Some(Vec::new());
        Self::start(state)
    }

    fn start(state: State) -> Self {
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        let server = Server::at("127.0.0.2:0", move |request| state::reply(&shared, &request));
        Self { state, server }
    }

    /// `127.0.0.2:PORT`, as in references.
    pub fn host(&self) -> String {
        format!("127.0.0.2:{}", self.server.port())
    }

    pub fn fault(&self, on: On, when: When, fault: Fault) {
        self.state().faults.plan(on, when, fault);
    }

    /// No fault strikes any more; what was struck stays so.
    pub fn heal(&self) {
        self.state().faults = Faults::none();
    }

    pub fn requests(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    pub fn count(&self, on: On) -> usize {
        self.state().seen.iter().filter(|seen| seen.on == Some(on)).count()
    }

    /// The paths of the requests that are under way.
    pub fn under_way(&self) -> Vec<String> {
        let state = self.state();
        state.under_way.iter().filter(|(_, count)| **count > 0).map(|(path, _)| path.clone()).collect()
    }

    /// How many requests for one and the same thing were under way at once at most.
    pub fn most_at_once(&self) -> usize {
        self.state().most_at_once
    }

    /// Fails if anything is under way that does not end by itself within two seconds.
    pub fn assert_no_orphan(&self) {
        let end = Instant::now() + Duration::from_secs(2);
        while !self.under_way().is_empty() {
            assert!(Instant::now() < end, "given up, and goes on: {:?}", self.under_way());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
