//! The sources of a host's credentials, in their order: what each one's failure means, and who its
//! credentials belong to.
#![expect(clippy::disallowed_types, reason = "the host's credentials, on their way into the cache")]

use std::error::Error;
use std::iter::successors;

use aws_config::profile::credentials::ProfileFileError;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_types::os_shim_internal::Env;

use crate::aws::{AwsPrincipal, host_fault::HostFault, host_fault::MetadataAnswer, profiles::Profiles};
use crate::config::HostKind;

/// The address of the ECS agent's credentials endpoint.
const AGENT_HOST: &str = "169.254.170.2";

/// A source of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostSource {
    Environment,
    Profile,
    WebIdentity,
    TaskEndpoint,
    Metadata,
}

impl HostSource {
    /// The source as messages name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Environment => "the environment",
            Self::Profile => "the profile",
            Self::WebIdentity => "the web identity",
            Self::TaskEndpoint => "the container credentials endpoint",
            Self::Metadata => "the instance metadata service",
        }
    }

    /// Who the credentials of this source belong to; `role` is the name of the instance's role.
    pub(super) fn principal(self, credentials: &Credentials, profile: &str, role: Option<&str>) -> AwsPrincipal {
        match self {
            Self::Environment => AwsPrincipal::AccessKey(credentials.access_key_id().to_owned()),
            Self::Profile => AwsPrincipal::Profile(profile.to_owned()),
            Self::WebIdentity => AwsPrincipal::WebIdentity,
            Self::TaskEndpoint => AwsPrincipal::TaskRole,
            Self::Metadata => AwsPrincipal::InstanceRole(role.unwrap_or_default().to_owned()),
        }
    }

    /// What the failure of this source means.
    pub(super) fn explain(self, kind: HostKind, profiles: &Profiles, error: &CredentialsError) -> HostFault {
        let message = without_output(error);
        match self {
            Self::Environment | Self::Profile => profiles.explain(message, is_about_files(error)),
            Self::WebIdentity => HostFault::WebIdentity { message },
            Self::TaskEndpoint => {
                HostFault::TaskEndpoint { host: task_endpoint_host(), status: status(&message), message }
            }
            Self::Metadata => HostFault::Metadata { kind, answer: metadata_answer(&message), message },
        }
    }
}

/// The faults of a key that no service would accept. The SDK panics on some of them.
pub(super) fn check_key(source: HostSource, credentials: &Credentials) -> Result<(), HostFault> {
    let parts = [
        ("the access key id", Some(credentials.access_key_id())),
        ("the secret access key", Some(credentials.secret_access_key())),
        ("the session token", credentials.session_token()),
    ];
    for (name, text) in parts {
        if let Some(flaw) = text.and_then(flaw) {
            return Err(HostFault::UnusableKey { source_name: source.name().to_owned(), name, flaw });
        }
    }
    Ok(())
}

fn flaw(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("no characters")
    } else if text.contains(['\n', '\r']) {
        Some("a line end")
    } else if text.contains(char::is_whitespace) {
        Some("white space")
    } else if text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']) {
        Some("quotes")
    } else {
        (!text.bytes().all(|byte| byte.is_ascii_graphic())).then_some("a character that is not printable ASCII")
    }
}

/// Whether the configuration itself is wrong, so that nothing but a change of it helps.
fn is_about_files(error: &CredentialsError) -> bool {
    let first: &(dyn Error + 'static) = error;
    successors(Some(first), |error| (*error).source()).any(|error| {
        matches!(error.downcast_ref(), Some(CredentialsError::InvalidConfiguration(_)))
            || error.is::<ProfileFileError>()
    })
}

/// The host of the task's endpoint. The path may be a secret.
fn task_endpoint_host() -> String {
    let env = Env::real();
    if env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").is_ok() {
        return AGENT_HOST.to_owned();
    }
    let uri = env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").ok().and_then(|uri| uri.parse::<http::Uri>().ok());
    uri.and_then(|uri| Some(uri.authority()?.host().to_owned())).unwrap_or_else(|| AGENT_HOST.to_owned())
}

/// The HTTP status in a message of the SDK.
fn status(message: &str) -> Option<u16> {
    let (_, rest) = message.split_once("StatusCode(")?;
    rest.split(')').next()?.parse().ok()
}

