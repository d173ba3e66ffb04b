//! STS, Query/XML: `AssumeRole` and `GetCallerIdentity`.

use super::access::{Access, ResourcePolicy};
use super::answer::{Answer, Protocol, ServiceError, escaped};
use super::clock;
use super::world::{Asked, Service, World};

pub const SERVICE: Service = Service { name: "sts", protocol: Protocol::Query, target_prefix: "", answer };

const HOUR: i64 = 3600;

fn answer(world: &mut World, asked: &Asked) -> Answer {
    let result = match asked.operation.as_str() {
        "AssumeRole" => assume_role(world, asked)?,
        "GetCallerIdentity" => caller_identity(asked),
        other => {
            let message = format!("Could not find operation {other} for version 2011-06-15");
            return Err(ServiceError::new(400, "InvalidAction", message));
        }
    };
    let operation = &asked.operation;
    Ok(format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <{operation}Result>{result}</{operation}Result></{operation}Response>"
    ))
}

fn assume_role(world: &mut World, asked: &Asked) -> Answer {
    let role_arn = asked.text("RoleArn").ok_or_else(|| unacceptable("RoleArn is required"))?;
    let session = asked.text("RoleSessionName").filter(|name| is_session_name(name));
    let session = session
        .ok_or_else(|| unacceptable("Value at 'roleSessionName' failed to satisfy constraint: [\\w+=,.@-]{2,64}"))?;
    assert!(!asked.parameters.keys().any(|name| name.starts_with("Policy")), "session policies are not played here");
    let lifetime = lifetime(asked)?;
    trusted(world, asked, role_arn, session)?;
    let opened = world.identities.open_session(role_arn, session, asked.now + lifetime);
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

/// STS gives no reason, and says the same of a role that does not exist.
fn trusted(world: &World, asked: &Asked, role: &str, session: &str) -> Result<(), ServiceError> {
    let mut context = vec![("sts:RoleSessionName".to_owned(), session.to_owned())];
    let external = asked.text("ExternalId");
    context.extend(external.map(|id| ("sts:ExternalId".to_owned(), id.to_owned())));
    let access = Access {
        action: "sts:AssumeRole",
        resource: role,
        region: &asked.region,
        context,
        rule: ResourcePolicy::MustAllow,
    };
    let known = world.identities.role(role);
    if known.is_some_and(|role| access.decide(&asked.caller, Some(&role.trust)).is_ok()) {
        return Ok(());
    }
    let caller = asked.caller.arn();
    Err(ServiceError::new(
        403,
        "AccessDenied",
        format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}"),
    ))
}

/// In seconds. Every role here has the usual maximum, an hour.
fn lifetime(asked: &Asked) -> Result<i64, ServiceError> {
    let wanted = asked.text("DurationSeconds").map_or(Ok(HOUR), str::parse::<i64>);
    match wanted {
        Ok(seconds @ 900..=HOUR) => Ok(seconds),
        Ok(3601..=43_200) if asked.caller.is_session => Err(unacceptable(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining",
        )),
        Ok(3601..=43_200) => {
            Err(unacceptable("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."))
        }
        _ => Err(unacceptable("Value at 'durationSeconds' failed to satisfy constraint")),
    }
}

fn is_session_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (2..=64).contains(&name.len()) && name.bytes().all(allowed)
}

fn caller_identity(asked: &Asked) -> String {
    let caller = &asked.caller;
    format!(
        "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
        escaped(caller.arn()),
        escaped(&caller.user_id),
        caller.account(),
    )
}

fn unacceptable(message: &str) -> ServiceError {
    ServiceError::new(400, "ValidationError", message)
}
