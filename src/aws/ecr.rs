//! `GetAuthorizationToken` of ECR and of ECR Public.
#![expect(clippy::disallowed_types, reason = "the credentials of one call")]

use std::error::Error;
use std::iter::successors;
use std::time::SystemTime;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_ecr::config::endpoint::{DefaultResolver, EndpointFuture, InvalidParams, Params, ResolveEndpoint};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::aws::{
    AwsErrorKind, CallObserver, EndpointVariant, RegistryToken, TokenScope, observed_call::CallResponse,
    observed_call::observe, sdk_error::FailedCall,
};
use crate::secret::Secret;

/// The Region where ECR Public issues its tokens, for images in every Region.
const ECR_PUBLIC_REGION: &str = "us-east-1";

/// The Region where tokens of this scope are issued.
pub(crate) fn token_region(scope: &TokenScope) -> Region {
    match scope {
        TokenScope::Ecr(region, _) => Region::new(region.as_str().to_owned()),
        TokenScope::EcrPublic => Region::from_static(ECR_PUBLIC_REGION),
    }
}

/// Obtains a token of this scope.
pub(crate) async fn get_token(
    config: &SdkConfig,
    observer: &dyn CallObserver,
    scope: &TokenScope,
    credentials: Credentials,
) -> Result<RegistryToken, FailedCall> {
    let (call, region) = (scope.call(), token_region(scope));
    // `registryIds` is deprecated and would change nothing: the token is the caller's (J6).
    let ((token, expires), request) = match scope {
        TokenScope::Ecr(_, variant) => {
            let config = aws_sdk_ecr::config::Builder::from(config).endpoint_resolver(EndpointResolver(*variant));
            let config = config.region(region).credentials_provider(credentials).build();
            let sent = aws_sdk_ecr::Client::from_conf(config).get_authorization_token().send();
            let CallResponse { answer, request } = observe(observer, call, sent).await.map_err(with_endpoint_error)?;
            let data = answer.authorization_data.unwrap_or_default().into_iter().next();
            (data.map(|data| (data.authorization_token, data.expires_at)).unwrap_or_default(), request)
        }
        TokenScope::EcrPublic => {
            let config = aws_sdk_ecrpublic::config::Builder::from(config);
            let config = config.region(region).credentials_provider(credentials).build();
            let sent = aws_sdk_ecrpublic::Client::from_conf(config).get_authorization_token().send();
            let CallResponse { answer, request } = observe(observer, call, sent).await?;
            let data = answer.authorization_data;
            (data.map(|data| (data.authorization_token, data.expires_at)).unwrap_or_default(), request)
        }
    };
    let expires = expires.and_then(|time| SystemTime::try_from(time).ok());
    let malformed = |message: &str| FailedCall { kind: AwsErrorKind::MalformedToken, message: message.into() };
    let token = token.ok_or_else(|| malformed("the answer has no token"))?;
    let (username, password) = decode(&Zeroizing::new(token)).map_err(malformed)?;
    Ok(RegistryToken { username, password, expires, requests: Vec::from_iter(request) })
}

/// The AWS endpoints of at least this variant; an endpoint in the operator's settings takes
/// precedence (L8).
#[derive(Debug)]
struct EndpointResolver(EndpointVariant);

/// The requirements on an endpoint contradict each other. The SDK reports this in the same form as
/// an unreachable service.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct EndpointError(String);

impl ResolveEndpoint for EndpointResolver {
    fn resolve_endpoint<'a>(&'a self, params: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::new(async move {
            let variant_params;
            let params = if params.endpoint().is_some() {
                params
            } else {
                variant_params = self.with_variant(params)?;
                &variant_params
            };
            let endpoint = DefaultResolver::new().resolve_endpoint(params).await;
            endpoint.map_err(|error| EndpointError(error.to_string()).into())
        })
    }
}

impl EndpointResolver {
    fn with_variant(&self, params: &Params) -> Result<Params, InvalidParams> {
        Params::builder()
            .set_region(params.region().map(str::to_owned))
            .set_use_fips(Some(self.0.fips || params.use_fips().unwrap_or_default()))
            .set_use_dual_stack(Some(self.0.dual_stack || params.use_dual_stack().unwrap_or_default()))
            .build()
    }
}

/// The failure with its kind corrected if the endpoint could not be resolved.
fn with_endpoint_error(failed: FailedCall) -> FailedCall {
    let first: &(dyn Error + 'static) = &*failed.message;
    let cause = successors(Some(first), |error| (*error).source()).find(|error| error.is::<EndpointError>());
    match cause.map(ToString::to_string) {
        Some(message) => FailedCall { kind: AwsErrorKind::NoEndpoint, message: message.into() },
        None => failed,
    }
}

/// Decodes a token: base64 of the user name, a colon and the password (D2).
fn decode(token: &str) -> Result<(Secret, Secret), &'static str> {
    // The buffer does not grow, because growing would leave a copy of the token in memory.
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(token.len())]);
    let length = STANDARD.decode_slice(token, &mut bytes).map_err(|_| "the token is not base64")?;
    let text = std::str::from_utf8(&bytes[..length]).map_err(|_| "the token is not text")?;
    let (username, password) = text.split_once(':').ok_or("the token has no colon between user name and password")?;
    if username.is_empty() || password.is_empty() {
        return Err("the token has no user name or no password");
    }
    Ok((Secret::new(username.to_owned()), Secret::new(password.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::{STANDARD, decode};
    use base64::Engine as _;
    use proptest::prelude::*;

    #[test]
    fn a_malformed_token_is_refused_with_the_reason() {
        let table = [
            ("hunter2!", "the token is not base64"),
            (&STANDARD.encode(b"\xff:hunter2"), "the token is not text"),
            (&STANDARD.encode("hunter2"), "the token has no colon between user name and password"),
            (&STANDARD.encode(":hunter2"), "the token has no user name or no password"),
            (&STANDARD.encode("AWS:"), "the token has no user name or no password"),
            ("", "the token has no colon between user name and password"),
        ];
        for (token, reason) in table {
            assert_eq!(decode(token).unwrap_err(), reason, "{token}");
        }
    }

    proptest! {
        #[test]
        #[expect(clippy::disallowed_methods, reason = "the token is the test's own")]
        fn a_token_is_divided_at_its_first_colon(username in "[^:]+", password in ".+") {
            let decoded = decode(&STANDARD.encode(format!("{username}:{password}"))).unwrap();
            prop_assert_eq!((decoded.0.expose(), decoded.1.expose()), (&*username, &*password));
        }

        #[test]
        fn no_text_makes_the_decoder_panic(token in ".*", bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(&token);
            let _ = decode(&STANDARD.encode(bytes));
        }
    }
}
