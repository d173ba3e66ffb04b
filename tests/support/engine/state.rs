//! What the engine holds and has seen, and how it answers.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::super::http::{Reply, Request};
use super::auth::RegistryAuth;
use super::podman;
use super::pull::{PullCourse, PullScript, digest_of, id_of, path_of, success};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullEnd {
    /// The whole script was played.
    Complete,
    /// The client left before the end, or the script cut the connection.
    Broken,
}

/// One pull as it was asked for.
#[derive(Clone, Debug)]
pub struct RecordedPull {
    /// `name:tag` or `name@digest`; a bare name asks for all tags.
    pub image: String,
    pub platform: Option<String>,
    pub auth: RegistryAuth,
    /// Of the path; `None` for a path without a version.
    pub api_version: Option<String>,
    /// `None` while it is under way.
    pub ending: Option<PullEnd>,
}

pub struct EngineState {
    api_version: String,
    oldest_api: String,
    is_podman: bool,
    /// Where its images are, as it says.
    root: PathBuf,
    pub always: HashMap<String, PullScript>,
    pub next: HashMap<String, VecDeque<PullScript>>,
    /// Local images, by the reference they were pulled by.
    local: HashMap<String, LocalImage>,
    pub pulls: Vec<RecordedPull>,
    pub requests: Vec<String>,
    /// Images that somebody was told of, and may have.
    pub verified: Vec<String>,
    under_way: usize,
    pub most_at_once: usize,
}

#[derive(Clone, PartialEq, Eq)]
struct LocalImage {
    digest: String,
    /// That of its manifest, where the other one is an index's.
    manifest: Option<String>,
    /// Whether it was given this name on the engine.
    is_named_here: bool,
}

impl EngineState {
    pub fn new(oldest_api: &str, api_version: &str, is_podman: bool, root: PathBuf) -> Self {
        Self {
            api_version: api_version.to_owned(),
            oldest_api: oldest_api.to_owned(),
            is_podman,
            root,
            always: HashMap::new(),
            next: HashMap::new(),
            local: HashMap::new(),
            pulls: Vec::new(),
            requests: Vec::new(),
            verified: Vec::new(),
            under_way: 0,
            most_at_once: 0,
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
    let (version, path) = versioned(&request.path);
    if let Some(asked) = version {
        let (asked_is, newest_is, oldest_is) = (number(asked), number(&newest), number(&oldest));
        if asked_is > newest_is {
            return failure(
                400,
                &format!("client version {asked} is too new. Maximum supported API version is {newest}"),
            );
        }
        if asked_is < oldest_is {
            return failure(
                400,
                &format!(
                    "client version {asked} is too old. Minimum supported API version is {oldest}, \
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
                "OSType": "linux", "Architecture": "x86_64", "ServerVersion": "20.10.24",
            }),
        ),
        ("POST", "/images/create") => {
            let asked = RecordedPull::of(request, version);
            return locked.pull(state, asked);
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
                locked.distribution(image, &RegistryAuth::of(request.header("x-registry-auth")))
            }
            _ => failure(404, "page not found"),
        },
        _ => failure(404, "page not found"),
    };
    let answer = answer.header("api-version", newest).header("ostype", "linux");
    if is_podman { answer.header("libpod-api-version", "4.3.1") } else { answer }
}

impl RecordedPull {
    fn of(request: &Request, version: Option<&str>) -> Self {
        let name = request.parameter("fromImage").unwrap_or_default();
        Self {
            image: match request.parameter("tag") {
                None => name.to_owned(),
                Some(digest) if digest.contains(':') => format!("{name}@{digest}"),
                Some(tag) => format!("{name}:{tag}"),
            },
            platform: request.parameter("platform").map(str::to_owned),
            auth: RegistryAuth::of(request.header("x-registry-auth")),
            api_version: version.map(str::to_owned),
            ending: None,
        }
    }
}

impl EngineState {
    /// Takes the script, and notes the pull as under way until its reply ends.
    fn pull(&mut self, state: &Arc<Mutex<Self>>, asked: RecordedPull) -> Reply {
        let image = asked.image.clone();
        let queued = self.next.get_mut(&image).and_then(VecDeque::pop_front);
        let script = queued.or_else(|| self.always.get(&image).cloned());
        let (reply, lands) = self.play(&image, &asked.auth, script.unwrap_or_else(PullScript::success));
        let number = self.pulls.len();
        self.pulls.push(asked);
        self.under_way += 1;
        self.most_at_once = self.most_at_once.max(self.under_way);
        let state = state.clone();
        reply.on_end(move |complete| {
            let mut state = lock(&state);
            state.under_way -= 1;
            state.pulls[number].ending = Some(if complete { PullEnd::Complete } else { PullEnd::Broken });
            if let Some(local) = lands.filter(|_| complete) {
                state.local.insert(image, local);
            }
        })
    }

