//! The registry as tests use it.

use std::sync::{Arc, Mutex, MutexGuard};

use super::super::fault::Calls;
use super::super::http::HttpServer;
use super::super::registry_fault::{RegistryFault, RequestKind};
use super::image::Image;
use super::state::{self, Login, RegistryState};

/// One request, and the status that answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    pub method: String,
    pub path: String,
    /// `None` for a request that is not part of a pull, or whose target does not exist.
    pub kind: Option<RequestKind>,
    /// The user of the Basic login that was sent, whether or not it was correct.
    pub user: Option<String>,
    /// The intended status; a hang or a cut does not change it.
    pub status: u16,
}

/// An image that the registry stores.
pub struct PushedImage {
    /// For the engine: `127.0.0.1:PORT/name:tag`.
    pub reference: String,
    /// Digest of the manifest.
    pub digest: String,
}

pub struct FakeRegistry {
    state: Arc<Mutex<RegistryState>>,
    server: HttpServer,
}

impl FakeRegistry {
    /// Starts a registry that requires no login.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts a registry whose every request requires this Basic login.
    pub fn with_login(username: &str, password: &str) -> Self {
        Self::start_with(Some(Login { user: username.to_owned(), password: Some(password.to_owned()) }))
    }

    /// Starts a registry that requires a Basic login of this user and accepts any password:
    /// tokens differ from call to call.
    pub fn with_user(username: &str) -> Self {
        Self::start_with(Some(Login { user: username.to_owned(), password: None }))
    }

    fn start_with(login: Option<Login>) -> Self {
        let state = Arc::new(Mutex::new(RegistryState::new(login)));
        let shared = state.clone();
        let server = HttpServer::on_loopback(move |request| state::lock(&shared).reply(&request));
        Self { state, server }
    }

    /// Changes the login that later requests require.
    pub fn change_login(&self, username: &str, password: &str) {
        self.state().login = Some(Login { user: username.to_owned(), password: Some(password.to_owned()) });
    }

    /// `127.0.0.1:PORT`, as in image references.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.server.port())
    }

    /// Stores an image `name:tag` with one layer for each of these sizes in bytes.
    pub fn push(&self, image: &str, layers: &[usize]) -> PushedImage {
        self.store(image, Image::new(layers))
    }

    /// Stores a manifest `name:tag` that lists layers of these sizes. The layers themselves do not
    /// exist; layers of equal size are the same layer.
    pub fn push_without_layers(&self, image: &str, layers: &[u64]) -> PushedImage {
        self.store(image, Image::without_layers(layers))
    }

    fn store(&self, image: &str, content: Image) -> PushedImage {
        let (name, tag) = image.rsplit_once(':').expect("`name:tag`");
        let digest = content.digest().to_owned();
        self.state().put(name, tag, content);
        PushedImage { reference: format!("{}/{image}", self.host()), digest }
    }

    /// Adds another tag to an image `name:tag`.
    pub fn tag(&self, image: &str, tag: &str) {
        let (name, old) = image.rsplit_once(':').expect("`name:tag`");
        self.state().tag(name, old, tag);
    }

    pub fn inject_fault(&self, kind: RequestKind, calls: Calls, fault: RegistryFault) {
        self.state().faults.add(kind, calls, fault);
    }

    /// All requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state().requests.clone()
    }

    pub fn request_count(&self, kind: RequestKind) -> usize {
        self.state().requests.iter().filter(|request| request.kind == Some(kind)).count()
    }

    fn state(&self) -> MutexGuard<'_, RegistryState> {
        state::lock(&self.state)
    }
}
