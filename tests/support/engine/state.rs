//! The state of the engine, and its replies.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::super::http::{Reply, Request};
use super::auth::RegistryAuth;
use super::podman;
use super::pull::{PullCourse, PullScript, digest_of, id_of, path_of, success_steps};
use super::recorded_pull::{PullEnd, RecordedPull};

pub struct EngineState {
    api_version: String,
    oldest_api: String,
    is_podman: bool,
    /// The folder of the images, as the engine reports it.
    root: PathBuf,
    pub scripts: HashMap<String, PullScript>,
    pub queued_scripts: HashMap<String, VecDeque<PullScript>>,
    /// Local images, by the reference of their pull.
    local: HashMap<String, LocalImage>,
    pub pulls: Vec<RecordedPull>,
    pub requests: Vec<String>,
    /// Images that the registry confirmed to a caller with a valid credential.
    pub verified_images: Vec<String>,
    in_progress: usize,
    pub max_concurrent_pulls: usize,
    /// The engine's architecture, as the kernel names it.
    pub architecture: String,
}

#[derive(Clone, PartialEq, Eq)]
struct LocalImage {
    digest: String,
    /// The digest of the platform's manifest, if `digest` is that of an index.
    manifest: Option<String>,
    /// The architecture of its build.
    architecture: String,
    /// Whether a tag request gave the image this name.
    is_tagged: bool,
}

impl EngineState {
    pub fn new(oldest_api: &str, api_version: &str, is_podman: bool, root: PathBuf) -> Self {
        Self {
            api_version: api_version.to_owned(),
            oldest_api: oldest_api.to_owned(),
            is_podman,
            root,
            scripts: HashMap::new(),
            queued_scripts: HashMap::new(),
            local: HashMap::new(),
            pulls: Vec::new(),
            requests: Vec::new(),
            verified_images: Vec::new(),
            in_progress: 0,
            max_concurrent_pulls: 0,
            architecture: "x86_64".to_owned(),
        }
    }
}

pub fn lock(state: &Mutex<EngineState>) -> MutexGuard<'_, EngineState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn reply(state: &Arc<Mutex<EngineState>>, request: &Request) -> Reply {
    let mut locked = lock(state);
    locked.requests.push(format!("{} {}", request.method, request.path));
    let (oldest, newest) = (locked.oldest_api.clone(), locked.api_version.clone());
    let is_podman = locked.is_podman;
    let (version, path) = split_version(&request.path);
    if let Some(client) = version {
        let (requested, latest, earliest) = (number(client), number(&newest), number(&oldest));
        if requested > latest {
            return failure(
                400,
                &format!("client version {client} is too new. Maximum supported API version is {newest}"),
            );
        }
        if requested < earliest {
            return failure(
                400,
                &format!(
                    "client version {client} is too old. Minimum supported API version is {oldest}, \
                 please upgrade your client to a newer version"
                ),
            );
        }
    }
    let answer = match (request.method.as_str(), path) {
        ("GET" | "HEAD", "/_ping") => Reply::new(200, "OK"),
        ("GET", "/version") => Reply::json(
            200,
            &json!({
                "Version": "20.10.24", "ApiVersion": newest, "MinAPIVersion": oldest,
                "Os": "linux", "Arch": "amd64",
            }),
        ),
        ("GET", "/info") => Reply::json(
            200,
            &json!({
                "DockerRootDir": locked.root, "Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"]],
                "OSType": "linux", "Architecture": locked.architecture, "ServerVersion": "20.10.24",
            }),
        ),
        ("POST", "/images/create") => {
            let pull = RecordedPull::new(request, version);
            return locked.pull(state, pull);
        }
        ("POST", path) if path.ends_with("/tag") => {
            let image = path.trim_start_matches("/images/").trim_end_matches("/tag");
            let word = |key| request.parameter(key).unwrap_or_default();
            locked.tag(image, word("repo"), word("tag"))
        }
        ("GET", "/images/json") if is_podman => locked.list(request.parameter("filters").unwrap_or_default()),
        ("GET", path) => match path.strip_suffix("/json").and_then(|path| path[1..].split_once('/')) {
            Some(("images", image)) => locked.inspect(image),
            Some(("distribution", image)) if !is_podman => {
                locked.distribution(image, &RegistryAuth::parse(request.header("x-registry-auth")))
            }
            _ => failure(404, "page not found"),
        },
        _ => failure(404, "page not found"),
    };
    let answer = answer.header("api-version", newest).header("ostype", "linux");
    if is_podman { answer.header("libpod-api-version", "4.3.1") } else { answer }
}

