//! Client of the agent's API, for the command line.
//!
//! Each call opens a connection, in a task that the client owns. Responses are read with the
//! types that the agent writes them from.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::api::{JobStatus, ProblemView, PullList, PullView, group_name};
use super::client_error::ClientError;
use crate::report::Event;
use crate::report::Report;

/// Longest wait for the head of a response, and again for its body. The agent limits its
/// own waits with other timeouts.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest response and longest event, in bytes: many times the report of ten thousand
/// containers that all failed.
const MAX_LENGTH: usize = 256 << 20;

/// Client of the agent at one socket.
pub struct Client {
    socket: PathBuf,
    connections: Mutex<JoinSet<()>>,
}

impl Client {
    /// Creates a client; it connects with each call.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned(), connections: Mutex::default() }
    }

    /// Submits a definition. With the same idempotency key, a retry returns the same request.
    ///
    /// # Errors
    /// [`ClientError`], if the agent does not accept the definition.
    pub async fn submit(&self, source: &str, definition: Vec<u8>, key: &str) -> Result<PullView, ClientError> {
        let request = Self::post("/v1/pulls", source).header("idempotency-key", key);
        self.json(request, definition).await
    }

    /// Plans a definition without contacting AWS or the engine.
    ///
    /// # Errors
    /// [`ClientError`], if the agent returns no plan.
    pub async fn plan(&self, source: &str, definition: Vec<u8>) -> Result<Report, ClientError> {
        self.json(Self::post("/v1/plan", source), definition).await
    }

    /// Lists requests, newest first.
    ///
    /// # Errors
    /// [`ClientError`], if the agent returns no list.
    pub async fn list(&self, state: Option<JobStatus>, limit: usize) -> Result<Vec<PullView>, ClientError> {
        let state = state.and_then(|state| serde_json::to_value(state).ok());
        let state = state.as_ref().and_then(|state| state.as_str()).map(|state| format!("&state={state}"));
        let path = format!("/v1/pulls?limit={limit}{}", state.unwrap_or_default());
        let list: PullList = self.json(Self::request(Method::GET, &path), Vec::new()).await?;
        Ok(list.pulls)
    }

    /// Returns one request.
    ///
    /// # Errors
    /// [`ClientError`], if the agent returns no such request.
    pub async fn show(&self, id: &str) -> Result<PullView, ClientError> {
        self.json(Self::request(Method::GET, &pull_path(id)), Vec::new()).await
    }

    /// Cancels a request and returns it as it was before.
    ///
    /// # Errors
    /// [`ClientError`], if the agent does not cancel the request.
    pub async fn cancel(&self, id: &str) -> Result<PullView, ClientError> {
        self.json(Self::request(Method::DELETE, &pull_path(id)), Vec::new()).await
    }

    /// Subscribes to the events of a request.
    ///
    /// # Errors
    /// [`ClientError`], if the agent returns no events.
    pub async fn events(&self, id: &str) -> Result<Events, ClientError> {
        let request = Self::request(Method::GET, &format!("{}/events", pull_path(id)));
        let body = self.send(request, Vec::new()).await?.into_body();
        Ok(Events { socket: self.socket.clone(), body, buffer: Vec::new(), searched: 0 })
    }

    fn post(path: &str, source: &str) -> http::request::Builder {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("source", source).finish();
        Self::request(Method::POST, &format!("{path}?{query}")).header(CONTENT_TYPE, "application/json")
    }

    fn request(method: Method, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(path).header(HOST, "localhost")
    }

    /// Sends a request and parses the JSON of its response.
    async fn json<T: DeserializeOwned>(
        &self,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<T, ClientError> {
        let response = self.send(request, body).await?;
        let body = self.read_body(response).await?;
        serde_json::from_slice(&body)
            .map_err(|source| ClientError::InvalidResponse { socket: self.socket.clone(), source })
    }

    /// Sends a request; a response that is not successful is an error.
    async fn send(&self, request: http::request::Builder, body: Vec<u8>) -> Result<Response<Incoming>, ClientError> {
        let lost = |error| self.connection_lost(io::Error::other::<hyper::Error>(error));
        let request = request.body(Full::new(Bytes::from(body)));
        let request = request.map_err(|error| self.connection_lost(io::Error::other(error)))?;
        let exchange = async {
            let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.cannot_connect(error))?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
            let connection = async {
                // The reader of the response gets the error too.
                let _ = connection.await;
            };
            self.connections.lock().unwrap_or_else(PoisonError::into_inner).spawn(connection);
            sender.send_request(request).await.map_err(lost)
        };
        let response = timeout(RESPONSE_TIMEOUT, exchange).await.map_err(|_| self.timed_out())??;
        if response.status().is_success() {
            return Ok(response);
        }
        let (socket, status) = (self.socket.clone(), response.status());
        match serde_json::from_slice::<ProblemView>(&self.read_body(response).await?) {
            Ok(problem) => Err(ClientError::Problem { socket, problem: Box::new(problem) }),
            Err(_) => Err(self.connection_lost(io::Error::other(format!("the response has status {status}")))),
        }
    }

    async fn read_body(&self, response: Response<Incoming>) -> Result<Bytes, ClientError> {
        let body = Limited::new(response.into_body(), MAX_LENGTH).collect();
        let body = timeout(RESPONSE_TIMEOUT, body).await.map_err(|_| self.timed_out())?;
        Ok(body.map_err(|error| self.connection_lost(io::Error::other(error)))?.to_bytes())
    }

    fn cannot_connect(&self, source: io::Error) -> ClientError {
        let socket = self.socket.clone();
        match source.kind() {
            io::ErrorKind::PermissionDenied => {
                let group = fs::metadata(&socket).ok().and_then(|metadata| group_name(metadata.gid()));
                ClientError::Denied { socket, group, source }
            }
            _ => ClientError::NotRunning { socket, source },
        }
    }

    fn connection_lost(&self, source: io::Error) -> ClientError {
        ClientError::ConnectionLost { socket: self.socket.clone(), source }
    }

    fn timed_out(&self) -> ClientError {
        ClientError::TimedOut { socket: self.socket.clone(), within: RESPONSE_TIMEOUT }
    }
}

/// Path of a request. The id is percent-encoded, because a user may have typed any text.
fn pull_path(id: &str) -> String {
    let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("/v1/pulls/{id}")
}

/// Reads the events of a request, one after the other.
pub struct Events {
    socket: PathBuf,
    body: Incoming,
    /// Bytes that were received and not returned yet.
    buffer: Vec<u8>,
    /// Length of the prefix of `buffer` that has no line end.
    searched: usize,
}

impl Events {
    /// Returns the next event; `None` after the end of the stream.
    ///
    /// # Errors
    /// [`ClientError`], if the connection is lost or a line is not an event.
    pub async fn next(&mut self) -> Result<Option<Event<'static>>, ClientError> {
        let lost = |source| ClientError::ConnectionLost { socket: self.socket.clone(), source };
        loop {
            if let Some(end) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(self.searched + end + 1);
                let line = std::mem::replace(&mut self.buffer, rest);
                self.searched = 0;
                return serde_json::from_slice(&line)
                    .map(Some)
                    .map_err(|source| ClientError::InvalidResponse { socket: self.socket.clone(), source });
            }
            self.searched = self.buffer.len();
            if self.searched > MAX_LENGTH {
                return Err(lost(io::Error::other("an event is too long")));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => self.buffer.extend(frame.data_ref().into_iter().flatten()),
                Some(Err(error)) => return Err(lost(io::Error::other(error))),
            }
        }
    }
}
