//! How a pull goes.

use std::time::Duration;

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::super::digest::sha256;
use super::super::gate::Gate;
use super::super::http::{Stall, Step};

/// The script of one pull: a refusal before the stream, or a stream.
///
/// ```ignore
/// Pull::success().with_login("user", "password")
/// Pull::refusal(404, "manifest for app:1 not found: manifest unknown: manifest unknown")
/// Pull::stream().status("Pulling from app").hold(&gate).error("unexpected EOF")
/// ```
#[derive(Clone)]
pub struct PullScript {
    pub(super) goes: PullCourse,
    pub(super) requires: Option<(String, String)>,
    /// The digest of the image that is local afterwards, where the script fixes it.
    pub(super) lands: Option<String>,
    pub(super) announces: Option<String>,
    pub(super) manifest: Option<String>,
}

#[derive(Clone)]
pub(super) enum PullCourse {
    Well { before_end: Option<Stall> },
    Refused { status: u16, message: String },
    Scripted(Vec<Step>),
}

impl PullScript {
    /// Progress, digest and status as an engine tells them; the image is local afterwards.
    pub fn success() -> Self {
        Self::new(PullCourse::Well { before_end: None })
    }

    /// An HTTP error before the stream.
    pub fn refusal(status: u16, message: &str) -> Self {
        Self::new(PullCourse::Refused { status, message: message.to_owned() })
    }

    /// HTTP 200 and a stream of what the calls after this one say. No image is
    /// local afterwards, unless `lands` says so.
    pub fn stream() -> Self {
        Self::new(PullCourse::Scripted(Vec::new()))
    }

    /// Refuses whoever is not this user, in the engine's words.
    pub fn with_login(mut self, username: &str, password: &str) -> Self {
        self.requires = Some((username.to_owned(), password.to_owned()));
        self
    }

    /// The image is local at the stream's end, with this digest.
    pub fn with_local_digest(mut self, digest: &str) -> Self {
        self.lands = Some(digest.to_owned());
        self
    }

    /// A successful pull tells this digest, whatever lands.
    pub fn with_reported_digest(mut self, digest: &str) -> Self {
        self.announces = Some(digest.to_owned());
        self
    }

    /// What lands is an index, and this the digest of the manifest in it that is for this
    /// platform; the local image has both.
    pub fn with_manifest(mut self, digest: &str) -> Self {
        self.manifest = Some(digest.to_owned());
        self
    }

    /// A line of the stream.
    pub fn line(self, line: &Value) -> Self {
        self.raw(&format!("{line}\r\n"))
    }

    pub fn status(self, status: &str) -> Self {
        self.line(&json!({ "status": status }))
    }

    /// An error in the stream.
    pub fn error(self, message: &str) -> Self {
        self.line(&json!({ "errorDetail": { "message": message }, "error": message }))
    }

    /// Bytes of the stream as they are: half a line, or a line without its end.
    pub fn raw(self, text: &str) -> Self {
        self.then(Step::Send(Bytes::copy_from_slice(text.as_bytes())))
    }

    pub fn pause(self, time: Duration) -> Self {
        self.then(Step::Stall(Stall::Pause(time)))
    }

    /// The rest waits until the test opens the gate.
    pub fn hold(self, gate: &Gate) -> Self {
        self.then(Step::Stall(Stall::Hold(gate.clone())))
    }

    pub fn hang(self) -> Self {
        self.then(Step::Stall(Stall::Hang))
    }

    /// The connection is cut here.
    pub fn reset(self) -> Self {
        self.then(Step::Stall(Stall::Reset))
    }

    fn new(goes: PullCourse) -> Self {
        Self { goes, requires: None, lands: None, announces: None, manifest: None }
    }

    /// A success stalls once, after its layers; a stream wherever it is said.
    fn then(mut self, step: Step) -> Self {
        match (&mut self.goes, step) {
            (PullCourse::Scripted(steps), step) => steps.push(step),
            (PullCourse::Well { before_end }, Step::Stall(stall)) => *before_end = Some(stall),
            (PullCourse::Well { .. }, Step::Send(_)) => panic!("a success says its own lines"),
            (PullCourse::Refused { .. }, _) => panic!("a refusal has no stream"),
        }
        self
    }
}

/// The stream of a pull that goes well. `name` is without tag and digest.
pub(super) fn success(name: &str, tag: &str, digest: &str, up_to_date: bool, before_end: Option<Stall>) -> Vec<Step> {
    let mut lines = vec![json!({ "status": format!("Pulling from {}", path_of(name)), "id": tag })];
    if !up_to_date {
        let layer = &sha256(name)[..12];
        let told = |status: &str, detail: Value| json!({ "status": status, "progressDetail": detail, "id": layer });
        lines.extend([
            told("Pulling fs layer", json!({})),
            told("Downloading", json!({ "current": 512, "total": 2048 })),
            told("Download complete", json!({})),
            told("Extracting", json!({ "current": 2048, "total": 2048 })),
            told("Pull complete", json!({})),
        ]);
    }
    let separator = if tag.contains(':') { '@' } else { ':' };
    let last = if up_to_date { "Image is up to date" } else { "Downloaded newer image" };
    let ends = [
        json!({ "status": format!("Digest: {digest}") }),
        json!({ "status": format!("Status: {last} for {name}{separator}{tag}") }),
    ];
    let send = |line: Value| Step::Send(Bytes::from(format!("{line}\r\n")));
    let mut steps: Vec<Step> = lines.into_iter().map(send).collect();
    steps.extend(before_end.map(Step::Stall));
    steps.extend(ends.map(send));
    steps
}

/// A digest that is this image's own.
pub(super) fn digest_of(image: &str) -> String {
    format!("sha256:{}", sha256(image))
}

/// The id of the image with this digest.
pub(super) fn id_of(digest: &str) -> String {
    digest_of(digest)
}

/// The repository without its registry.
pub(super) fn path_of(name: &str) -> &str {
    match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
        _ => name,
    }
}