    /// The reply, and what is local after it.
    fn play(&self, image: &str, auth: &RegistryAuth, pull: PullScript) -> (Reply, Option<LocalImage>) {
        // Docker asks nobody for a digest that it has.
        let is_answered_here = !self.is_podman && split(image).1.contains(':') && self.here(image).is_some();
        if let Some((username, password)) = &pull.requires
            && !is_answered_here
            && !auth.is(username, password)
        {
            return (
                if self.is_podman { stream(podman::unauthorized(image)) } else { unauthorized(image, auth) },
                None,
            );
        }
        let manifest = pull.manifest;
        let lands = |digest: String| LocalImage { digest, manifest, is_named_here: false };
        match pull.goes {
            PullCourse::Refused { status, message } => (failure(status, &message), None),
            PullCourse::Scripted(steps) => (stream(steps), pull.lands.map(lands)),
            PullCourse::Well { before_end } => {
                let (name, tag) = split(image);
                let digest =
                    pull.lands.unwrap_or_else(|| if tag.contains(':') { tag.to_owned() } else { digest_of(image) });
                let up_to_date = is_answered_here || self.local.get(image).is_some_and(|local| local.digest == digest);
                let announced = pull.announces.as_ref().unwrap_or(&digest);
                let steps = if self.is_podman {
                    podman::success(name, announced, up_to_date, before_end)
                } else {
                    success(name, tag, announced, up_to_date, before_end)
                };
                (stream(steps), Some(lands(digest)))
            }
        }
    }

    /// Another name for an image that is here. Docker keeps no digest under it.
    fn tag(&mut self, image: &str, name: &str, tag: &str) -> Reply {
        let by_id = self.local.values().find(|local| id_of(&local.digest) == image);
        let Some(local) = by_id.or_else(|| self.here(image)) else {
            return failure(404, &format!("No such image: {image}"));
        };
        if tag.contains(':') {
            return failure(500, "invalid tag format");
        }
        let local = LocalImage { is_named_here: !self.is_podman, ..local.clone() };
        self.local.insert(format!("{name}:{tag}"), local);
        Reply::new(201, "")
    }

    /// Podman's list, of one image at most.
    fn list(&self, filters: &str) -> Reply {
        let wanted = |image: &str| json!({ "reference": [image] }).to_string().replace(' ', "") == filters;
        let found = self.local.iter().filter(|(image, _)| wanted(image));
        let listed: Vec<_> =
            found.map(|(_, local)| json!({ "Id": id_of(&local.digest), "Digest": local.digest })).collect();
        Reply::json(200, &json!(listed))
    }

    /// What the registry says of an image, to whoever may pull it by any of its tags.
    fn distribution(&mut self, image: &str, auth: &RegistryAuth) -> Reply {
        let (name, _) = split(image);
        let of_this_name = self.always.iter().filter(|(known, _)| split(known).0 == name);
        let mut wanted = of_this_name.filter_map(|(_, pull)| pull.requires.as_ref());
        if wanted.any(|(username, password)| !auth.is(username, password)) {
            return failure(401, "unauthorized: authentication required");
        }
        self.verified.push(image.to_owned());
        Reply::json(200, &json!({ "Descriptor": { "mediaType": "", "digest": "", "size": 0 }, "Platforms": [] }))
    }

    /// The local image of a name and tag, or of a name and digest.
    fn here(&self, image: &str) -> Option<&LocalImage> {
        let (name, version) = split(image);
        let is_it = |(known, local): &(&String, &LocalImage)| {
            split(known).0 == name && local.digest == version && !local.is_named_here
        };
        self.local.get(image).or_else(|| self.local.iter().find(is_it).map(|(_, local)| local))
    }

    fn inspect(&self, image: &str) -> Reply {
        let Some(local) = self.here(image) else {
            return failure(404, &format!("No such image: {image}"));
        };
        let (name, tag) = split(image);
        let familiar = name.strip_prefix("docker.io/").unwrap_or(name);
        let familiar = familiar.strip_prefix("library/").unwrap_or(familiar);
        let tags = if tag.contains(':') { vec![] } else { vec![format!("{familiar}:{tag}")] };
        let mut digests: Vec<_> = local.manifest.iter().chain([&local.digest]).collect();
        digests.retain(|_| !local.is_named_here);
        digests.sort();
        let digests: Vec<_> = digests.into_iter().map(|digest| format!("{familiar}@{digest}")).collect();
        Reply::json(
            200,
            &json!({
                "Id": id_of(&local.digest),
                "RepoTags": tags,
                "RepoDigests": digests,
                "Architecture": "amd64",
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

/// As 20.10 says it, when the registry answers 401.
fn unauthorized(image: &str, auth: &RegistryAuth) -> Reply {
    let (name, tag) = split(image);
    let host = name.split('/').next().unwrap_or_default();
    let path = path_of(name);
    let reason =
        if auth.is_anonymous() { "no basic auth credentials" } else { "unauthorized: authentication required" };
    failure(500, &format!("Head \"https://{host}/v2/{path}/manifests/{tag}\": {reason}"))
}

/// Name, and tag or digest; without either the engine takes `latest`.
fn split(image: &str) -> (&str, &str) {
    if let Some(at_digest) = image.split_once('@') {
        return at_digest;
    }
    let after_slash = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[after_slash..].split_once(':') {
        Some((_, tag)) => (&image[..image.len() - tag.len() - 1], tag),
        None => (image, "latest"),
    }
}

/// The version of a path, and the path without it.
fn versioned(path: &str) -> (Option<&str>, &str) {
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
