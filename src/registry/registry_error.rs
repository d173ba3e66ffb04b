//! Why a request to a registry or its token service failed.

use std::{fmt, io};

use super::error_message::error_text;
use super::http_client::HttpResponse;
use super::web_page::{is_html_text, page_title};
use crate::credential::{Login, redact_login};
use crate::error::Printable;

/// Why a request to a registry or its token service failed. The words of a server are in it without
/// the login that was sent.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no connection.
    #[error("the server cannot be reached")]
    Unreachable(#[source] io::Error),
    /// The connection ended before the response did.
    #[error("the connection was lost")]
    ConnectionLost,
    /// The response is longer than any valid one.
    #[error("the response is longer than {limit} bytes")]
    ResponseTooLong {
        /// The greatest length, in bytes.
        limit: usize,
    },
    /// The response is an error, or not what was requested.
    #[error("{0}")]
    Answer(RegistryAnswer),
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

/// A response that is an error, or not what was requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryAnswer {
    /// The host that answered, with the port if there is one.
    pub host: String,
    /// Whether the host is the token service that the registry names.
    pub is_token_service: bool,
    /// The HTTP status.
    pub status: u16,
    /// The server's words, without the login that was sent; empty if there are none.
    pub words: Printable,
}

impl RegistryAnswer {
    /// The answer of a server that was sent these logins.
    pub(super) fn new(host: &str, response: &HttpResponse, sent: &[&Login]) -> Self {
        let words = sent.iter().fold(error_text(response), |words, login| redact_login(words, login, None));
        Self {
            host: host.to_owned(),
            is_token_service: false,
            status: response.status().as_u16(),
            words: Printable::new(&words),
        }
    }
}

impl fmt::Display for RegistryAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, words, .. } = self;
        let words = words.as_str();
        write!(f, "HTTP {status}")?;
        match words.find('<').map(|start| &words[start..]).filter(|page| is_html_text(page)) {
            Some(page) => match page_title(page) {
                Some(title) => write!(f, ": a web page (\"{title}\")"),
                None => f.write_str(": a web page"),
            },
            None if words.is_empty() => Ok(()),
            None => write!(f, ": {words}"),
        }
    }
}
