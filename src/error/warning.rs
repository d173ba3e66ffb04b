//! Warnings: what did not fail and the user should still know. Each has an id that programs and
//! documents can rely on, and a message for people.

use std::fmt::{self, Write as _};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Printable;

/// Defines the ids in one table: the name on the wire, and the meaning for the documentation.
macro_rules! warning_ids {
    ($($(#[doc = $meaning:literal])+ $id:ident = $name:literal,)+) => {
        /// What a warning is about. The ids are stable, in kebab case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum WarningId {
            $($(#[doc = $meaning])+ #[serde(rename = $name)] $id,)+
        }

        impl WarningId {
            /// Every id, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$id),+];

            /// The id as reports and events contain it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$id => $name,)+
                }
            }

            fn meaning(self) -> &'static str {
                match self {
                    $(Self::$id => concat!($($meaning),+).trim_ascii_start(),)+
                }
            }
        }
    };
}

warning_ids! {
    /// Two containers of a task definition have the same name, which ECS refuses.
    DuplicateContainerName = "duplicate-container-name",
    /// A value looks like a placeholder of the documentation that was not replaced.
    Placeholder = "placeholder",
    /// A key of a task definition has no effect: it is another spelling of one that taskpull reads, or
    /// stands in another place.
    UnknownKey = "unknown-key",
    /// The credentials parameter is an ARN without its random suffix.
    PartialSecretArn = "partial-secret-arn",
    /// The name of a secret ends like the random suffix of an ARN.
    AmbiguousSecretName = "ambiguous-secret-name",
    /// A container has `repositoryCredentials`, and its task definition has no `executionRoleArn`,
    /// which ECS requires.
    NoExecutionRole = "no-execution-role",
    /// A container names a secret for an image in ECR, which accepts only its own tokens.
    UnusedSecret = "unused-secret",
    /// This version of taskpull does not know the Region of an ARN or a registry.
    UnknownRegion = "unknown-region",
    /// An image is named by its digest, so that `[[rewrite]]` is not applied to it.
    DigestNotRewritten = "digest-not-rewritten",
    /// A key of a secret is in another case than its format requires.
    SecretKeyCase = "secret-key-case",
    /// A secret begins with a byte order mark, which ECS refuses.
    SecretByteOrderMark = "secret-byte-order-mark",
    /// The clock of the host differs from the clock of AWS by more than five minutes.
    ClockSkew = "clock-skew",
    /// The connection to the engine has no TLS, so that logins are sent in clear text.
    EngineWithoutTls = "engine-without-tls",
    /// An image needs more disk space than the engine has left.
    LowDiskSpace = "low-disk-space",
    /// An image was built for another architecture than the host has.
    WrongArchitecture = "wrong-architecture",
}

impl fmt::Display for WarningId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What did not fail and the user should still know.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// What the warning is about; stable, for programs.
    pub id: WarningId,
    /// The warning in one sentence, and what to do about it.
    pub message: Printable,
}

impl Warning {
    /// A warning with this message.
    #[must_use]
    pub fn new(id: WarningId, message: &str) -> Self {
        Self { id, message: Printable::new(message) }
    }
}

/// The message, followed by the id in brackets.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.id)
    }
}

/// The table of warnings as Markdown, for `docs/troubleshooting.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("| id | meaning |\n|---|---|\n");
    for id in WarningId::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{id}` | {} |", id.meaning());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Warning, WarningId};

    #[test]
    fn id_in_json_is_that_of_the_documentation() {
        for id in WarningId::ALL {
            let json = serde_json::to_value(Warning::new(*id, "text")).unwrap();
            assert_eq!(json, serde_json::json!({"id": id.as_str(), "message": "text"}));
            let is_kebab_case = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            assert!(is_kebab_case(id.as_str()), "{id}");
            assert!(id.meaning().ends_with('.') && !id.meaning().starts_with(' '), "{id}");
        }
        let distinct: HashSet<_> = WarningId::ALL.iter().map(|id| id.as_str()).collect();
        assert_eq!(distinct.len(), WarningId::ALL.len());
    }

    #[test]
    fn text_of_a_warning_ends_with_its_id() {
        let warning = Warning::new(WarningId::ClockSkew, "the clock is\n7 minutes behind");
        assert_eq!(warning.to_string(), "the clock is 7 minutes behind [clock-skew]");
    }
}
