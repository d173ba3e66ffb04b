//! Why a request to a registry or its token service failed.

use std::io;

use http::header;

use super::challenge::{Challenges, TokenError};
use super::http_response::HttpResponse;
use super::web_page::{is_html_text, page_title};
use crate::answers::{Answer, AnswerSource};
use crate::credential::{Login, redact_login};
use crate::error::Printable;

/// Why a request to a registry or its token service failed. The words of a server are in it without
/// the login that was sent.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no connection.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// The server, with its port if the address has one.
        host: String,
        /// Why the connection failed.
        source: io::Error,
    },
    /// There is no TLS connection.
    #[error("TLS with {host} failed")]
    Tls {
        /// The server, with its port if the address has one.
        host: String,
        /// Why the handshake or the connection failed.
        source: rustls::Error,
    },
    /// The connection ended before the response did.
    #[error("the connection to {host} was lost")]
    ConnectionLost {
        /// The server, with its port if the address has one.
        host: String,
    },
    /// The response is longer than any valid one.
    #[error("the response is longer than {limit} bytes")]
    ResponseTooLong {
        /// The greatest length, in bytes.
        limit: usize,
    },
    /// The response is an error, or not what was requested.
    #[error("{}", describe(.0))]
    Answer(Box<Answer>),
    /// The token service answers the request with something else than a token. Its words are not
    /// repeated, because they may be a token.
    #[error("the token service at {host} sent {} in place of a token", if *is_web_page { "a web page" } else { "something else" })]
    NoToken {
        /// The host of the token service.
        host: String,
        /// Whether the answer is a web page, such as a login page.
        is_web_page: bool,
    },
    /// The server sends the request to another server. The login was not sent there.
    #[error("the server redirects the request to {to}, where the login was not sent")]
    Redirect {
        /// The other server, such as `https://other.example`.
        to: String,
    },
    /// The registry requires a kind of authentication that taskpull does not support.
    #[error("the registry requires authentication of a kind that taskpull does not support ({offer})")]
    UnsupportedChallenge {
        /// What the registry offers.
        offer: Printable,
    },
    /// The registry names a token service to which a login may not be sent.
    #[error("the registry names `{realm}` as its token service; the login was not sent there, because {reason}")]
    Realm {
        /// The address of the token service.
        realm: Printable,
        /// What is wrong with the address, as a clause.
        reason: &'static str,
    },
    /// The registry requires credentials and there are none, or not of the required kind.
    #[error("the registry requires credentials, and none are configured")]
    NoCredentials,
    /// The name of the image cannot be part of a URL.
    #[error("the name of the image cannot be part of a URL")]
    Uri,
    /// The content of the response is invalid.
    #[error("the response cannot be used: {0}")]
    InvalidResponse(&'static str),
}

impl RegistryError {
    /// The error of a registry that offers only these schemes.
    pub(super) fn unsupported_challenge(schemes: &[String]) -> Self {
        let offer = if schemes.is_empty() { "it names none".to_owned() } else { schemes.join(", ") };
        Self::UnsupportedChallenge { offer: Printable::new(&offer) }
    }
}

/// The answer of a server that was sent these logins, without them. Engines take the reason why a token
/// is not accepted from the challenge, before the body.
pub(super) fn read_answer(source: AnswerSource, host: &str, response: &HttpResponse, sent: &[&Login]) -> Answer {
    // A proxy may compress a response although the request does not allow it.
    let is_compressed = response.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    let body: &[u8] = if is_compressed { &[] } else { response.body() };
    let mut answer = Answer::from_response(source, response.status().as_u16(), body);
    if let Some(TokenError { code, text }) = Challenges::from_headers(response.headers()).token_error() {
        answer.code = Some(code.to_owned());
        answer.text = text;
    }
    let redact = |text: String| sent.iter().fold(text, |text, login| redact_login(text, login, None));
    answer.code = answer.code.map(redact);
    answer.text = Printable::new(&redact(answer.text)).to_string();
    answer.host = Some(host.to_owned());
    answer
}

/// An answer as an error shows it: the status with the code and the words, or the title of a web page.
fn describe(answer: &Answer) -> String {
    let status = answer.status.map_or_else(String::new, |status| format!("HTTP {status}"));
    let words = answer.text.as_str();
    let code = answer.code.as_deref().filter(|code| !words.eq_ignore_ascii_case(code)).unwrap_or_default();
    let words = match (is_html_text(words), page_title(words)) {
        (true, Some(title)) => format!("a web page (\"{title}\")"),
        (true, None) => "a web page".to_owned(),
        (false, _) => words.to_owned(),
    };
    [&status, code, &words].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}
