//! `AssumeRole`: the call, and the identity that each of its errors is about.
#![expect(clippy::disallowed_types, reason = "the credentials of one call, and those in its answer")]

use std::sync::Arc;
use std::time::SystemTime;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_sts::types::Credentials as StsCredentials;

use crate::aws::{
    AwsCall, AwsErrorKind, AwsPrincipal, aws_call::RequestIds, aws_error::IdentityError,
    host_credentials::HostCredentials, observed_call::CallResponse, observed_call::observe, sdk_error::FailedCall,
};
use crate::identity::{Identity, RoleSession};

/// Assumes the role of `identity` with the credentials of its caller, at the STS of the host's own
/// Region, or of `region` if the host's is not known without a slow request.
pub(crate) async fn assume_role(
    identity: Identity,
    caller: Credentials,
    host: Arc<HostCredentials>,
    config: SdkConfig,
    region: Region,
) -> Result<Credentials, IdentityError> {
    let Some(RoleSession { role, name }) = identity.session() else { return Ok(caller) };
    let region = host.quick_region(&config).await.unwrap_or(region);
    let mut requests = caller.get_property::<RequestIds>().cloned().unwrap_or_default();
    let config =
        aws_sdk_sts::config::Builder::from(&config).region(region.clone()).credentials_provider(caller).build();
    tracing::debug!(%role, session = name.as_str(), "assuming a role");
    let sent = aws_sdk_sts::Client::from_conf(config)
        .assume_role()
        .role_arn(role.as_str())
        .role_session_name(name.as_str())
        .set_external_id(identity.external_id().map(str::to_owned))
        .send();
    let answer = observe(host.observer(), AwsCall::AssumeRole, sent).await;
    let CallResponse { answer, request } = answer.map_err(|failed| identity_error(&identity, region, failed))?;
    let Some(session) = answer.credentials else {
        let message = "STS answered without credentials".into();
        return Err(IdentityError::new(&identity, AwsErrorKind::RoleUnavailable, message));
    };
    let mut session = from_sts(session);
    if let Some(user) = answer.assumed_role_user {
        session.set_property(AwsPrincipal::Session(user.arn));
    }
    requests.0.extend(request);
    session.set_property(requests);
    Ok(session)
}

/// Only a denial is about the role's trust policy: to report another error as one would mislead the
/// reader.
fn identity_error(identity: &Identity, region: Region, FailedCall { kind, message }: FailedCall) -> IdentityError {
    let kind = match kind {
        AwsErrorKind::Unavailable | AwsErrorKind::Throttled | AwsErrorKind::TimedOut => AwsErrorKind::RoleUnavailable,
        AwsErrorKind::Denied => AwsErrorKind::RoleDenied,
        AwsErrorKind::RoleRegionDisabled => AwsErrorKind::RoleRegionDisabled,
        // STS checks the caller's credentials.
        AwsErrorKind::IdentityRejected => {
            let caller = identity.assumed_by().unwrap_or(Identity::Host);
            return IdentityError::new(&caller, kind, message);
        }
        AwsErrorKind::ClockSkew => return IdentityError::new(&Identity::Host, kind, message),
        _ => AwsErrorKind::RoleFailed,
    };
    IdentityError::new(identity, kind, message).in_region(region)
}

fn from_sts(session: StsCredentials) -> Credentials {
    let expiry = SystemTime::try_from(session.expiration).ok();
    Credentials::new(session.access_key_id, session.secret_access_key, Some(session.session_token), expiry, "taskpull")
}
