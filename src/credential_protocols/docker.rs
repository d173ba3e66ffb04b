//! Docker's credential helper protocol: `docker-credential-taskpull`.
//!
//! The one argument is the operation, and stdin names the server. Errors go to stdout, with exit
//! code 1. Docker recognises one error by its text ([`NOT_FOUND`]) and then pulls anonymously, so
//! that text is used only for registries that taskpull is not configured for.

use std::collections::BTreeMap;

use crate::credential::Login;
use crate::credential_protocols::secret_response::{self, SecretResponse};
use crate::error::Failure;
use crate::report::text::failure_line;
use crate::task::{ImageReference, RegistryHost};

/// The name under which Docker looks for the program.
pub const PROGRAM: &str = "docker-credential-taskpull";

/// The error after which Docker continues without a login.
pub const NOT_FOUND: &str = "credentials not found in native keychain";

/// The protocol's error for an empty stdin.
const NO_SERVER: &str = "no credentials server URL";

/// Maximum number of bytes that are read from stdin.
pub const LIMIT: u64 = 8 * 1_024;

/// An operation of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Return the login for the server on stdin.
    Get,
    /// List the configured hosts.
    List,
    /// Print the program's version.
    Version,
    /// Store the login on stdin; not supported.
    Store,
    /// Delete the login for the server on stdin; not supported.
    Erase,
}

impl Operation {
    /// Parses the arguments; `None` unless they are exactly one operation.
    #[must_use]
    pub fn parse(arguments: &[String]) -> Option<Self> {
        let [argument] = arguments else { return None };
        Some(match argument.as_str() {
            "get" => Self::Get,
            "list" => Self::List,
            "version" | "--version" | "-v" => Self::Version,
            "store" => Self::Store,
            "erase" => Self::Erase,
            _ => return None,
        })
    }
}

/// The line that explains the usage.
#[must_use]
pub fn usage() -> String {
    format!("Usage: {PROGRAM} <get|list|version>; `get` reads a registry's address from stdin\n")
}

/// The line that `version` prints.
#[must_use]
pub fn version() -> String {
    format!("{PROGRAM} (taskpull) {}\n", env!("CARGO_PKG_VERSION"))
}

/// The server that Docker requests a login for.
#[derive(Debug)]
pub struct ServerUrl {
    /// The text that was received.
    text: String,
    /// An example image of the registry; `None` if the registry cannot contain images.
    pub image: Option<ImageReference>,
}

impl ServerUrl {
    /// Parses the text on stdin.
    ///
    /// # Errors
    /// One line that says what is wrong. It repeats nothing of the text, which may be a login.
    pub fn parse(stdin: &[u8]) -> Result<Self, &'static str> {
        if stdin.len() as u64 > LIMIT {
            return Err("stdin is longer than 8192 bytes; expected only a registry's address");
        }
        let text = std::str::from_utf8(stdin).map_err(|_| "stdin is not UTF-8; expected a registry's address")?;
        let text = text.trim();
        if text.is_empty() {
            return Err(NO_SERVER);
        }
        let (host, path) = RegistryHost::parse_address(text)
            .ok_or("stdin is not a registry's address: use `host`, `host:port` or `https://host`")?;
        let is_browser_token = host.docker_key() == ImageReference::DOCKER_HUB_KEY
            && path.strip_prefix("v1/").is_some_and(|rest| ImageReference::DOCKER_HUB_BROWSER_TOKENS.contains(&rest));
        let image = if is_browser_token { None } else { host.example_image() };
        Ok(Self { text: text.to_owned(), image })
    }

    /// The response to `get`.
    #[must_use]
    pub fn login(&self, login: &Login) -> SecretResponse {
        secret_response::for_docker(&self.text, login)
    }
}

/// The response to `list`: servers and user names.
#[must_use]
pub fn list(hosts: impl IntoIterator<Item = (String, &'static str)>) -> String {
    let hosts: BTreeMap<_, _> = hosts.into_iter().collect();
    serde_json::json!(hosts).to_string() + "\n"
}

/// Why a login cannot be stored or deleted.
#[must_use]
pub fn unsupported(operation: Operation) -> &'static str {
    match operation {
        Operation::Erase => {
            "no logins are stored, so there is nothing to erase and nothing was changed; logins come from Secrets Manager and ECR"
        }
        _ => {
            "logins cannot be stored: put this one into a secret (`taskpull secret new`) and list it under [[registry]]; for registries that need `docker login`, use credHelpers instead of credsStore for taskpull"
        }
    }
}

/// A failure as one line. It never contains [`NOT_FOUND`].
#[must_use]
pub fn failure_response(failure: &Failure) -> String {
    error_response(&failure_line(failure))
}

/// An error as one line. It never contains [`NOT_FOUND`].
#[must_use]
pub fn error_response(message: &str) -> String {
    // Docker searches the whole response for this text, so an error that quotes it would be
    // mistaken for it.
    let message = message.replace(NOT_FOUND, "…");
    if message == NO_SERVER { format!("{message}\n") } else { format!("taskpull: {message}\n") }
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, NOT_FOUND, Operation, ServerUrl, error_response, list, version};

    fn host(text: &str) -> Option<String> {
        ServerUrl::parse(text.as_bytes()).unwrap().image.map(|image| image.registry().to_owned())
    }

    #[test]
    fn operation_is_exactly_one_argument() {
        let parse = |arguments: &[&str]| {
            Operation::parse(&arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(parse(&["get"]), Some(Operation::Get));
        assert_eq!(parse(&["--version"]), parse(&["version"]));
        for none in [&[][..], &["get", "get"], &["GET"], &[""], &["--help"]] {
            assert_eq!(parse(none), None, "{none:?}");
        }
    }

    #[test]
    fn server_is_recognised_under_every_alias() {
        for text in ["reg.example", "https://reg.example", "http://reg.example/", "reg.example/v1/", "REG.example\n"] {
            assert_eq!(host(text).as_deref(), Some("reg.example"), "{text}");
        }
        for text in ["docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"] {
            assert_eq!(host(text).as_deref(), Some("docker.io"), "{text}");
        }
    }

    #[test]
    fn registry_without_images_has_no_example_image() {
        for text in ["registry", "https://index.docker.io/v1/access-token", "https://index.docker.io/v1/refresh-token"]
        {
            assert_eq!(host(text), None, "{text}");
        }
    }

    #[test]
    fn malformed_address_is_rejected_without_repeating_it() {
        let wrong = |bytes: &[u8]| ServerUrl::parse(bytes).unwrap_err();
        assert_eq!(wrong(b" \n"), "no credentials server URL");
        assert!(wrong(b"\xff").contains("UTF-8"));
        assert!(wrong(&vec![b'a'; usize::try_from(LIMIT).unwrap() + 1]).contains("longer than"));
        for text in ["https://me:hunter2@reg.example", "{\"Secret\": \"hunter2\"}"] {
            assert!(!wrong(text.as_bytes()).contains("hunter2"));
        }
    }

    #[test]
    fn quoted_not_found_text_is_removed_from_errors() {
        let line = error_response(&format!("AWS said: {NOT_FOUND}"));
        assert!(!line.contains(NOT_FOUND) && line.starts_with("taskpull: AWS said"), "{line}");
        assert_eq!(error_response("no credentials server URL"), "no credentials server URL\n");
    }

    #[test]
    fn hosts_are_listed_with_known_user_names() {
        assert_eq!(list([("b".to_owned(), "AWS"), ("a".to_owned(), "")]), "{\"a\":\"\",\"b\":\"AWS\"}\n");
        assert!(version().starts_with("docker-credential-taskpull (taskpull) "));
    }
}
