//! STS, Query/XML: `AssumeRole` and `GetCallerIdentity`.

use super::access::{AccessRequest, ResourcePolicy};
use super::clock;
use super::protocol::{Protocol, ServiceError, ServiceResult, escaped};
use super::state::{AwsState, Service, ServiceCall};

pub const SERVICE: Service = Service { name: "sts", protocol: Protocol::Query, target_prefix: "", answer };

const HOUR: i64 = 3600;

fn answer(state: &mut AwsState, call: &ServiceCall) -> ServiceResult {
    let result = match call.operation.as_str() {
        "AssumeRole" => assume_role(state, call)?,
        "GetCallerIdentity" => caller_identity(call),
        other => {
            let message = format!("Could not find operation {other} for version 2011-06-15");
            return Err(ServiceError::new(400, "InvalidAction", message));
        }
    };
    let operation = &call.operation;
    Ok(format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <{operation}Result>{result}</{operation}Result></{operation}Response>"
    ))
}

fn assume_role(state: &mut AwsState, call: &ServiceCall) -> ServiceResult {
    let role_arn = call.text("RoleArn").ok_or_else(|| invalid_value("RoleArn is required"))?;
    let session = call.text("RoleSessionName").filter(|name| is_session_name(name));
    let session = session
        .ok_or_else(|| invalid_value("Value at 'roleSessionName' failed to satisfy constraint: [\\w+=,.@-]{2,64}"))?;
    assert!(!call.parameters.keys().any(|name| name.starts_with("Policy")), "session policies are not supported");
    let lifetime = lifetime(call)?;
    check_trust(state, call, role_arn, session)?;
    let opened = state.identities.open_session(role_arn, session, call.now + lifetime);
    let token = opened.key.token.as_deref().expect("a session has a token");
    Ok(format!(
        "<AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
         <SessionToken>{token}</SessionToken><Expiration>{}</Expiration></Credentials>",
        escaped(&opened.user_id),
        escaped(&opened.arn),
        opened.key.id,
        opened.key.secret,
        clock::extended(opened.expires),
    ))
}

/// STS gives no reason, and reports the same for a role that does not exist.
fn check_trust(state: &AwsState, call: &ServiceCall, role: &str, session: &str) -> Result<(), ServiceError> {
    let mut context = vec![("sts:RoleSessionName".to_owned(), session.to_owned())];
    let external = call.text("ExternalId");
    context.extend(external.map(|id| ("sts:ExternalId".to_owned(), id.to_owned())));
    let access = AccessRequest {
        action: "sts:AssumeRole",
        resource: role,
        region: &call.region,
        context,
        rule: ResourcePolicy::MustAllow,
    };
    let known = state.identities.role(role);
    if known.is_some_and(|role| access.decide(&call.caller, Some(&role.trust)).is_ok()) {
        return Ok(());
    }
    let caller = call.caller.arn();
    Err(ServiceError::new(
        403,
        "AccessDenied",
        format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}"),
    ))
}

/// The lifetime of the session in seconds. Every role has the default maximum of one hour.
fn lifetime(call: &ServiceCall) -> Result<i64, ServiceError> {
    let seconds = call.text("DurationSeconds").map_or(Ok(HOUR), str::parse::<i64>);
    match seconds {
        Ok(seconds @ 900..=HOUR) => Ok(seconds),
        Ok(3601..=43_200) if call.caller.is_session => Err(invalid_value(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining",
        )),
        Ok(3601..=43_200) => {
            Err(invalid_value("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."))
        }
        _ => Err(invalid_value("Value at 'durationSeconds' failed to satisfy constraint")),
    }
}

fn is_session_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (2..=64).contains(&name.len()) && name.bytes().all(allowed)
}

fn caller_identity(call: &ServiceCall) -> String {
    let caller = &call.caller;
    format!(
        "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
        escaped(caller.arn()),
        escaped(&caller.user_id),
        caller.account(),
    )
}

fn invalid_value(message: &str) -> ServiceError {
    ServiceError::new(400, "ValidationError", message)
}
