//! The engine as tests use it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use tempfile::TempDir;

use super::super::http::HttpServer;
use super::pull::PullScript;
use super::recorded_pull::RecordedPull;
use super::state::{self, EngineState};

pub struct FakeEngine {
    state: Arc<Mutex<EngineState>>,
    folder: TempDir,
    _server: HttpServer,
}

impl FakeEngine {
    /// Starts an engine with API 1.41.
    pub fn start() -> Self {
        Self::with_api("1.41")
    }

    /// Starts an engine whose newest API version is this.
    pub fn with_api(version: &str) -> Self {
        Self::with_apis("1.12", version)
    }

    /// Starts an engine that supports the API versions from `oldest` to `newest`.
    pub fn with_apis(oldest: &str, newest: &str) -> Self {
        Self::start_with(oldest, newest, false)
    }

    /// Starts Podman 4.3 on its Docker-compatible socket.
    pub fn podman() -> Self {
        Self::start_with("1.12", "1.41", true)
    }

    fn start_with(oldest: &str, newest: &str, is_podman: bool) -> Self {
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

    /// Creates the data root that the engine reports on this host, and returns it.
    pub fn show_disk(&self) -> PathBuf {
        let root = self.folder.path().join("data");
        std::fs::create_dir_all(root.join("overlay2")).expect("the folder of its driver");
        root
    }

    /// Sets the architecture that the engine reports, as the kernel names it.
    pub fn set_architecture(&self, architecture: &str) {
        architecture.clone_into(&mut self.state().architecture);
    }

    /// The value for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Sets the script of every pull of this image: `name:tag` or `name@digest`, as requested.
    pub fn script(&self, image: &str, pull: PullScript) {
        self.state().scripts.insert(image.to_owned(), pull);
    }

    /// Queues a script for one pull of this image, ahead of the script that `script` sets.
    pub fn script_once(&self, image: &str, pull: PullScript) {
        self.state().queued_scripts.entry(image.to_owned()).or_default().push_back(pull);
    }

    /// All pulls so far, in order of arrival.
    pub fn pulls(&self) -> Vec<RecordedPull> {
        self.state().pulls.clone()
    }

    /// The images that were verified with the registry, with a credential that it accepts.
    pub fn verified_images(&self) -> Vec<String> {
        self.state().verified_images.clone()
    }

    /// The number of pulls of this image so far.
    pub fn pull_count(&self, image: &str) -> usize {
        self.state().pulls.iter().filter(|pull| pull.image == image).count()
    }

    /// The maximum number of concurrent pulls.
    pub fn max_concurrent_pulls(&self) -> usize {
        self.state().max_concurrent_pulls
    }

    /// All requests so far, as `METHOD /path`, in order of arrival.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, EngineState> {
        state::lock(&self.state)
    }
}
