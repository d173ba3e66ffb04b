//! A proxy that records the targets of all requests and connects to none.

use std::sync::{Arc, Mutex, PoisonError};

use super::http::{HttpServer, Reply};

pub struct RecordingProxy {
    server: HttpServer,
    targets: Arc<Mutex<Vec<String>>>,
}

impl RecordingProxy {
    pub fn start() -> Self {
        let targets = Arc::new(Mutex::new(Vec::new()));
        let recorded = targets.clone();
        let server = HttpServer::on_loopback(move |request| {
            let target = request.header("host").unwrap_or("nowhere").to_owned();
            recorded.lock().unwrap_or_else(PoisonError::into_inner).push(target);
            Reply::new(403, "")
        });
        Self { server, targets }
    }

    /// The value for `HTTPS_PROXY` and `HTTP_PROXY`.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    /// `host:port` of every request and every `CONNECT`, in order of arrival.
    pub fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
