//! The proxy as tests use it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::super::fault::{Calls, FaultPlan};
use super::super::http::HttpServer;
use super::super::registry_fault::{RegistryFault, RequestKind};
use super::state::{self, ProxyState};

/// One request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxiedRequest {
    pub method: String,
    pub path: String,
    pub kind: Option<RequestKind>,
}

pub struct FaultProxy {
    state: Arc<Mutex<ProxyState>>,
    server: HttpServer,
}

impl FaultProxy {
    /// Starts a proxy in front of the registry at this address.
    pub fn start(registry: &str) -> Self {
        Self::start_with(ProxyState::new(registry))
    }

    /// Starts a proxy that also requires a token for every request.
    pub fn with_tokens(registry: &str) -> Self {
        let mut state = ProxyState::new(registry);
        state.tokens = Some(Vec::new());
        Self::start_with(state)
    }

    fn start_with(state: ProxyState) -> Self {
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        let server = HttpServer::bind("127.0.0.2:0", move |request| state::reply(&shared, &request));
        Self { state, server }
    }

    /// `127.0.0.2:PORT`, as in image references.
    pub fn host(&self) -> String {
        format!("127.0.0.2:{}", self.server.port())
    }

    pub fn inject_fault(&self, kind: RequestKind, calls: Calls, fault: RegistryFault) {
        self.state().faults.add(kind, calls, fault);
    }

    /// Removes all planned faults. Responses that a fault has already changed stay as they are.
    pub fn clear_faults(&self) {
        self.state().faults = FaultPlan::new();
    }

    pub fn requests(&self) -> Vec<ProxiedRequest> {
        self.state().requests.clone()
    }

    pub fn request_count(&self, kind: RequestKind) -> usize {
        self.state().requests.iter().filter(|request| request.kind == Some(kind)).count()
    }

    /// The paths of the requests in flight.
    pub fn requests_in_flight(&self) -> Vec<String> {
        let state = self.state();
        state.in_flight.iter().filter(|(_, count)| **count > 0).map(|(path, _)| path.clone()).collect()
    }

    /// The maximum number of concurrent requests for one path.
    pub fn max_concurrent_requests(&self) -> usize {
        self.state().max_concurrent
    }

    /// Asserts that all requests in flight end within two seconds.
    pub fn assert_no_request_in_flight(&self) {
        let deadline = Instant::now() + Duration::from_secs(2);
        while !self.requests_in_flight().is_empty() {
            assert!(Instant::now() < deadline, "still in flight: {:?}", self.requests_in_flight());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn state(&self) -> MutexGuard<'_, ProxyState> {
        state::lock(&self.state)
    }
}
