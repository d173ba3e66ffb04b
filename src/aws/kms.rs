//! `Decrypt` and `Encrypt`: the calls, and what their refusals mean (M2).
#![expect(clippy::disallowed_types, reason = "the credentials of one call, on their way into it")]

use std::collections::{BTreeMap, HashMap};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{Builder, Region};
use aws_sdk_kms::primitives::Blob;

use crate::aws::call::{CallResponse, call};
use crate::aws::sdk_error::{CallErrorKind, FailedCall, ServiceError};
use crate::aws::{AwsRequest, CredentialObserver, KeyFault};
use crate::credential::{Envelope, Sealed};
use crate::secret::SecretBytes;
use crate::secret_authoring::{Binding, Plaintext};

/// A client of one Region, for the calls of one identity.
pub(crate) fn client(config: &SdkConfig, region: Region, credentials: Credentials) -> Client {
    Client::from_conf(Builder::from(config).region(region).credentials_provider(credentials).build())
}

/// Decrypts. The SDK's buffer for the answer moves into the wrapping; its parser's copy
/// cannot be wiped.
pub(crate) async fn decrypt(
    client: &Client,
    watch: &dyn CredentialObserver,
    sealed: &Sealed,
) -> Result<(SecretBytes, Option<AwsRequest>), (KeyFault, ServiceError)> {
    let sent = client
        .decrypt()
        .ciphertext_blob(Blob::new(sealed.ciphertext.clone()))
        .set_key_id(sealed.key.as_ref().map(|key| key.as_str().to_owned()))
        .set_encryption_context(context(&sealed.context))
        .send();
    let CallResponse { answer, request } = call(watch, ("KMS", "Decrypt"), sent).await.map_err(refused)?;
    let plaintext = answer.plaintext.ok_or_else(without_answer)?;
    Ok((SecretBytes::new(plaintext.into_inner()), request))
}

/// Encrypts a text under a key. The SDK's copies of it cannot be wiped; the program ends
/// soon after.
pub(crate) async fn encrypt(
    client: &Client,
    watch: &dyn CredentialObserver,
    Binding { key, context: bound_to }: &Binding,
    Plaintext(text): &Plaintext,
) -> Result<Envelope, (KeyFault, ServiceError)> {
    #[expect(clippy::disallowed_methods, reason = "the text goes to KMS and nowhere else")]
    let plaintext = Blob::new(text.expose().as_bytes());
    let sent =
        client.encrypt().key_id(key.as_str()).plaintext(plaintext).set_encryption_context(context(bound_to)).send();
    let CallResponse { answer, .. } = call(watch, ("KMS", "Encrypt"), sent).await.map_err(refused)?;
    let ciphertext = answer.ciphertext_blob.ok_or_else(without_answer)?.into_inner();
    Ok(Envelope { key: key.clone(), ciphertext, context: bound_to.clone() })
}

fn context(pairs: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!pairs.is_empty()).then(|| pairs.clone().into_iter().collect())
}

fn without_answer() -> (KeyFault, ServiceError) {
    (KeyFault::Unavailable, "KMS answered without a result".into())
}

fn refused(FailedCall { meaning, said }: FailedCall) -> (KeyFault, ServiceError) {
    let fault = match meaning {
        CallErrorKind::Unavailable => KeyFault::Unavailable,
        CallErrorKind::Throttled => KeyFault::Throttled,
        CallErrorKind::TimedOut => KeyFault::TimedOut,
        CallErrorKind::IdentityRejected => KeyFault::IdentityRejected,
        CallErrorKind::ClockSkew => KeyFault::ClockSkew,
        CallErrorKind::Answer { code, message } => answered(&code, &message),
    };
    (fault, said)
}

/// The calls' own errors (API reference, "Errors").
fn answered(code: &str, message: &str) -> KeyFault {
    let is_anywhere = || message.to_ascii_lowercase().contains("does not exist in this region");
    match code {
        "InvalidCiphertextException" => KeyFault::Mismatch,
        "IncorrectKeyException" => KeyFault::WrongKey,
        "DisabledException" => KeyFault::Disabled,
        "NotFoundException" => KeyFault::Absent,
        "KMSInvalidStateException" => KeyFault::BadState,
        "InvalidKeyUsageException" => KeyFault::BadUsage,
        "AccessDeniedException" if is_anywhere() => KeyFault::DeniedOrElsewhere,
        "AccessDeniedException" => KeyFault::Denied,
        _ => KeyFault::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyFault, answered};

    #[test]
    fn refusals_are_told_apart() {
        let elsewhere = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.";
        let table = [
            ("InvalidCiphertextException", "", KeyFault::Mismatch),
            ("IncorrectKeyException", "", KeyFault::WrongKey),
            ("DisabledException", "arn:… is disabled.", KeyFault::Disabled),
            ("NotFoundException", "Key 'arn:…' does not exist", KeyFault::Absent),
            ("KMSInvalidStateException", "arn:… is pending deletion.", KeyFault::BadState),
            ("InvalidKeyUsageException", "", KeyFault::BadUsage),
            ("AccessDeniedException", "User: … is not authorized to perform: kms:Decrypt on …", KeyFault::Denied),
            ("AccessDeniedException", elsewhere, KeyFault::DeniedOrElsewhere),
            ("ValidationException", "", KeyFault::Other),
        ];
        for (code, message, fault) in table {
            assert_eq!(answered(code, message), fault, "{code} {message}");
        }
    }
}
