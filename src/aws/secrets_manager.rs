//! `GetSecretValue`: the call, and what its refusals mean.
#![expect(clippy::disallowed_types, reason = "the credentials of one call, on their way into it")]

use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Config;
use aws_sdk_secretsmanager::primitives::Blob;

use crate::aws::call::{CallResponse, call};
use crate::aws::sdk_error::{CallErrorKind, FailedCall, ServiceError};
use crate::aws::{CredentialObserver, SecretFault};
use crate::credential::{SecretValue, SecretVersion};
use crate::secret::{Secret, SecretBytes};
use crate::task::CredentialsParameter;

/// Reads the version with a staging label; none is `AWSCURRENT` (A21).
pub(crate) async fn get_secret_value(
    (client, watch): (&Client, &dyn CredentialObserver),
    credentials: Credentials,
    secret: &CredentialsParameter,
    stage: Option<&str>,
) -> Result<SecretVersion, (SecretFault, ServiceError)> {
    let sent = client
        .get_secret_value()
        .secret_id(secret.as_str())
        .set_version_stage(stage.map(str::to_owned))
        .customize()
        .config_override(Config::builder().credentials_provider(credentials))
        .send();
    let answer = call(watch, ("SecretsManager", "GetSecretValue"), sent).await;
    let answer = answer.map_err(|FailedCall { meaning, said }| (fault(&meaning), said));
    let CallResponse { answer, request } = answer?;
    // What is not said to be this secret is not shown to its registry.
    let (Some(arn), Some(version_id)) = (answer.arn, answer.version_id.filter(|id| !id.is_empty())) else {
        return Err((SecretFault::Unavailable, "the answer says no ARN or no version".into()));
    };
    if !is_of(secret, &arn, answer.name.as_deref()) {
        return Err((SecretFault::Unavailable, format!("the answer is another secret: {arn}").into()));
    }
    let value = match answer.secret_string {
        Some(text) => SecretValue::Text(Secret::new(text)),
        None => SecretValue::Binary(SecretBytes::new(answer.secret_binary.map(Blob::into_inner).unwrap_or_default())),
    };
    Ok(SecretVersion { arn, version_id, stage: stage.map(str::to_owned), requests: Vec::from_iter(request), value })
}

/// Whether this is the secret that was asked for by ARN, partial ARN or name.
pub(crate) fn is_of(asked: &CredentialsParameter, arn: &str, name: Option<&str>) -> bool {
    match asked {
        CredentialsParameter::Name(asked) => name == Some(asked.as_str()),
        CredentialsParameter::Arn(asked) => {
            let random = arn.strip_prefix(asked.as_str()).and_then(|rest| rest.strip_prefix('-'));
            arn == asked.as_str() || random.is_some_and(|random| random.len() == 6)
        }
    }
}

pub(crate) fn fault(meaning: &CallErrorKind) -> SecretFault {
    match meaning {
        CallErrorKind::Unavailable => SecretFault::Unavailable,
        CallErrorKind::Throttled => SecretFault::Throttled,
        CallErrorKind::TimedOut => SecretFault::TimedOut,
        CallErrorKind::IdentityRejected => SecretFault::IdentityRejected,
        CallErrorKind::ClockSkew => SecretFault::ClockSkew,
        CallErrorKind::Answer { code, message } => answered(code, message),
    }
}

/// `GetSecretValue`'s own errors (API reference, "Errors"). The service says "KMS" in
/// several ways, and secrets and roles may have it in their names: hence whole phrases.
fn answered(code: &str, message: &str) -> SecretFault {
    let message = message.to_ascii_lowercase();
    let mentions = |phrase: &str| message.contains(phrase);
    match code {
        "ResourceNotFoundException" if mentions("staging label: awscurrent") => SecretFault::NoCurrentVersion,
        "ResourceNotFoundException" if mentions("staging label") => SecretFault::NoStagedVersion,
        "ResourceNotFoundException" => SecretFault::Absent,
        "InvalidRequestException"
            if ["marked for deletion", "marked deleted", "scheduled for deletion"].into_iter().any(mentions) =>
        {
            SecretFault::MarkedForDeletion
        }
        "InvalidRequestException" if mentions("default kms") => SecretFault::DefaultKey,
        "AccessDeniedException" if mentions("access to kms") || mentions("perform: kms:") => SecretFault::KeyDenied,
        "AccessDeniedException" | "AccessDenied" => SecretFault::Denied,
        "DecryptionFailure" | "DecryptionFailureException" => SecretFault::Undecryptable,
        _ => SecretFault::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{SecretFault, answered};

    #[test]
    fn refusals_are_told_apart() {
        let table = [
            ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.", SecretFault::Absent),
            (
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
                SecretFault::NoCurrentVersion,
            ),
            (
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret value for staging label: AWSPENDING",
                SecretFault::NoStagedVersion,
            ),
            (
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
                SecretFault::MarkedForDeletion,
            ),
            (
                "InvalidRequestException",
                "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
                SecretFault::DefaultKey,
            ),
            (
                "AccessDeniedException",
                "User: arn:aws:iam::111122223333:role/kms is not authorized to perform: secretsmanager:GetSecretValue on resource: kms-team/hub because …",
                SecretFault::Denied,
            ),
            ("AccessDeniedException", "Access to KMS is not allowed", SecretFault::KeyDenied),
            ("DecryptionFailure", "", SecretFault::Undecryptable),
            ("ValidationException", "", SecretFault::Other),
        ];
        for (code, message, fault) in table {
            assert_eq!(answered(code, message), fault, "{code} {message}");
        }
    }
}
