//! The meaning of error codes: those that all services share, and each service's own.
//!
//! The messages are for people and may change, so they are matched only where one code has several
//! meanings, and by whole phrases: the names of secrets and roles may contain the same words.

use crate::aws::{AwsErrorKind, AwsService};

/// The meaning of an answer with an error.
pub(super) fn classify(service: AwsService, status: u16, code: &str, message: &str) -> AwsErrorKind {
    common(status, code, message).unwrap_or_else(|| match service {
        AwsService::SecretsManager => secrets_manager(code, message),
        AwsService::Kms => kms(code, message),
        AwsService::Sts => sts(code),
        AwsService::Ecs => ecs(code),
        AwsService::Ecr | AwsService::EcrPublic => denied_or_other(code),
    })
}

/// The errors common to all services (each API reference's "Common Errors"; STS names some of them
/// without `Exception`).
fn common(status: u16, code: &str, message: &str) -> Option<AwsErrorKind> {
    let is_about_time = ["expired", "not yet current"].iter().any(|word| message.to_ascii_lowercase().contains(word));
    match code.strip_suffix("Exception").unwrap_or(code) {
        "Throttling" | "TooManyRequests" | "RequestLimitExceeded" | "RequestThrottled" => Some(AwsErrorKind::Throttled),
        "RequestExpired" | "RequestTimeTooSkewed" => Some(AwsErrorKind::ClockSkew),
        "InvalidSignature" | "SignatureDoesNotMatch" if is_about_time => Some(AwsErrorKind::ClockSkew),
        "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => Some(AwsErrorKind::IdentityRejected),
        _ if status == 429 => Some(AwsErrorKind::Throttled),
        // No AWS service redirects a request: the answer is that of a gateway on the path to it.
        _ if status >= 500 || (300..400).contains(&status) => Some(AwsErrorKind::Unavailable),
        _ => None,
    }
}

/// Secrets Manager (API reference, "Errors" of each operation). It mentions KMS in several ways.
fn secrets_manager(code: &str, message: &str) -> AwsErrorKind {
    let message = message.to_ascii_lowercase();
    let mentions = |phrase: &str| message.contains(phrase);
    match code {
        "ResourceNotFoundException" if mentions("staging label: awscurrent") => AwsErrorKind::NoCurrentVersion,
        "ResourceNotFoundException" if mentions("staging label") => AwsErrorKind::NoStagedVersion,
        "ResourceNotFoundException" => AwsErrorKind::NotFound,
        "InvalidRequestException"
            if ["marked for deletion", "marked deleted", "scheduled for deletion"].into_iter().any(mentions) =>
        {
            AwsErrorKind::MarkedForDeletion
        }
        "InvalidRequestException" if mentions("default kms") => AwsErrorKind::DefaultKey,
        "AccessDeniedException"
            if ["access to kms", "perform: kms:", "customer master key", "ciphertext refers to"]
                .into_iter()
                .any(mentions) =>
        {
            AwsErrorKind::SecretKeyDenied
        }
        "DecryptionFailure" | "DecryptionFailureException" => AwsErrorKind::Undecryptable,
        "EncryptionFailure" | "EncryptionFailureException" => AwsErrorKind::EncryptionFailed,
        "ResourceExistsException" => AwsErrorKind::AlreadyExists,
        "LimitExceededException" => AwsErrorKind::LimitExceeded,
        _ => denied_or_other(code),
    }
}

/// KMS `Decrypt` and `Encrypt` (API reference, "Errors"; M2).
fn kms(code: &str, message: &str) -> AwsErrorKind {
    let may_be_elsewhere = || message.to_ascii_lowercase().contains("does not exist in this region");
    match code {
        "InvalidCiphertextException" => AwsErrorKind::CiphertextMismatch,
        "IncorrectKeyException" => AwsErrorKind::WrongKey,
        "DisabledException" => AwsErrorKind::KeyDisabled,
        "NotFoundException" => AwsErrorKind::NotFound,
        "KMSInvalidStateException" => AwsErrorKind::KeyBadState,
        "InvalidKeyUsageException" => AwsErrorKind::KeyBadUsage,
        "AccessDeniedException" if may_be_elsewhere() => AwsErrorKind::KeyDeniedOrElsewhere,
        _ => denied_or_other(code),
    }
}

/// STS `AssumeRole` (API reference, "Errors"). Only a denial says something about the role's trust
/// policy.
fn sts(code: &str) -> AwsErrorKind {
    match code {
        "RegionDisabledException" | "RegionDisabled" => AwsErrorKind::RoleRegionDisabled,
        _ => denied_or_other(code),
    }
}

fn ecs(code: &str) -> AwsErrorKind {
    match code {
        "ClusterNotFoundException" => AwsErrorKind::NotFound,
        _ => denied_or_other(code),
    }
}

