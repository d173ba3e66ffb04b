//! `AssumeRole`: the call, and what its refusals mean.
#![expect(clippy::disallowed_types, reason = "the credentials of one call, and those it answers with")]

use std::sync::Arc;
use std::time::SystemTime;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_sts::types::Credentials as StsCredentials;

use crate::aws::SecretFault;
use crate::aws::call::{CallResponse, RequestIds, call};
use crate::aws::host_credentials::HostCredentials;
use crate::aws::role_sessions::IdentityError;
use crate::aws::sdk_error::{CallErrorKind, FailedCall};
use crate::identity::{Identity, RoleSession};

/// Assumes the role of `identity` as whoever these credentials belong to.
pub(crate) async fn assume(
    identity: Identity,
    by: Credentials,
    source: Arc<HostCredentials>,
    config: SdkConfig,
    region: Region,
) -> Result<Credentials, IdentityError> {
    let Some(RoleSession { role, name }) = identity.session() else { return Ok(by) };
    let region = source.near_region(&config).await.unwrap_or(region);
    let mut behind = by.get_property::<RequestIds>().cloned().unwrap_or_default();
    let config = aws_sdk_sts::config::Builder::from(&config).region(region.clone()).credentials_provider(by).build();
    tracing::debug!(%role, session = name.as_str(), "assuming the role");
    let sent = aws_sdk_sts::Client::from_conf(config)
        .assume_role()
        .role_arn(role.as_str())
        .role_session_name(name.as_str())
        .set_external_id(identity.external_id().map(str::to_owned))
        .send();
    let answer = call(source.watch(), ("STS", "AssumeRole"), sent).await;
    let CallResponse { answer, request } = answer.map_err(|FailedCall { meaning, said }| {
        let fault = match meaning {
            CallErrorKind::Unavailable | CallErrorKind::Throttled | CallErrorKind::TimedOut => {
                SecretFault::RoleUnavailable
            }
            CallErrorKind::Answer { code, .. } => answered(&code),
            // STS judges whoever asks.
            CallErrorKind::IdentityRejected => {
                let by = identity.assumed_by().unwrap_or(Identity::Host);
                return IdentityError::new(&by, SecretFault::IdentityRejected, said);
            }
            CallErrorKind::ClockSkew => return IdentityError::new(&Identity::Host, SecretFault::ClockSkew, said),
        };
        IdentityError::new(&identity, fault, said).in_region(region)
    })?;
    let nothing =
        || IdentityError::new(&identity, SecretFault::RoleUnavailable, "STS answered without credentials".into());
    let mut session = answer.credentials.map(from_sts).ok_or_else(nothing)?;
    behind.0.extend(request);
    session.set_property(behind);
    Ok(session)
}

/// `AssumeRole`'s own errors (API reference, "Errors"). A denial is all that says something of
/// the role's trust; to claim it of a malformed request would send its reader astray.
fn answered(code: &str) -> SecretFault {
    match code {
        "AccessDenied" | "AccessDeniedException" => SecretFault::RoleRefused,
        "RegionDisabledException" | "RegionDisabled" => SecretFault::RoleRegionDisabled,
        _ => SecretFault::RoleFailed,
    }
}

fn from_sts(session: StsCredentials) -> Credentials {
    let expiry = SystemTime::try_from(session.expiration).ok();
    Credentials::new(session.access_key_id, session.secret_access_key, Some(session.session_token), expiry, "taskpull")
}
