//! `AssumeRole`: the call, and what its refusals mean.
#![expect(clippy::disallowed_types, reason = "the credentials of one call, and those it answers with")]

use std::sync::Arc;
use std::time::SystemTime;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_sts::types::Credentials as StsCredentials;

use crate::aws::SecretFault;
use crate::aws::call::{Answered, Behind, call};
use crate::aws::host::Host;
use crate::aws::said::{Failed, Meaning};
use crate::aws::session::Refused;
use crate::identity::{Identity, RoleSession};

/// Assumes the role of `identity` as whoever these credentials belong to.
pub(crate) async fn assume(
    identity: Identity,
    by: Credentials,
    source: Arc<Host>,
    config: SdkConfig,
    region: Region,
) -> Result<Credentials, Refused> {
    let Some(RoleSession { role, name }) = identity.session() else { return Ok(by) };
    let region = source.near_region(&config).await.unwrap_or(region);
    let mut behind = by.get_property::<Behind>().cloned().unwrap_or_default();
    let config = aws_sdk_sts::config::Builder::from(&config).region(region.clone()).credentials_provider(by).build();
    tracing::debug!(%role, session = name.as_str(), "assuming the role");
    let sent = aws_sdk_sts::Client::from_conf(config)
        .assume_role()
        .role_arn(role.as_str())
        .role_session_name(name.as_str())
        .set_external_id(identity.external_id().map(str::to_owned))
        .send();
    let answer = call(source.watch(), ("STS", "AssumeRole"), sent).await;
    let Answered { answer, request } = answer.map_err(|Failed { meaning, said }| {
        let fault = match meaning {
            Meaning::Unavailable | Meaning::Throttled | Meaning::TimedOut => SecretFault::RoleUnavailable,
            Meaning::Answer { code, .. } => answered(&code),
            // STS judges whoever asks.
            Meaning::IdentityRejected => {
                let by = identity.assumed_by().unwrap_or(Identity::Host);
                return Refused::new(&by, SecretFault::IdentityRejected, said);
            }
            Meaning::ClockSkew => return Refused::new(&Identity::Host, SecretFault::ClockSkew, said),
        };
        Refused::new(&identity, fault, said).in_region(region)
    })?;
    let nothing = || Refused::new(&identity, SecretFault::RoleUnavailable, "STS answered without credentials".into());
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
