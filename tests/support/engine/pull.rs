//! Scripts of pulls.

use std::time::Duration;

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::super::digest::sha256;
use super::super::gate::Gate;
use super::super::http::{Stall, Step};

/// The script of one pull: a refusal before the stream, or a stream.
///
/// ```ignore
/// PullScript::success().with_login("user", "password")
/// PullScript::refusal(404, "manifest for app:1 not found: manifest unknown: manifest unknown")
/// PullScript::stream().status("Pulling from app").hold(&gate).error("unexpected EOF")
/// ```
#[derive(Clone)]
pub struct PullScript {
    pub(super) course: PullCourse,
    pub(super) required_login: Option<(String, String)>,
    /// The digest of the local image after the pull, if the script sets it.
    pub(super) local_digest: Option<String>,
    pub(super) reported_digest: Option<String>,
    pub(super) manifest: Option<String>,
    pub(super) architecture: Option<String>,
}

#[derive(Clone)]
pub(super) enum PullCourse {
    Success { before_end: Option<Stall> },
    Refusal { status: u16, message: String },
    Scripted(Vec<Step>),
}

impl PullScript {
    /// A successful pull, with progress, digest and status lines; the image is local afterwards.
    pub fn success() -> Self {
        Self::new(PullCourse::Success { before_end: None })
    }

    /// An HTTP error before the stream.
    pub fn refusal(status: u16, message: &str) -> Self {
        Self::new(PullCourse::Refusal { status, message: message.to_owned() })
    }

    /// HTTP 200 and a stream of the lines that the following calls add. Without
    /// `with_local_digest` no image is local afterwards.
    pub fn stream() -> Self {
        Self::new(PullCourse::Scripted(Vec::new()))
    }

    /// Refuses a pull with any other login, with the engine's own message.
    pub fn with_login(mut self, username: &str, password: &str) -> Self {
        self.required_login = Some((username.to_owned(), password.to_owned()));
        self
    }

    /// Makes an image with this digest local at the end of the stream.
    pub fn with_local_digest(mut self, digest: &str) -> Self {
        self.local_digest = Some(digest.to_owned());
        self
    }

    /// Reports this digest in a successful pull, whatever the digest of the local image.
    pub fn with_reported_digest(mut self, digest: &str) -> Self {
        self.reported_digest = Some(digest.to_owned());
        self
    }

    /// Makes the local digest that of an index, and this the digest of the platform's manifest in
    /// it; the local image has both.
    pub fn with_manifest(mut self, digest: &str) -> Self {
        self.manifest = Some(digest.to_owned());
        self
    }

    /// Makes the image one for this architecture, whatever the engine's is.
    pub fn with_architecture(mut self, architecture: &str) -> Self {
        self.architecture = Some(architecture.to_owned());
        self
    }

    /// Adds a line to the stream.
    pub fn line(self, line: &Value) -> Self {
        self.raw(&format!("{line}\r\n"))
    }

    pub fn status(self, status: &str) -> Self {
        self.line(&json!({ "status": status }))
    }

    /// Adds an error to the stream.
    pub fn error(self, message: &str) -> Self {
        self.line(&json!({ "errorDetail": { "message": message }, "error": message }))
    }

    /// Adds raw bytes to the stream, such as an incomplete line.
    pub fn raw(self, text: &str) -> Self {
        self.add_step(Step::Send(Bytes::copy_from_slice(text.as_bytes())))
    }

    pub fn pause(self, time: Duration) -> Self {
        self.add_step(Step::Stall(Stall::Pause(time)))
    }

    /// Delays the rest of the stream until the test opens the gate.
    pub fn hold(self, gate: &Gate) -> Self {
        self.add_step(Step::Stall(Stall::Hold(gate.clone())))
    }

    pub fn hang(self) -> Self {
        self.add_step(Step::Stall(Stall::Hang))
    }

    /// Cuts the connection.
    pub fn reset(self) -> Self {
        self.add_step(Step::Stall(Stall::Reset))
    }

    fn new(course: PullCourse) -> Self {
        Self {
            course,
            required_login: None,
            local_digest: None,
            reported_digest: None,
            manifest: None,
            architecture: None,
        }
    }

    /// Adds a step. A successful pull stalls once, after its layers; a stream stalls at this point.
    fn add_step(mut self, step: Step) -> Self {
        match (&mut self.course, step) {
            (PullCourse::Scripted(steps), step) => steps.push(step),
            (PullCourse::Success { before_end }, Step::Stall(stall)) => *before_end = Some(stall),
            (PullCourse::Success { .. }, Step::Send(_)) => panic!("a success says its own lines"),
            (PullCourse::Refusal { .. }, _) => panic!("a refusal has no stream"),
        }
        self
    }
}

/// The stream of a successful pull. `name` has no tag and no digest.
pub(super) fn success_steps(
    name: &str,
    tag: &str,
    digest: &str,
    up_to_date: bool,
    before_end: Option<Stall>,
) -> Vec<Step> {
    let mut lines = vec![json!({ "status": format!("Pulling from {}", path_of(name)), "id": tag })];
    if !up_to_date {
        let layer = &sha256(name)[..12];
        let line = |status: &str, detail: Value| json!({ "status": status, "progressDetail": detail, "id": layer });
        lines.extend([
            line("Pulling fs layer", json!({})),
            line("Downloading", json!({ "current": 512, "total": 2048 })),
            line("Download complete", json!({})),
            line("Extracting", json!({ "current": 2048, "total": 2048 })),
            line("Pull complete", json!({})),
        ]);
    }
    let separator = if tag.contains(':') { '@' } else { ':' };
    let last = if up_to_date { "Image is up to date" } else { "Downloaded newer image" };
    let last_lines = [
        json!({ "status": format!("Digest: {digest}") }),
        json!({ "status": format!("Status: {last} for {name}{separator}{tag}") }),
    ];
    let send = |line: Value| Step::Send(Bytes::from(format!("{line}\r\n")));
    let mut steps: Vec<Step> = lines.into_iter().map(send).collect();
    steps.extend(before_end.map(Step::Stall));
    steps.extend(last_lines.map(send));
    steps
}

/// A digest that is unique to this image.
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
