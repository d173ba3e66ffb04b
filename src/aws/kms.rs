//! The KMS calls `Decrypt` and `Encrypt`.
#![expect(clippy::disallowed_types, reason = "the credentials of these calls")]

use std::collections::{BTreeMap, HashMap};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{Builder, Region};
use aws_sdk_kms::primitives::Blob;

use crate::aws::{
    AwsCall, AwsRequest, CallObserver, observed_call::CallResponse, observed_call::observe, sdk_error::FailedCall,
};
use crate::secret::{Secret, SecretBytes};
use crate::task::KeyArn;

/// Calls KMS in one Region as one identity.
pub(crate) struct Kms<'a> {
    client: Client,
    observer: &'a dyn CallObserver,
}

impl<'a> Kms<'a> {
    pub(crate) fn new(
        config: &SdkConfig,
        region: Region,
        credentials: Credentials,
        observer: &'a dyn CallObserver,
    ) -> Self {
        let config = Builder::from(config).region(region).credentials_provider(credentials).build();
        Self { client: Client::from_conf(config), observer }
    }

    /// Decrypts a ciphertext. The buffer of the answer moves into the wrapper; the copy of the
    /// SDK's parser cannot be wiped.
    pub(crate) async fn decrypt(&self, ciphertext: &Ciphertext) -> Result<DecryptedBytes, FailedCall> {
        let sent = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(ciphertext.bytes.clone()))
            .set_key_id(ciphertext.key.as_ref().map(|key| key.as_str().to_owned()))
            .set_encryption_context(encryption_context(&ciphertext.context))
            .send();
        let CallResponse { answer, request } = observe(self.observer, AwsCall::Decrypt, sent).await?;
        let plaintext = answer.plaintext.ok_or_else(missing_result)?;
        Ok(DecryptedBytes { plaintext: SecretBytes::new(plaintext.into_inner()), request })
    }

    /// Encrypts a text. The SDK's copies of it cannot be wiped; the program ends soon afterwards.
    pub(crate) async fn encrypt(
        &self,
        key: &KeyArn,
        context: &BTreeMap<String, String>,
        plaintext: &Secret,
    ) -> Result<Vec<u8>, FailedCall> {
        #[expect(clippy::disallowed_methods, reason = "the text is sent to KMS and nowhere else")]
        let plaintext = Blob::new(plaintext.expose().as_bytes());
        let call = self.client.encrypt().key_id(key.as_str()).plaintext(plaintext);
        let sent = call.set_encryption_context(encryption_context(context)).send();
        let CallResponse { answer, .. } = observe(self.observer, AwsCall::Encrypt, sent).await?;
        Ok(answer.ciphertext_blob.ok_or_else(missing_result)?.into_inner())
    }
}

fn encryption_context(pairs: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!pairs.is_empty()).then(|| pairs.clone().into_iter().collect())
}

fn missing_result() -> FailedCall {
    FailedCall::unavailable("KMS answered without a result")
}

/// A ciphertext with all that KMS needs to decrypt it.
#[derive(Clone, Debug)]
pub struct Ciphertext {
    /// The key; `None` if only the ciphertext itself names it.
    pub key: Option<KeyArn>,
    /// The output of KMS, at most 6144 bytes.
    pub bytes: Vec<u8>,
    /// The encryption context to which the ciphertext is bound. Not secret: CloudTrail shows it.
    pub context: BTreeMap<String, String>,
}

/// The result of a decryption.
#[derive(Clone, Debug)]
pub struct DecryptedBytes {
    /// The plaintext that KMS returned.
    pub plaintext: SecretBytes,
    /// The call, if the service assigned it an id.
    pub request: Option<AwsRequest>,
}
