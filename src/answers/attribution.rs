//! Finds out who said the words of an engine's message, by the words that engines put around them.

use crate::answers::answer::Answer;
use crate::answers::answer_source::AnswerSource;
use crate::answers::preamble::{CODES, PREAMBLES, Preamble};
use crate::answers::pull_phase::PullPhase;
use crate::answers::response_body::ResponseBody;
use crate::answers::status_words::{StatusWords, quoted_body};

/// The longest message that is read, in bytes. The words of an answer that decide are at its beginning.
const LONGEST: usize = 32 * 1024;

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// Finds who said the words of an engine's message, which came with this HTTP status.
pub(crate) fn attribute(status: u16, text: &str, phase: PullPhase) -> Answer {
    let mut reader = PreambleReader::new(beginning(text.trim()), phase);
    while reader.step() {}
    reader.into_answer(status)
}

/// What the preambles have shown so far, and the words that are left.
struct PreambleReader<'a> {
    rest: &'a str,
    asked: Option<AnswerSource>,
    is_answer: bool,
    /// Whether a request is around the words: what its transport says is not the registry's answer.
    is_in_request: bool,
    /// Whether the words are containerd's, which joins the messages of an answer without their codes.
    is_joined: bool,
    status: Option<u16>,
    code: Option<String>,
    host: Option<String>,
    phase: PullPhase,
}

impl<'a> PreambleReader<'a> {
    fn new(rest: &'a str, phase: PullPhase) -> Self {
        Self {
            rest,
            asked: None,
            is_answer: false,
            is_in_request: false,
            is_joined: false,
            status: None,
            code: None,
            host: None,
            phase,
        }
    }

    /// Removes one preamble, and returns whether there was one.
    fn step(&mut self) -> bool {
        self.remove_preamble() || self.remove_request() || self.remove_status() || self.remove_code()
    }

    fn remove_preamble(&mut self) -> bool {
        // The platform's words are the engine's; those of a failed resolution behind them are not.
        if let Some(at) = find(self.rest, "failed to resolve reference ")
            && starts_with(self.rest, "no matching manifest for ")
        {
            self.rest = &self.rest[at..];
        }
        let Some(preamble) = PREAMBLES.iter().find(|preamble| starts_with(self.rest, preamble.prefix)) else {
            return false;
        };
        let inner = &self.rest[preamble.prefix.len()..];
        self.rest = match inner.split_once(": ") {
            _ if !preamble.has_name => inner,
            Some((_, rest)) => rest,
            None if preamble.code.is_some() => "",
            None => return false,
        };
        let Preamble { asked, is_answer, phase, code, .. } = preamble;
        self.asked = asked.or(self.asked);
        self.is_answer |= is_answer;
        self.is_joined |= preamble.prefix.starts_with("error from registry");
        self.phase = phase.unwrap_or(self.phase);
        self.code = code.map(str::to_owned);
        true
    }

    /// `Get "https://host/path": `, which Go writes around the failure of a request.
    fn remove_request(&mut self) -> bool {
        let is_method = |method: &&str| starts_with(self.rest, method);
        let Some(method) = ["get ", "head ", "post "].into_iter().find(is_method) else { return false };
        let inner = self.rest[method.len()..].trim_start_matches('"');
        let Some((url, rest)) = inner.split_once(": ") else { return false };
        if !url.contains("://") {
            return false;
        }
        self.read_url(url.trim_end_matches('"'));
        (self.rest, self.is_in_request, self.code) = (rest, true, None);
        true
    }

    fn read_url(&mut self, url: &str) {
        let path = url.split_once("://").map_or("", |(_, rest)| rest);
        let (host, path) = path.split_once('/').unwrap_or((path, ""));
        self.host = Some(host.to_lowercase());
        let is_layer = path.contains("/blobs/") || host.contains("starport-layer-bucket");
        if is_layer || (!path.starts_with("v2/") && self.phase == PullPhase::Layers) {
            self.phase = PullPhase::Layers;
        } else if !path.starts_with("v2/") {
            self.asked = Some(AnswerSource::TokenService);
        }
    }

