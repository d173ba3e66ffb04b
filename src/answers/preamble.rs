//! The words that engines put in front of an answer. They say whose answer it is.
//!
//! Sources: moby `daemon/internal/distribution` and its registry client, moby
//! `daemon/containerd/registry_errors.go`, containerd `core/remotes/docker`, containers/image
//! `docker/errors.go`, Go `net/url` and `net/http`.

use crate::answers::answer_source::AnswerSource;
use crate::answers::pull_phase::PullPhase;

/// Words that an engine puts in front of an answer.
pub(crate) struct Preamble {
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
    /// The code of the registry's answer that the engine replaces by these words.
    pub code: Option<&'static str>,
}

const fn preamble(prefix: &'static str) -> Preamble {
    Preamble { prefix, has_name: false, asked: None, is_answer: false, phase: None, code: None }
}

impl Preamble {
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

/// All preambles, in no particular order.
pub(crate) const PREAMBLES: &[Preamble] = &[
    preamble("error response from daemon: "),
    preamble("error from registry: ").registry(),
    preamble("failed to resolve reference ").named(),
    preamble("failed to resolve image ").named(),
    preamble("failed to pull and unpack image ").named(),
    preamble("failed to pull image ").named(),
    preamble("failed to do request: "),
    preamble("failed to authorize: ").token(),
    preamble("failed to fetch oauth token: ").token(),
    preamble("failed to fetch anonymous token: ").token(),
    preamble("failed to copy: ").layers(),
    preamble("httpreadseeker: ").layers(),
    preamble("httpreaderseeker: ").layers(),
    preamble("failed open: ").layers(),
    preamble("error pulling image configuration: ").layers(),
    preamble("download failed after attempts=").named().layers(),
    preamble("unable to copy from source ").named(),
    preamble("initializing source ").named(),
    preamble("initializing image from source ").named(),
    preamble("pinging container registry ").named(),
    preamble("reading manifest ").named(),
    preamble("determining manifest mime type for ").named(),
    preamble("copying system image from manifest list: "),
    preamble("requesting bearer token: ").token(),
    preamble("unable to retrieve auth token: ").token(),
    preamble("invalid username/password: ").token(),
    preamble("parsing image configuration: "),
    preamble("copying config: ").layers(),
    preamble("reading config blob: ").layers(),
    preamble("reading config blob ").named().layers(),
    preamble("copying image ").named(),
    preamble("trying to reuse blob ").named().layers(),
    preamble("reading blob ").named().layers(),
    preamble("error fetching blob: ").layers(),
    preamble("fetching blob: ").layers(),
    preamble("manifest for ").named().registry(),
    preamble("repository ").named().registry(),
    preamble("pull access denied for ").named().denied(),
    preamble("pull access denied: ").denied(),
    preamble("pull access denied, ").named().denied(),
    preamble("server message: "),
    preamble("errors:\n").registry(),
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