impl EngineState {
    /// Takes the next script, and records the pull as in progress until its reply ends.
    fn pull(&mut self, state: &Arc<Mutex<Self>>, pull: RecordedPull) -> Reply {
        let image = pull.image.clone();
        let queued = self.queued_scripts.get_mut(&image).and_then(VecDeque::pop_front);
        let script = queued.or_else(|| self.scripts.get(&image).cloned());
        let (reply, local) = self.play(&image, &pull.auth, script.unwrap_or_else(PullScript::success));
        let number = self.pulls.len();
        self.pulls.push(pull);
        self.in_progress += 1;
        self.max_concurrent_pulls = self.max_concurrent_pulls.max(self.in_progress);
        let state = state.clone();
        reply.on_end(move |complete| {
            let mut state = lock(&state);
            state.in_progress -= 1;
            state.pulls[number].ending = Some(if complete { PullEnd::Complete } else { PullEnd::Broken });
            if let Some(local) = local.filter(|_| complete) {
                state.local.insert(image, local);
            }
        })
    }

    /// The reply, and the image that is local after it.
    fn play(&self, image: &str, auth: &RegistryAuth, pull: PullScript) -> (Reply, Option<LocalImage>) {
        // Docker does not ask the registry for a digest that is local.
        let is_local_digest =
            !self.is_podman && split_reference(image).1.contains(':') && self.find_local(image).is_some();
        if let Some((username, password)) = &pull.required_login
            && !is_local_digest
            && !auth.has_login(username, password)
        {
            return (
                if self.is_podman { stream(podman::unauthorized_steps(image)) } else { unauthorized(image, auth) },
                None,
            );
        }
        let manifest = pull.manifest;
        let architecture = pull.architecture.unwrap_or_else(|| "amd64".to_owned());
        let local_image = |digest: String| LocalImage { digest, manifest, architecture, is_tagged: false };
        match pull.course {
            PullCourse::Refusal { status, message } => (failure(status, &message), None),
            PullCourse::Scripted(steps) => (stream(steps), pull.local_digest.map(local_image)),
            PullCourse::Success { before_end } => {
                let (name, tag) = split_reference(image);
                let digest = pull
                    .local_digest
                    .unwrap_or_else(|| if tag.contains(':') { tag.to_owned() } else { digest_of(image) });
                let up_to_date = is_local_digest || self.local.get(image).is_some_and(|local| local.digest == digest);
                let announced = pull.reported_digest.as_ref().unwrap_or(&digest);
                let steps = if self.is_podman {
                    podman::success_steps(name, announced, up_to_date, before_end)
                } else {
                    success_steps(name, tag, announced, up_to_date, before_end)
                };
                (stream(steps), Some(local_image(digest)))
            }
        }
    }

    /// Adds a tag to a local image. Docker stores no digest under such a tag.
    fn tag(&mut self, image: &str, name: &str, tag: &str) -> Reply {
        let by_id = self.local.values().find(|local| id_of(&local.digest) == image);
        let Some(local) = by_id.or_else(|| self.find_local(image)) else {
            return failure(404, &format!("No such image: {image}"));
        };
        if tag.contains(':') {
            return failure(500, "invalid tag format");
        }
        let local = LocalImage { is_tagged: !self.is_podman, ..local.clone() };
        self.local.insert(format!("{name}:{tag}"), local);
        Reply::new(201, "")
    }

