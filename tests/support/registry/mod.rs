//! A registry over plain HTTP on 127.0.0.1, for a real engine to pull from.
//!
//! It speaks as much of <https://distribution.github.io/distribution/spec/api/>
//! as a pull needs, optionally behind a Basic login, and takes faults by kind of
//! request. An engine takes a registry on 127.0.0.0/8 without TLS unasked. Every
//! image has layers of its own, so that no engine has them already.

mod image;
mod serve;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::fault::When;
use super::gate::Gate;
use super::http::Server;
use image::Image;
use serve::State;

/// What a request is for. An engine asks for a manifest twice: HEAD by tag, then
/// GET by digest; both are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/v2/`
    Challenge,
    Manifest,
    Config,
    Layer,
}

#[derive(Clone)]
pub enum Fault {
    /// This status and body in place of the answer.
    Status(u16, String),
    Hang,
    /// Half of the body, then the connection is cut.
    Cut,
    /// The body in this many pieces, with this pause after each.
    Drip(usize, Duration),
    /// The answer waits until the test opens the gate.
    Hold(Gate),
}

/// One request as it was made and answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    pub method: String,
    pub path: String,
    /// `None` for what is no part of a pull, or not there.
    pub kind: Option<Kind>,
    /// The user of the Basic login sent, whether it was right or not.
    pub user: Option<String>,
    /// The status decided on; a hang or a cut does not change it.
    pub status: u16,
}

/// An image the registry holds.
pub struct Pushed {
    /// For the engine: `127.0.0.1:PORT/name:tag`.
    pub reference: String,
    /// Of the manifest.
    pub digest: String,
}

pub struct Registry {
    state: Arc<Mutex<State>>,
    server: Server,
}

impl Registry {
    /// Open to everybody.
    pub fn start() -> Self {
        Self::serving(State::new(None))
    }

    /// Every request must carry this Basic login.
    pub fn with_login(username: &str, password: &str) -> Self {
        Self::serving(State::new(Some((username.to_owned(), Some(password.to_owned())))))
    }

    /// Every request must carry a Basic login of this user, with whatever password: a token is
    /// another one each time.
    pub fn with_user(username: &str) -> Self {
        Self::serving(State::new(Some((username.to_owned(), None))))
    }

    /// From now on it is this login that every request must carry.
    pub fn change_login(&self, username: &str, password: &str) {
        self.state().login = Some((username.to_owned(), Some(password.to_owned())));
    }

    /// `127.0.0.1:PORT`, as in references.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.server.port())
    }

    /// Puts an image `name:tag` with a layer of each of these sizes in bytes.
    pub fn push(&self, image: &str, layers: &[usize]) -> Pushed {
        self.put(image, Image::new(layers))
    }

    fn put(&self, image: &str, made: Image) -> Pushed {
        let (name, tag) = image.rsplit_once(':').expect("`name:tag`");
        let digest = made.digest().to_owned();
        self.state().put(name, tag, made);
        Pushed { reference: format!("{}/{image}", self.host()), digest }
    }

    /// Puts a manifest `name:tag` that says these sizes of its layers, which are not there:
    /// equal ones are the same layer.
    pub fn announce(&self, image: &str, layers: &[u64]) -> Pushed {
        self.put(image, Image::announced(layers))
    }

    /// Gives an image `name:tag` another tag too.
    pub fn tag(&self, image: &str, tag: &str) {
        let (name, old) = image.rsplit_once(':').expect("`name:tag`");
        self.state().tag(name, old, tag);
    }

    pub fn fault(&self, kind: Kind, when: When, fault: Fault) {
        self.state().faults.plan(kind, when, fault);
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.state().requests.clone()
    }

    pub fn count(&self, kind: Kind) -> usize {
        self.state().requests.iter().filter(|request| request.kind == Some(kind)).count()
    }

    fn serving(state: State) -> Self {
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        let server = Server::on_loopback(move |request| serve::lock(&shared).reply(&request));
        Self { state, server }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        serve::lock(&self.state)
    }
}