    fn remove_status(&mut self) -> bool {
        let Some(found) = StatusWords::find(self.rest) else { return false };
        if let Some(url) = found.url {
            self.read_url(url);
            // The answer to HEAD has no body, so the code is derived from the status.
            let is_denied = found.status == 403 && url.contains("/manifests/");
            self.code = is_denied.then(|| "denied".to_owned());
        }
        (self.rest, self.status, self.is_answer) = (found.rest, Some(found.status), true);
        true
    }

    fn remove_code(&mut self) -> bool {
        let code = CODES.iter().find(|code| {
            let is_code = |code: &str| starts_with(self.rest, code);
            let end = self.rest.get(code.len()..).unwrap_or_default();
            let is_end = end.is_empty() || end.starts_with(": ") || end == ":" || end.starts_with('\n');
            is_end && (is_code(code) || is_code(&code.replace(' ', "_")))
        });
        let Some(code) = code else { return false };
        // containerd's `Unavailable: connection error` is about its own socket.
        if find(self.rest, "connection error: desc").is_some() {
            return false;
        }
        let rest = self.rest[code.len()..].trim_start_matches(':');
        (self.rest, self.is_answer) = (rest.trim_start(), true);
        self.code = Some((*code).to_owned());
        true
    }

    fn into_answer(self, status: u16) -> Answer {
        let Self { rest, asked, is_answer, is_in_request, code, host, phase, .. } = self;
        let ResponseBody { code: code_in_body, text } = ResponseBody::parse(quoted_body(rest).as_bytes());
        let mut code = code.filter(|code| code != "unknown" || code_in_body.is_none()).or(code_in_body);
        let mut status_found = self.status;
        if is_answer && status_found.is_none() && code.is_none() {
            code = code_of_status(status).map(str::to_owned);
        }
        if text.is_empty() && code.as_deref() == Some("unknown") && status_found.is_none() {
            // moby's registry client says so about a body that is empty, whose status is not one of
            // 401, 403, 429 and 5xx; containerd about an answer that has only this code.
            (code, status_found) = if self.is_joined { (None, Some(500)) } else { (None, Some(404)) };
        }
        // Only the transport's failures are inside a request: the token service's answers, and the
        // proxy's to CONNECT, of which Go shows the words of the status alone.
        let transport = if is_in_request { AnswerSource::TokenService } else { AnswerSource::Registry };
        let source = if is_answer {
            asked.unwrap_or(transport)
        } else if is_in_request && is_proxy_status(&text) {
            AnswerSource::Proxy
        } else {
            AnswerSource::Engine
        };
        let host = host.or_else(|| looked_up(&text));
        Answer { source, status: status_found, code, text, host, phase }.with_source_of_body()
    }
}

/// The host that a failed name resolution was about.
fn looked_up(words: &str) -> Option<String> {
    let (_, rest) = words.split_once("lookup ")?;
    let host = rest.split([' ', ':']).next()?;
    host.contains('.').then(|| host.to_lowercase())
}

/// The code for which moby answers with this status, if it shows only the registry's words.
fn code_of_status(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("unauthorized"),
        403 => Some("denied"),
        429 => Some("toomanyrequests"),
        503 => Some("unavailable"),
        _ => None,
    }
}

/// The words of the statuses with which a proxy answers a CONNECT that it does not perform.
fn is_proxy_status(words: &str) -> bool {
    let words = words.to_lowercase();
    let reasons = [
        "proxy authentication required",
        "authentication required",
        "authenticationrequired",
        "authorizedonly",
        "forbidden",
        "bad gateway",
        "service unavailable",
        "gateway timeout",
        "gateway time-out",
        "method not allowed",
        "not found",
        "bad request",
        "internal server error",
        "too many requests",
        "network authentication required",
        "unknown status code",
    ];
    let words = words.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    reasons.contains(&words) || words.ends_with(" forbidden") || words.starts_with("tunnel ")
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn find(text: &str, words: &str) -> Option<usize> {
    text.to_ascii_lowercase().find(words)
}
