//! What makes two credentials of a report the same login.

use super::credential_report::CredentialReport;
use crate::error::Printable;

/// The login behind a credential: equal for two credentials that came from one version of one secret,
/// or from one token, however the task definitions name it and whichever call returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LoginKey<'a> {
    Anonymous,
    Secret { arn: &'a Printable, version_id: Option<&'a Printable>, stage: Option<&'a Printable>, identity: &'a str },
    Ecr { account: &'a str, region: &'a str, identity: &'a str, expires_at: Option<&'a str> },
    EcrPublic { identity: &'a str, expires_at: Option<&'a str>, without_token: Option<&'a Printable> },
    Host { source: &'a str, matched: &'a Printable },
}

impl<'a> From<&'a CredentialReport> for LoginKey<'a> {
    fn from(credential: &'a CredentialReport) -> Self {
        match credential {
            CredentialReport::Anonymous => Self::Anonymous,
            CredentialReport::Secret { arn, version_id, stage, identity, .. } => {
                Self::Secret { arn, version_id: version_id.as_ref(), stage: stage.as_ref(), identity }
            }
            CredentialReport::Ecr { account, region, identity, expires_at, .. } => {
                Self::Ecr { account, region, identity, expires_at: expires_at.as_deref() }
            }
            CredentialReport::EcrPublic { identity, expires_at, without_token, .. } => {
                Self::EcrPublic { identity, expires_at: expires_at.as_deref(), without_token: without_token.as_ref() }
            }
            CredentialReport::Instance { source, matched } => Self::Host { source, matched },
        }
    }
}
