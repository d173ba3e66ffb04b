//! `GetAuthorizationToken`, of ECR and of ECR Public: the calls, what they bring, and what
//! their refusals mean.
#![expect(clippy::disallowed_types, reason = "the credentials of one call, on their way into it")]

use std::error::Error;
use std::iter::successors;
use std::time::SystemTime;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_ecr::config::endpoint::{DefaultResolver, EndpointFuture, InvalidParams, Params, ResolveEndpoint};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::aws::call::{CallResponse, call};
use crate::aws::sdk_error::{CallErrorKind, FailedCall, ServiceError};
use crate::aws::{CredentialObserver, Hosts, RegistryToken, TokenFault, TokenScope};
use crate::secret::Secret;

/// Where ECR Public gives its tokens, for images in every Region.
const REGION_OF_ECR_PUBLIC: &str = "us-east-1";

/// The call, which both of them name so.
const OPERATION: &str = "GetAuthorizationToken";

/// Where tokens of this scope are given.
pub(crate) fn region(scope: &TokenScope) -> Region {
    match scope {
        TokenScope::Ecr(region, _) => Region::new(region.as_str().to_owned()),
        TokenScope::EcrPublic => Region::from_static(REGION_OF_ECR_PUBLIC),
    }
}

/// Gets a token of this scope.
pub(crate) async fn token(
    config: &SdkConfig,
    watch: &dyn CredentialObserver,
    scope: &TokenScope,
    credentials: Credentials,
) -> Result<RegistryToken, (TokenFault, ServiceError)> {
    // `registryIds` is deprecated and would change nothing: the token is the caller's (J6).
    let ((token, expires), request) = match scope {
        TokenScope::Ecr(_, hosts) => {
            let config = aws_sdk_ecr::config::Builder::from(config).endpoint_resolver(EndpointResolver(*hosts));
            let config = config.region(region(scope)).credentials_provider(credentials).build();
            let sent = aws_sdk_ecr::Client::from_conf(config).get_authorization_token().send();
            let CallResponse { answer, request } = call(watch, ("ECR", OPERATION), sent).await.map_err(refused)?;
            let data = answer.authorization_data.unwrap_or_default().into_iter().next();
            (data.map(|data| (data.authorization_token, data.expires_at)).unwrap_or_default(), request)
        }
        TokenScope::EcrPublic => {
            let config = aws_sdk_ecrpublic::config::Builder::from(config);
            let config = config.region(region(scope)).credentials_provider(credentials).build();
            let sent = aws_sdk_ecrpublic::Client::from_conf(config).get_authorization_token().send();
            let CallResponse { answer, request } =
                call(watch, ("ECRPublic", OPERATION), sent).await.map_err(refused)?;
            let data = answer.authorization_data;
            (data.map(|data| (data.authorization_token, data.expires_at)).unwrap_or_default(), request)
        }
    };
    let expires = expires.and_then(|time| SystemTime::try_from(time).ok());
    let malformed = |why: &str| (TokenFault::Malformed, why.into());
    let token = token.ok_or_else(|| malformed("the answer has no token in it"))?;
    let (username, password) = taken_apart(&Zeroizing::new(token)).map_err(malformed)?;
    Ok(RegistryToken { username, password, expires, requests: Vec::from_iter(request) })
}

/// AWS's own endpoints, of these kinds at least; one that the operator names wins (L8).
#[derive(Debug)]
struct EndpointResolver(Hosts);

/// What is asked of an endpoint contradicts itself. The SDK's error for it looks like that of a
/// service which does not answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct EndpointError(String);

impl ResolveEndpoint for EndpointResolver {
    fn resolve_endpoint<'a>(&'a self, params: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::new(async move {
            let own;
            let params = if params.endpoint().is_some() {
                params
            } else {
                own = self.at_least(params)?;
                &own
            };
            let found = DefaultResolver::new().resolve_endpoint(params).await;
            found.map_err(|error| EndpointError(error.to_string()).into())
        })
    }
}

impl EndpointResolver {
    fn at_least(&self, params: &Params) -> Result<Params, InvalidParams> {
        let wanted = |asked: Option<bool>, own: bool| Some(own || asked.unwrap_or_default());
        Params::builder()
            .set_region(params.region().map(str::to_owned))
            .set_use_fips(wanted(params.use_fips(), self.0.fips))
            .set_use_dual_stack(wanted(params.use_dual_stack(), self.0.dual_stack))
            .build()
    }
}

/// User name and password in a token: base64 of both, divided by the first colon (D2).
fn taken_apart(token: &str) -> Result<(Secret, Secret), &'static str> {
    // Its exact length, so that no smaller buffer is left behind on the way.
    let mut plain = Zeroizing::new(vec![0; base64::decoded_len_estimate(token.len())]);
    let length = STANDARD.decode_slice(token, &mut plain).map_err(|_| "the token is not base64")?;
    let plain = std::str::from_utf8(&plain[..length]).map_err(|_| "the token is not text")?;
    let (username, password) = plain.split_once(':').ok_or("the token has no colon between user name and password")?;
    if username.is_empty() || password.is_empty() {
        return Err("the token has no user name or no password");
    }
    Ok((Secret::new(username.to_owned()), Secret::new(password.to_owned())))
}

fn refused(FailedCall { meaning, said }: FailedCall) -> (TokenFault, ServiceError) {
    let first: &(dyn Error + 'static) = &*said;
    if let Some(cause) = successors(Some(first), |error| (*error).source()).find(|error| error.is::<EndpointError>()) {
        return (TokenFault::NoEndpoint, cause.to_string().into());
    }
    let fault = match meaning {
        CallErrorKind::Unavailable => TokenFault::Unavailable,
        CallErrorKind::Throttled => TokenFault::Throttled,
        CallErrorKind::TimedOut => TokenFault::TimedOut,
        CallErrorKind::IdentityRejected => TokenFault::IdentityRejected,
        CallErrorKind::ClockSkew => TokenFault::ClockSkew,
        CallErrorKind::Answer { code, .. } => match &*code {
            "AccessDeniedException" | "AccessDenied" => TokenFault::Denied,
            _ => TokenFault::Other,
        },
    };
    (fault, said)
}

#[cfg(test)]
mod tests {
    use super::{STANDARD, taken_apart};
    use base64::Engine as _;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the token is the test's own")]
    fn a_token_is_divided_at_its_first_colon() {
        let (username, password) = taken_apart(&STANDARD.encode("AWS:a:b=")).unwrap();
        assert_eq!((username.expose(), password.expose()), ("AWS", "a:b="));
    }

    #[test]
    fn what_is_no_token_is_said_and_not_repeated() {
        let table = [
            ("hunter2!", "the token is not base64"),
            (&STANDARD.encode(b"\xff:hunter2"), "the token is not text"),
            (&STANDARD.encode("hunter2"), "the token has no colon between user name and password"),
            (&STANDARD.encode(":hunter2"), "the token has no user name or no password"),
            (&STANDARD.encode("AWS:"), "the token has no user name or no password"),
            ("", "the token has no colon between user name and password"),
        ];
        for (token, said) in table {
            assert_eq!(taken_apart(token).unwrap_err(), said, "{token}");
        }
    }
}