fn metadata_answer(message: &str) -> MetadataAnswer {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["IMDS disabled by"]) {
        MetadataAnswer::NotAsked
    } else if says(&["request forbidden", "code: 403"]) {
        MetadataAnswer::Forbidden
    } else if says(&["404"]) {
        MetadataAnswer::NoRole
    } else if says(&["could not communicate", "session token", "timed out", "timeout", "IO error"]) {
        MetadataAnswer::Silent
    } else {
        MetadataAnswer::Other
    }
}

/// The error and its causes as one text, without the stderr of a `credential_process` and without
/// the content of an answer, which may contain anything.
fn without_output(error: &CredentialsError) -> String {
    let first: &(dyn Error + 'static) = error;
    let mut texts: Vec<String> = Vec::new();
    for text in successors(Some(first), |error| (*error).source()).map(ToString::to_string) {
        if texts.last().is_none_or(|last| !last.ends_with(&text)) {
            texts.push(text);
        }
    }
    let text = texts.join(": ");
    let text = without_uri(&text);
    let shown = ["Stderr:", "Response {"].iter().fold(&*text, |text, mark| text.split(mark).next().unwrap_or_default());
    shown.trim_end_matches([' ', ',', '.', ':']).to_owned()
}

/// The message without the address of the container credentials endpoint, which can be a secret.
fn without_uri(text: &str) -> String {
    let found = text.split_once("URI for ECS provider (").and_then(|(_, rest)| rest.split_once("): "));
    found.map_or_else(|| text.to_owned(), |(_, uri)| text.replacen(uri, "", 1))
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::error::CredentialsError;

    use super::{HostSource, check_key, metadata_answer, status, without_output};
    use crate::aws::host_fault::MetadataAnswer;

    #[test]
    fn the_output_of_a_credential_process_is_not_shown() {
        let error = CredentialsError::provider_error("exit status: 1. Stderr: hunter2");
        let text = without_output(&error);
        assert!(text.ends_with("exit status: 1") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn the_address_of_a_credentials_endpoint_is_not_shown() {
        let message = "invalid full URI for ECS provider (URI did not refer to an allowed IP address): http://10.1.2.3/x?t=hunter2";
        let text = without_output(&CredentialsError::invalid_configuration(message));
        assert!(text.ends_with("(URI did not refer to an allowed IP address)") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_refused_without_its_value() {
        for (bad, flaw) in [
            ("hunter2\n", "a line end"),
            ("hunter2 ", "white space"),
            ("\"hunter2\"", "quotes"),
            ("hunter2\u{a0}", "white space"),
            ("hunter2\u{feff}", "a character that is not printable ASCII"),
            ("", "no characters"),
        ] {
            let credentials = [
                Credentials::new(bad, "key", None, None, "test"),
                Credentials::new("id", bad, None, None, "test"),
                Credentials::new("id", "key", Some(bad.to_owned()), None, "test"),
            ];
            for credentials in credentials {
                let text = check_key(HostSource::Profile, &credentials).unwrap_err().to_string();
                assert!(text.ends_with(flaw) && !text.contains("hunter2"), "{text}");
            }
        }
        assert!(check_key(HostSource::Profile, &Credentials::new("id", "k+/=", None, None, "test")).is_ok());
        let quote = Credentials::new("test", "te\"st", Some("x+/==".to_owned()), None, "test");
        assert!(check_key(HostSource::Profile, &quote).is_ok(), "other stores than AWS have such keys");
    }

    #[test]
    fn answers_of_both_endpoints_are_distinguished() {
        assert_eq!(status("Non-success status from HTTP credential provider: StatusCode(404)"), Some(404));
        assert_eq!(status("could not connect"), None);
        for (message, answer) in [
            ("IMDS disabled by AWS_EC2_METADATA_DISABLED env var set to `true`", MetadataAnswer::NotAsked),
            ("received 404 from IMDS", MetadataAnswer::NoRole),
            (
                "request forbidden: IMDS is disabled or the caller has insufficient permissions.",
                MetadataAnswer::Forbidden,
            ),
            ("could not communicate with IMDS", MetadataAnswer::Silent),
            ("failed to load IMDS session token: dispatch failure: timeout", MetadataAnswer::Silent),
            ("Incorrect IMDS/IAM configuration: [AssumeRoleUnauthorizedAccess]", MetadataAnswer::Other),
        ] {
            assert_eq!(metadata_answer(message), answer, "{message}");
        }
    }
}
