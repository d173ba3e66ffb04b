//! A reply as a script: a head, pieces of the body, and waits or cuts between them.

use std::fmt;
use std::time::Duration;

use hyper::body::Bytes;

use super::super::gate::Gate;
use super::body::ScriptedBody;

/// The connection ends here, because the script cuts it or the client disconnected.
#[derive(Debug)]
pub struct ConnectionCut;

impl fmt::Display for ConnectionCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was cut")
    }
}

impl std::error::Error for ConnectionCut {}

/// A wait or a cut in place of data.
#[derive(Clone)]
pub enum Stall {
    Pause(Duration),
    Hold(Gate),
    /// Sends nothing more and keeps the connection open.
    Hang,
    /// Closes the connection at once, over TCP with a reset.
    Reset,
}

#[derive(Clone)]
pub enum Step {
    Send(Bytes),
    Stall(Stall),
}

pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    before: Option<Stall>,
    body: Vec<Step>,
    end: EndCallback,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self::script(status, vec![Step::Send(body.into())])
    }

    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, body.to_string()).header("content-type", "application/json")
    }

    pub fn script(status: u16, body: Vec<Step>) -> Self {
        Self { status, headers: Vec::new(), before: None, body, end: EndCallback(None) }
    }

    /// A reply that never sends a response.
    pub fn stall(stall: Stall) -> Self {
        Self::new(200, "").after(stall)
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Stalls before the whole response, including its head.
    pub fn after(mut self, stall: Stall) -> Self {
        self.before = Some(stall);
        self
    }

    /// Calls `end` exactly once: with true when the whole reply was sent, with false when the client
    /// disconnected first or the script cut the connection.
    pub fn on_end(mut self, end: impl FnOnce(bool) + Send + 'static) -> Self {
        self.end = EndCallback(Some(Box::new(end)));
        self
    }

    pub(super) async fn into_response(self) -> Result<hyper::Response<ScriptedBody>, ConnectionCut> {
        if let Some(stall) = self.before {
            stall.wait().await?;
        }
        let mut response = hyper::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        Ok(response.body(ScriptedBody::new(self.body, self.end)).expect("a script with a proper head"))
    }
}

impl Stall {
    pub(super) async fn wait(self) -> Result<(), ConnectionCut> {
        match self {
            Self::Pause(time) => tokio::time::sleep(time).await,
            Self::Hold(gate) => gate.pass().await,
            Self::Hang => std::future::pending().await,
            Self::Reset => {
                // Yield once, so that data sent before reaches the socket.
                tokio::task::yield_now().await;
                return Err(ConnectionCut);
            }
        }
        Ok(())
    }
}

/// Reports the end of a reply exactly once.
pub(super) struct EndCallback(Option<Box<dyn FnOnce(bool) + Send>>);

impl EndCallback {
    pub(super) fn complete(&mut self) {
        if let Some(end) = self.0.take() {
            end(true);
        }
    }
}

impl Drop for EndCallback {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end(false);
        }
    }
}
