//! The record of a pull.

use super::super::http::Request;
use super::auth::RegistryAuth;

/// How a pull ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullEnd {
    /// The whole script was played.
    Complete,
    /// The client disconnected before the end, or the script cut the connection.
    Broken,
}

/// One pull as it was requested.
#[derive(Clone, Debug)]
pub struct RecordedPull {
    /// `name:tag` or `name@digest`; a bare name requests all tags.
    pub image: String,
    pub platform: Option<String>,
    pub auth: RegistryAuth,
    /// The version in the path; `None` for a path without a version.
    pub api_version: Option<String>,
    /// `None` while the pull is in progress.
    pub ending: Option<PullEnd>,
}

impl RecordedPull {
    pub(super) fn new(request: &Request, version: Option<&str>) -> Self {
        let name = request.parameter("fromImage").unwrap_or_default();
        Self {
            image: match request.parameter("tag") {
                None => name.to_owned(),
                Some(digest) if digest.contains(':') => format!("{name}@{digest}"),
                Some(tag) => format!("{name}:{tag}"),
            },
            platform: request.parameter("platform").map(str::to_owned),
            auth: RegistryAuth::parse(request.header("x-registry-auth")),
            api_version: version.map(str::to_owned),
            ending: None,
        }
    }
}
