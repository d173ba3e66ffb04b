//! One answer: who gave it, with which status, and in which words.

use crate::answers::answer_source::AnswerSource;
use crate::answers::pull_phase::PullPhase;
use crate::answers::response_body::ResponseBody;

/// An answer that is not a success.
///
/// The words may repeat what the registry received, so the caller removes the login from them first
/// (`redact_login` of [`crate::credential`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who said the words.
    pub source: AnswerSource,
    /// The HTTP status of the answer, if it is known.
    pub status: Option<u16>,
    /// The error code of a registry's answer in lower case with spaces, such as `manifest unknown`.
    pub code: Option<String>,
    /// The words: a message, or a body that is not a registry's.
    pub text: String,
    /// The host that gave the answer, or that was to give one, if the words name it.
    pub host: Option<String>,
    /// How far the pull had come.
    pub phase: PullPhase,
}

impl Answer {
    /// Reads the body of an HTTP response of a registry, its token service or its layer store.
    #[must_use]
    pub fn from_response(source: AnswerSource, status: u16, body: &[u8]) -> Self {
        let ResponseBody { code, text } = ResponseBody::parse(body);
        let phase = if source == AnswerSource::LayerStore { PullPhase::Layers } else { PullPhase::Manifest };
        Self { source, status: Some(status), code, text, host: None, phase }.with_source_of_body()
    }

    /// The answer with the source that its body shows: a registry speaks neither HTML nor XML.
    pub(in crate::answers) fn with_source_of_body(mut self) -> Self {
        if self.source == AnswerSource::Engine {
            return self;
        }
        let text = self.text.trim_start().to_lowercase();
        if text.starts_with('<') && text.contains("<code>") {
            self.source = AnswerSource::LayerStore;
        } else if text.starts_with("<!doctype html") || (text.starts_with('<') && text.contains("<html")) {
            self.source = AnswerSource::Proxy;
            self.status = self.status.or_else(|| self.status_of_code()).or_else(|| status_of_page(&text));
        }
        if self.status == Some(407) {
            self.source = AnswerSource::Proxy;
        }
        self
    }

    /// The status for which moby's registry client writes this code in front of a body that is not a registry's.
    fn status_of_code(&self) -> Option<u16> {
        match self.code.as_deref()? {
            "unauthorized" => Some(401),
            "denied" => Some(403),
            "toomanyrequests" => Some(429),
            _ => None,
        }
    }

    /// Whether the words are a web page.
    pub(in crate::answers) fn is_page(&self) -> bool {
        self.source == AnswerSource::Proxy && self.text.trim_start().starts_with('<')
    }
}

/// The first number of a page that can be the status of an error.
fn status_of_page(text: &str) -> Option<u16> {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| number.len() == 3);
    numbers.filter_map(|number| number.parse().ok()).find(|status| (400..600).contains(status))
}