fn denied_or_other(code: &str) -> AwsErrorKind {
    match code {
        "AccessDeniedException" | "AccessDenied" => AwsErrorKind::Denied,
        _ => AwsErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::classify;
    use crate::aws::AwsErrorKind as Kind;
    use crate::aws::AwsService::{self, Ecr, EcrPublic, Ecs, Kms, SecretsManager, Sts};

    fn assert_table(service: AwsService, table: &[(u16, &str, &str, Kind)]) {
        for (status, code, message, kind) in table {
            assert_eq!(classify(service, *status, code, message), *kind, "{code} {message}");
        }
    }

    #[test]
    fn common_errors_mean_the_same_for_every_service() {
        let table = [
            (400, "ThrottlingException", "Rate exceeded", Kind::Throttled),
            (400, "Throttling", "Rate exceeded", Kind::Throttled),
            (429, "no error code", "", Kind::Throttled),
            (
                400,
                "InvalidSignatureException",
                "Signature expired: 20260101T000000Z is now earlier than …",
                Kind::ClockSkew,
            ),
            (403, "SignatureDoesNotMatch", "Signature not yet current: …", Kind::ClockSkew),
            (
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match",
                Kind::IdentityRejected,
            ),
            (400, "UnrecognizedClientException", "The security token … is invalid.", Kind::IdentityRejected),
            (403, "InvalidClientTokenId", "The security token … is invalid.", Kind::IdentityRejected),
            (400, "ExpiredTokenException", "The security token … is expired", Kind::IdentityRejected),
            (503, "no error code", "", Kind::Unavailable),
            (302, "no error code", "", Kind::Unavailable),
            (400, "InternalServiceError", "", Kind::Other),
            (500, "InternalServiceError", "", Kind::Unavailable),
            (403, "AccessDenied", "", Kind::Denied),
        ];
        for service in [SecretsManager, Kms, Sts, Ecr, EcrPublic, Ecs] {
            assert_table(service, &table);
        }
    }

    #[test]
    fn messages_of_secrets_manager_decide_where_the_code_does_not() {
        let not_found = "Secrets Manager can't find the specified secret";
        let label = |label: &str| format!("{not_found} value for staging label: {label}");
        let deleted = "You can't perform this operation on the secret because it was marked for deletion.";
        let default_key = "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.";
        let denied = "User: arn:aws:iam::111122223333:role/kms is not authorized to perform: secretsmanager:GetSecretValue on resource: kms-team/hub because …";
        assert_table(
            SecretsManager,
            &[
                (400, "ResourceNotFoundException", not_found, Kind::NotFound),
                (400, "ResourceNotFoundException", &label("AWSCURRENT"), Kind::NoCurrentVersion),
                (400, "ResourceNotFoundException", &label("AWSPENDING"), Kind::NoStagedVersion),
                (400, "InvalidRequestException", deleted, Kind::MarkedForDeletion),
                (400, "InvalidRequestException", default_key, Kind::DefaultKey),
                (400, "AccessDeniedException", denied, Kind::Denied),
                (
                    400,
                    "AccessDeniedException",
                    "The ciphertext refers to a customer master key that …",
                    Kind::SecretKeyDenied,
                ),
                (400, "AccessDeniedException", "Access to KMS is not allowed", Kind::SecretKeyDenied),
                (400, "DecryptionFailure", "", Kind::Undecryptable),
                (400, "ResourceExistsException", "", Kind::AlreadyExists),
                (400, "LimitExceededException", "", Kind::LimitExceeded),
                (400, "EncryptionFailure", "", Kind::EncryptionFailed),
                (400, "ValidationException", "", Kind::Other),
            ],
        );
    }

    #[test]
    fn codes_of_kms_are_distinguished() {
        let elsewhere = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.";
        let denied = "User: … is not authorized to perform: kms:Decrypt on …";
        assert_table(
            Kms,
            &[
                (400, "InvalidCiphertextException", "", Kind::CiphertextMismatch),
                (400, "IncorrectKeyException", "", Kind::WrongKey),
                (400, "DisabledException", "arn:… is disabled.", Kind::KeyDisabled),
                (400, "NotFoundException", "Key 'arn:…' does not exist", Kind::NotFound),
                (400, "KMSInvalidStateException", "arn:… is pending deletion.", Kind::KeyBadState),
                (400, "InvalidKeyUsageException", "", Kind::KeyBadUsage),
                (400, "AccessDeniedException", denied, Kind::Denied),
                (400, "AccessDeniedException", elsewhere, Kind::KeyDeniedOrElsewhere),
                (400, "ValidationException", "", Kind::Other),
            ],
        );
    }

    proptest! {
        #[test]
        fn every_answer_has_a_meaning(status in 100_u16..1_000, code in ".*", message in ".*") {
            for service in [SecretsManager, Kms, Sts, Ecr, EcrPublic, Ecs] {
                classify(service, status, &code, &message);
            }
        }

        #[test]
        fn a_server_error_is_never_taken_for_a_refusal(status in 500_u16..600, code in "[A-Z][a-z]{2,12}Failure") {
            prop_assert_eq!(classify(SecretsManager, status, &code, ""), Kind::Unavailable);
        }
    }
}