    /// The image list of Podman, filtered by one reference.
    fn list(&self, filters: &str) -> Reply {
        let matches = |image: &str| json!({ "reference": [image] }).to_string().replace(' ', "") == filters;
        let found = self.local.iter().filter(|(image, _)| matches(image));
        let listed: Vec<_> =
            found.map(|(_, local)| json!({ "Id": id_of(&local.digest), "Digest": local.digest })).collect();
        Reply::json(200, &json!(listed))
    }

    /// The registry's response about an image, for a login that may pull any of its tags.
    fn distribution(&mut self, image: &str, auth: &RegistryAuth) -> Reply {
        let (name, _) = split_reference(image);
        let same_name = self.scripts.iter().filter(|(known, _)| split_reference(known).0 == name);
        let mut logins = same_name.filter_map(|(_, pull)| pull.required_login.as_ref());
        if logins.any(|(username, password)| !auth.has_login(username, password)) {
            return failure(401, "unauthorized: authentication required");
        }
        self.verified_images.push(image.to_owned());
        Reply::json(200, &json!({ "Descriptor": { "mediaType": "", "digest": "", "size": 0 }, "Platforms": [] }))
    }

    /// Finds a local image by name and tag, or by name and digest.
    fn find_local(&self, image: &str) -> Option<&LocalImage> {
        let (name, version) = split_reference(image);
        let matches = |(known, local): &(&String, &LocalImage)| {
            split_reference(known).0 == name && local.digest == version && !local.is_tagged
        };
        self.local.get(image).or_else(|| self.local.iter().find(matches).map(|(_, local)| local))
    }

    fn inspect(&self, image: &str) -> Reply {
        let Some(local) = self.find_local(image) else {
            return failure(404, &format!("No such image: {image}"));
        };
        let (name, tag) = split_reference(image);
        let familiar = name.strip_prefix("docker.io/").unwrap_or(name);
        let familiar = familiar.strip_prefix("library/").unwrap_or(familiar);
        let tags = if tag.contains(':') { vec![] } else { vec![format!("{familiar}:{tag}")] };
        let mut digests: Vec<_> = local.manifest.iter().chain([&local.digest]).collect();
        digests.retain(|_| !local.is_tagged);
        digests.sort();
        let digests: Vec<_> = digests.into_iter().map(|digest| format!("{familiar}@{digest}")).collect();
        Reply::json(
            200,
            &json!({
                "Id": id_of(&local.digest),
                "RepoTags": tags,
                "RepoDigests": digests,
                "Architecture": local.architecture,
                "Os": "linux",
            }),
        )
    }
}

fn stream(steps: Vec<super::super::http::Step>) -> Reply {
    Reply::script(200, steps).header("content-type", "application/json")
}

fn failure(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "message": message }))
}

/// The message of Docker 20.10 when the registry answers 401.
fn unauthorized(image: &str, auth: &RegistryAuth) -> Reply {
    let (name, tag) = split_reference(image);
    let host = name.split('/').next().unwrap_or_default();
    let path = path_of(name);
    let reason =
        if auth.is_anonymous() { "no basic auth credentials" } else { "unauthorized: authentication required" };
    failure(500, &format!("Head \"https://{host}/v2/{path}/manifests/{tag}\": {reason}"))
}

/// Splits a reference into name, and tag or digest; the default tag is `latest`.
fn split_reference(image: &str) -> (&str, &str) {
    if let Some(at_digest) = image.split_once('@') {
        return at_digest;
    }
    let after_slash = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[after_slash..].split_once(':') {
        Some((_, tag)) => (&image[..image.len() - tag.len() - 1], tag),
        None => (image, "latest"),
    }
}

/// Splits the version off a path.
fn split_version(path: &str) -> (Option<&str>, &str) {
    let version = path.strip_prefix("/v").and_then(|rest| rest.split_once('/'));
    match version {
        Some((version, rest)) if number(version).is_some() => (Some(version), &path[path.len() - rest.len() - 1..]),
        _ => (None, path),
    }
}

fn number(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
