//! The other end of the socket, for the command line.
//!
//! A connection for each call, in a set that the client owns; what it is answered is read
//! with the types that the agent writes it from.

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

use super::api::{ListView, ProblemView, PullView, StateWord, group_name};
use super::client_error::ClientError;
use crate::report::Event;
use crate::report::Report;

/// The longest wait for an answer to begin. The agent bounds what it waits for itself.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Longest answer, and longest line of events, in bytes: the report of ten thousand containers
/// that all failed, many times over.
const LIMIT: usize = 256 << 20;

/// Asks the agent at a socket.
pub struct Client {
    socket: PathBuf,
    connections: Mutex<JoinSet<()>>,
}

impl Client {
    /// Of the agent at this socket; nothing is asked yet.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned(), connections: Mutex::default() }
    }

    /// Submits a definition under a key of its sender's, so that asking again is no harm.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn submit(&self, source: &str, definition: Vec<u8>, key: &str) -> Result<PullView, ClientError> {
        let request = Self::post("/v1/pulls", source).header("idempotency-key", key);
        self.whole(request, definition).await
    }

    /// What pulling a definition would come to.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn check(&self, source: &str, definition: Vec<u8>) -> Result<Report, ClientError> {
        self.whole(Self::post("/v1/check", source), definition).await
    }

    /// The requests, newest first.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn list(&self, state: Option<StateWord>, limit: usize) -> Result<Vec<PullView>, ClientError> {
        let state = state.and_then(|state| serde_json::to_value(state).ok());
        let state = state.as_ref().and_then(|state| state.as_str()).map(|state| format!("&state={state}"));
        let path = format!("/v1/pulls?limit={limit}{}", state.unwrap_or_default());
        let list: ListView = self.whole(Self::request(Method::GET, &path), Vec::new()).await?;
        Ok(list.pulls)
    }

    /// One request.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn show(&self, id: &str) -> Result<PullView, ClientError> {
        self.whole(Self::request(Method::GET, &path_of(id)), Vec::new()).await
    }

    /// Calls a request off; the answer is where it stood.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn cancel(&self, id: &str) -> Result<PullView, ClientError> {
        self.whole(Self::request(Method::DELETE, &path_of(id)), Vec::new()).await
    }

    /// What happens to a request from now on.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn events(&self, id: &str) -> Result<Events, ClientError> {
        let request = Self::request(Method::GET, &format!("{}/events", path_of(id)));
        let body = self.send(request, Vec::new()).await?.into_body();
        Ok(Events { socket: self.socket.clone(), body, waiting: Vec::new(), read: 0 })
    }

    fn post(path: &str, source: &str) -> http::request::Builder {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("source", source).finish();
        Self::request(Method::POST, &format!("{path}?{query}")).header(CONTENT_TYPE, "application/json")
    }

    fn request(method: Method, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(path).header(HOST, "localhost")
    }

    async fn whole<T: DeserializeOwned>(
        &self,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<T, ClientError> {
        let answer = self.send(request, body).await?;
        let text = self.collected(answer).await?;
        serde_json::from_slice(&text)
            .map_err(|source| ClientError::NotUnderstood { socket: self.socket.clone(), source })
    }

    /// Sends a request; the answer is none that is a problem.
    async fn send(&self, request: http::request::Builder, body: Vec<u8>) -> Result<Response<Incoming>, ClientError> {
        let broken = |error| self.broken(io::Error::other::<hyper::Error>(error));
        let request =
            request.body(Full::new(Bytes::from(body))).map_err(|error| self.broken(io::Error::other(error)))?;
        let answered = async {
            let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.unreachable(error))?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
            let ended = async {
                // What goes wrong with it is said to whoever reads the answer.
                let _ = connection.await;
            };
            self.connections.lock().unwrap_or_else(PoisonError::into_inner).spawn(ended);
            sender.send_request(request).await.map_err(broken)
        };
        let silent = || ClientError::Silent { socket: self.socket.clone(), within: ANSWER_WITHIN };
        let answer = timeout(ANSWER_WITHIN, answered).await.map_err(|_| silent())??;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let text = self.collected(answer).await?;
        match serde_json::from_slice::<ProblemView>(&text) {
            Ok(problem) => Err(ClientError::Problem { socket: self.socket.clone(), problem: Box::new(problem) }),
            Err(_) => Err(self.broken(io::Error::other(format!("it answered {status}")))),
        }
    }

    async fn collected(&self, answer: Response<Incoming>) -> Result<Bytes, ClientError> {
        let silent = || ClientError::Silent { socket: self.socket.clone(), within: ANSWER_WITHIN };
        let body = timeout(ANSWER_WITHIN, Limited::new(answer.into_body(), LIMIT).collect()).await;
        Ok(body.map_err(|_| silent())?.map_err(|error| self.broken(io::Error::other(error)))?.to_bytes())
    }

    fn unreachable(&self, source: io::Error) -> ClientError {
        let socket = self.socket.clone();
        match source.kind() {
            io::ErrorKind::PermissionDenied => {
                let group = fs::metadata(&socket).ok().and_then(|found| group_name(found.gid()));
                ClientError::Denied { socket, group, source }
            }
            _ => ClientError::NotRunning { socket, source },
        }
    }

    fn broken(&self, source: io::Error) -> ClientError {
        ClientError::Broken { socket: self.socket.clone(), source }
    }
}

/// An id that somebody typed may be anything.
fn path_of(id: &str) -> String {
    let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("/v1/pulls/{id}")
}

/// The events of a request, one after the other.
pub struct Events {
    socket: PathBuf,
    body: Incoming,
    waiting: Vec<u8>,
    /// Bytes of `waiting` without the end of a line.
    read: usize,
}

impl Events {
    /// The next one; `None` when the agent has nothing more to tell.
    ///
    /// # Errors
    /// [`ClientError`], when the connection breaks, or says what is no event.
    pub async fn next(&mut self) -> Result<Option<Event<'static>>, ClientError> {
        let broken = |source| ClientError::Broken { socket: self.socket.clone(), source };
        loop {
            if let Some(end) = self.waiting[self.read..].iter().position(|byte| *byte == b'\n') {
                let rest = self.waiting.split_off(self.read + end + 1);
                let line = std::mem::replace(&mut self.waiting, rest);
                self.read = 0;
                let event = serde_json::from_slice(&line);
                return event
                    .map(Some)
                    .map_err(|source| ClientError::NotUnderstood { socket: self.socket.clone(), source });
            }
            self.read = self.waiting.len();
            if self.read > LIMIT {
                return Err(broken(io::Error::other("a line of its events has no end")));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => self.waiting.extend(frame.data_ref().into_iter().flatten()),
                Some(Err(error)) => return Err(broken(io::Error::other(error))),
            }
        }
    }
}
