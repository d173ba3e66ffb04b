//! `GetSecretValue`: the call, and what its refusals mean.

use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Config;

use super::said::{Failed, Said, failed};
use crate::credential::{SecretFault, SecretValue, SecretVersion};
use crate::secret::Secret;
use crate::task::CredentialsParameter;

/// Reads the version labelled `AWSCURRENT` (A21).
pub(super) async fn get_secret_value(
    client: &Client,
    credentials: Credentials,
    secret: &CredentialsParameter,
) -> Result<SecretVersion, (SecretFault, Said)> {
    let answer = client
        .get_secret_value()
        .secret_id(secret.as_str())
        .customize()
        .config_override(Config::builder().credentials_provider(credentials))
        .send()
        .await
        .map_err(|error| fault(failed(error)))?;
    let value = match answer.secret_string {
        Some(text) => SecretValue::Text(Secret::new(text)),
        None => SecretValue::Binary,
    };
    Ok(SecretVersion {
        arn: answer.arn.unwrap_or_else(|| secret.as_str().to_owned()),
        version_id: answer.version_id.unwrap_or_default(),
        value,
    })
}

fn fault(failed: Failed) -> (SecretFault, Said) {
    match failed {
        Failed::NoAnswer(said) => (SecretFault::Unavailable, said),
        Failed::TimedOut(said) => (SecretFault::TimedOut, said),
        Failed::Answered { status, code, message, said } => (answered(status, &code, &message), said),
    }
}

/// The table of `GetSecretValue`'s errors (API reference, "Errors" and "Common Errors").
fn answered(status: u16, code: &str, message: &str) -> SecretFault {
    let mentions = |word: &str| message.to_ascii_lowercase().contains(word);
    match code {
        "ResourceNotFoundException" if mentions("staging label") => SecretFault::NoCurrentVersion,
        "ResourceNotFoundException" => SecretFault::Absent,
        "InvalidRequestException" if mentions("deletion") || mentions("deleted") => SecretFault::MarkedForDeletion,
        // Another account's secret under the default key (A, "cross-account also needs").
        "InvalidRequestException" | "AccessDeniedException" if mentions("kms") => SecretFault::KeyDenied,
        "AccessDeniedException" | "AccessDenied" => SecretFault::Denied,
        "DecryptionFailure" => SecretFault::Undecryptable,
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            SecretFault::Throttled
        }
        "RequestExpired" | "RequestTimeTooSkewed" => SecretFault::ClockSkew,
        "InvalidSignatureException" | "SignatureDoesNotMatch" if mentions("expired") || mentions("not yet current") => {
            SecretFault::ClockSkew
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => SecretFault::IdentityRejected,
        _ if status == 429 => SecretFault::Throttled,
        _ if status >= 500 => SecretFault::Unavailable,
        _ => SecretFault::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{SecretFault, answered};

    #[test]
    fn refusals_are_told_apart() {
        let table = [
            (400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.", SecretFault::Absent),
            (
                400,
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
                SecretFault::NoCurrentVersion,
            ),
            (
                400,
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
                SecretFault::MarkedForDeletion,
            ),
            (
                400,
                "InvalidRequestException",
                "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
                SecretFault::KeyDenied,
            ),
            (400, "AccessDeniedException", "User: x is not authorized to perform: …", SecretFault::Denied),
            (400, "AccessDeniedException", "Access to KMS is not allowed", SecretFault::KeyDenied),
            (400, "DecryptionFailure", "", SecretFault::Undecryptable),
            (400, "ThrottlingException", "Rate exceeded", SecretFault::Throttled),
            (
                400,
                "InvalidSignatureException",
                "Signature expired: 20260101T000000Z is now earlier than …",
                SecretFault::ClockSkew,
            ),
            (
                400,
                "InvalidSignatureException",
                "The request signature we calculated does not match",
                SecretFault::IdentityRejected,
            ),
            (
                400,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
                SecretFault::IdentityRejected,
            ),
            (429, "no error code", "", SecretFault::Throttled),
            (503, "no error code", "", SecretFault::Unavailable),
            (400, "ValidationException", "", SecretFault::Other),
        ];
        for (status, code, message, fault) in table {
            assert_eq!(answered(status, code, message), fault, "{code} {message}");
        }
    }
}
