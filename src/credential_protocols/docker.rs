//! Docker's credential helper protocol: `docker-credential-taskpull`.
//!
//! One argument says what is wanted, stdin for which server. Errors go to stdout, with exit
//! code 1. Of these Docker knows one by its words ([`NOT_OURS`]) and then pulls anonymously:
//! it is said of registries that are not ours, and of nothing else.

use std::collections::BTreeMap;

use crate::credential_protocols::secret_response::{self, SecretResponse};
use crate::error::Failure;
use crate::pipeline::{ImageReference, Login, RegistryHost};
use crate::report::text::failure_line;

/// The name that Docker knows the program by.
pub const PROGRAM: &str = "docker-credential-taskpull";

/// The words after which Docker goes on without a login.
pub const NOT_OURS: &str = "credentials not found in native keychain";

/// What is said when stdin names nothing.
const NO_SERVER: &str = "no credentials server URL";

/// The longest address that is read, in bytes.
pub const LIMIT: u64 = 8 * 1_024;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The login for the server on stdin.
    Get,
    /// The hosts that are known.
    List,
    /// Which program this is.
    Version,
    /// To keep the login on stdin.
    Store,
    /// To forget the login for the server on stdin.
    Erase,
}

impl Operation {
    /// Reads the arguments; none where they are not exactly one of the operations.
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

/// How the program is called.
#[must_use]
pub fn usage() -> String {
    format!("Usage: {PROGRAM} <get|list|version>; `get` reads a registry's address from stdin\n")
}

/// Which program this is.
#[must_use]
pub fn version() -> String {
    format!("{PROGRAM} (taskpull) {}\n", env!("CARGO_PKG_VERSION"))
}

/// A server that Docker asks about.
#[derive(Debug)]
pub struct ServerUrl {
    /// As it was asked for.
    written: String,
    /// An image that stands for any of the registry; none where no image can be there.
    pub image: Option<ImageReference>,
}

impl ServerUrl {
    /// Reads what came on stdin.
    ///
    /// # Errors
    /// One line that says what is wrong with it and repeats nothing of it: it may be a login.
    pub fn parse(stdin: &[u8]) -> Result<Self, &'static str> {
        if stdin.len() as u64 > LIMIT {
            return Err("stdin is longer than 8192 bytes: it should be a registry's address and nothing else");
        }
        let written =
            std::str::from_utf8(stdin).map_err(|_| "stdin is not UTF-8: it should be a registry's address")?;
        let written = written.trim();
        if written.is_empty() {
            return Err(NO_SERVER);
        }
        let (host, path) = RegistryHost::parse_address(written)
            .ok_or("what stdin holds is no registry's address: write `host`, `host:port` or `https://host`")?;
        let is_no_login = host.docker_key() == ImageReference::DOCKER_HUB_KEY
            && path.strip_prefix("v1/").is_some_and(|rest| ImageReference::DOCKER_HUB_BROWSER_TOKENS.contains(&rest));
        let image = if is_no_login { None } else { host.example_image() };
        Ok(Self { written: written.to_owned(), image })
    }

    /// The answer to `get`.
    #[must_use]
    pub fn login(&self, login: &Login) -> SecretResponse {
        secret_response::for_docker(&self.written, login)
    }
}

/// The answer to `list`: servers and user names.
#[must_use]
pub fn list(known: impl IntoIterator<Item = (String, &'static str)>) -> String {
    let known: BTreeMap<_, _> = known.into_iter().collect();
    serde_json::json!(known).to_string() + "\n"
}

/// Why nothing is kept or forgotten.
#[must_use]
pub fn not_kept(operation: Operation) -> &'static str {
    match operation {
        Operation::Erase => {
            "taskpull keeps no logins, so there is none to erase: they are in Secrets Manager and ECR's tokens; nothing was changed"
        }
        _ => {
            "taskpull keeps no logins: put this one into a secret (`taskpull secret new`) and name that in [[registry]]; for registries that need `docker login`, leave taskpull out of credsStore and name it in credHelpers"
        }
    }
}

/// One line of what broke and how to mend it. It is never [`NOT_OURS`].
#[must_use]
pub fn failed(failure: &Failure) -> String {
    error(&failure_line(failure))
}

/// The same of words.
#[must_use]
pub fn error(said: &str) -> String {
    // Docker looks for these words anywhere in an answer: an error that quoted them would be
    // taken for them.
    let said = said.replace(NOT_OURS, "…");
    if said == NO_SERVER { format!("{said}\n") } else { format!("taskpull: {said}\n") }
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, NOT_OURS, Operation, ServerUrl, error, list, version};

    fn host(text: &str) -> Option<String> {
        ServerUrl::parse(text.as_bytes()).unwrap().image.map(|image| image.registry().to_owned())
    }

    #[test]
    fn one_argument_is_an_operation() {
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
    fn a_server_is_known_under_every_alias() {
        for text in ["reg.example", "https://reg.example", "http://reg.example/", "reg.example/v1/", "REG.example\n"] {
            assert_eq!(host(text).as_deref(), Some("reg.example"), "{text}");
        }
        for text in ["docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"] {
            assert_eq!(host(text).as_deref(), Some("docker.io"), "{text}");
        }
    }

    #[test]
    fn what_no_image_can_be_in_has_no_image() {
        for text in ["registry", "https://index.docker.io/v1/access-token", "https://index.docker.io/v1/refresh-token"]
        {
            assert_eq!(host(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_said_and_not_repeated() {
        let wrong = |bytes: &[u8]| ServerUrl::parse(bytes).unwrap_err();
        assert_eq!(wrong(b" \n"), "no credentials server URL");
        assert!(wrong(b"\xff").contains("UTF-8"));
        assert!(wrong(&vec![b'a'; usize::try_from(LIMIT).unwrap() + 1]).contains("longer than"));
        for text in ["https://me:hunter2@reg.example", "{\"Secret\": \"hunter2\"}"] {
            assert!(!wrong(text.as_bytes()).contains("hunter2"));
        }
    }

    #[test]
    fn no_error_is_taken_for_a_registry_that_is_not_ours() {
        let said = error(&format!("AWS said: {NOT_OURS}"));
        assert!(!said.contains(NOT_OURS) && said.starts_with("taskpull: AWS said"), "{said}");
        assert_eq!(error("no credentials server URL"), "no credentials server URL\n");
    }

    #[test]
    fn hosts_are_listed_with_the_names_that_are_known() {
        assert_eq!(list([("b".to_owned(), "AWS"), ("a".to_owned(), "")]), "{\"a\":\"\",\"b\":\"AWS\"}\n");
        assert!(version().starts_with("docker-credential-taskpull (taskpull) "));
    }
}
