//! A Docker Engine on a Unix socket, as far as pulling needs one.
//!
//! Without a script a pull succeeds plausibly. Scripts are per image; what is
//! asked, with which credentials, and how each pull ended is kept. Wording and
//! status codes are those of Docker Engine 20.10, or of Podman 4.3.

mod auth;
mod podman;
mod pull;
mod state;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use tempfile::TempDir;

use super::http::HttpServer;

pub use self::auth::{AuthConfig, RegistryAuth};
pub use self::pull::PullScript;
use self::state::EngineState;
pub use self::state::{PullEnd, RecordedPull};

pub struct FakeEngine {
    state: Arc<Mutex<EngineState>>,
    folder: TempDir,
    _server: HttpServer,
}

impl FakeEngine {
    /// An engine of API 1.41.
    pub fn start() -> Self {
        Self::with_api("1.41")
    }

    /// An engine whose newest API is this.
    pub fn with_api(version: &str) -> Self {
        Self::with_apis("1.12", version)
    }

    /// An engine that speaks from this API to that one.
    pub fn with_apis(oldest: &str, newest: &str) -> Self {
        Self::of_kind(oldest, newest, false)
    }

    /// Podman 4.3, on its Docker-compatible socket.
    pub fn podman() -> Self {
        Self::of_kind("1.12", "1.41", true)
    }

    fn of_kind(oldest: &str, newest: &str, is_podman: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the socket");
        let state = Arc::new(Mutex::new(EngineState::new(oldest, newest, is_podman, folder.path().join("data"))));
        let shared = state.clone();
        let server =
            HttpServer::on_socket(&folder.path().join("engine.sock"), move |request| state::reply(&shared, &request));
        Self { state, folder, _server: server }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    /// Lets what it says of its data root be seen on this host; gives the root.
    pub fn show_disk(&self) -> PathBuf {
        let root = self.folder.path().join("data");
        std::fs::create_dir_all(root.join("overlay2")).expect("the folder of its driver");
        root
    }

    /// For `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// How every pull of this image goes: `name:tag` or `name@digest`, as asked for.
    pub fn script(&self, image: &str, pull: PullScript) {
        self.state().always.insert(image.to_owned(), pull);
    }

    /// How the next pull of this image goes, before what `image` says; calls queue up.
    pub fn script_once(&self, image: &str, pull: PullScript) {
        self.state().next.entry(image.to_owned()).or_default().push_back(pull);
    }

    /// Every pull so far, in order of arrival.
    pub fn pulls(&self) -> Vec<RecordedPull> {
        self.state().pulls.clone()
    }

    /// The images that the registry was asked about, with a credential that it accepts.
    pub fn verified_images(&self) -> Vec<String> {
        self.state().verified.clone()
    }

    /// How often this image was asked for.
    pub fn pull_count(&self, image: &str) -> usize {
        self.state().pulls.iter().filter(|pull| pull.image == image).count()
    }

    /// The most pulls that were under way at one time.
    pub fn max_concurrent_pulls(&self) -> usize {
        self.state().most_at_once
    }

    /// Every request so far, as `METHOD /path`, in order of arrival.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, EngineState> {
        state::lock(&self.state)
    }
}
