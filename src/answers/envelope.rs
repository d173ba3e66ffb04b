//! The words that engines put around an answer, which say whose answer it is.
//!
//! Sources: moby `daemon/internal/distribution` and its registry client, moby
//! `daemon/containerd/registry_errors.go`, containerd `core/remotes/docker`, containers/image
//! `docker/errors.go`, Go `net/url` and `net/http`.

use crate::answers::answer_source::AnswerSource;
use crate::answers::pull_phase::PullPhase;

/// Words in front of an answer.
pub(crate) struct Envelope {
    /// The words in lower case.
    pub prefix: &'static str,
    /// Whether a name follows, up to the next colon.
    pub has_name: bool,
    /// Who is asked, if the words say so.
    pub asked: Option<AnswerSource>,
    /// Whether an answer follows, and not the engine's own words about a failed request.
    pub is_answer: bool,
    /// Whether a layer or the configuration is asked for.
    pub phase: Option<PullPhase>,
    /// The code of a registry's answer that the words stand for.
    pub code: Option<&'static str>,
}

const fn envelope(prefix: &'static str) -> Envelope {
    Envelope { prefix, has_name: false, asked: None, is_answer: false, phase: None, code: None }
}

impl Envelope {
    const fn named(self) -> Self {
        Self { has_name: true, ..self }
    }

    const fn token(self) -> Self {
        Self { asked: Some(AnswerSource::TokenService), ..self }
    }

    const fn registry(self) -> Self {
        Self { is_answer: true, ..self }
    }

    const fn denied(self) -> Self {
        Self { is_answer: true, code: Some("denied"), ..self }
    }

    const fn layers(self) -> Self {
        Self { phase: Some(PullPhase::Layers), ..self }
    }
}

/// All words in front of answers, in no particular order.
pub(crate) const ENVELOPES: &[Envelope] = &[
    envelope("error response from daemon: "),
    envelope("error from registry: ").registry(),
    envelope("failed to resolve reference ").named(),
    envelope("failed to resolve image ").named(),
    envelope("failed to pull and unpack image ").named(),
    envelope("failed to pull image ").named(),
    envelope("failed to do request: "),
    envelope("failed to authorize: ").token(),
    envelope("failed to fetch oauth token: ").token(),
    envelope("failed to fetch anonymous token: ").token(),
    envelope("failed to copy: ").layers(),
    envelope("httpreadseeker: ").layers(),
    envelope("httpreaderseeker: ").layers(),
    envelope("failed open: ").layers(),
    envelope("error pulling image configuration: ").layers(),
    envelope("download failed after attempts=").named().layers(),
    envelope("unable to copy from source ").named(),
    envelope("initializing source ").named(),
    envelope("initializing image from source ").named(),
    envelope("pinging container registry ").named(),
    envelope("reading manifest ").named(),
    envelope("determining manifest mime type for ").named(),
    envelope("copying system image from manifest list: "),
    envelope("requesting bearer token: ").token(),
    envelope("unable to retrieve auth token: ").token(),
    envelope("invalid username/password: ").token(),
    envelope("parsing image configuration: "),
    envelope("copying config: ").layers(),
    envelope("reading config blob: ").layers(),
    envelope("reading config blob ").named().layers(),
    envelope("copying image ").named(),
    envelope("trying to reuse blob ").named().layers(),
    envelope("reading blob ").named().layers(),
    envelope("error fetching blob: ").layers(),
    envelope("fetching blob: ").layers(),
    envelope("manifest for ").named().registry(),
    envelope("repository ").named().registry(),
    envelope("pull access denied for ").named().denied(),
    envelope("pull access denied: ").denied(),
    envelope("pull access denied, ").named().denied(),
    envelope("server message: "),
    envelope("errors:\n").registry(),
];

/// The codes of registries' answers, as engines print them, in the distribution specification and
/// in `registry/api/errcode` of the project `distribution`.
pub(crate) const CODES: &[&str] = &[
    "unauthorized",
    "denied",
    "toomanyrequests",
    "unknown",
    "unavailable",
    "unsupported",
    "manifest unknown",
    "manifest invalid",
    "manifest unverified",
    "manifest blob unknown",
    "name unknown",
    "name invalid",
    "tag invalid",
    "blob unknown",
    "unknown blob",
    "throttlingexception",
    "throttleexception",
    "too many requests to registry",
    "digest invalid",
    "size invalid",
    "pagination number invalid",
    "range invalid",
];
