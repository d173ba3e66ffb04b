//! `GetSecretValue`, `BatchGetSecretValue` and `ListSecrets`: the calls, and the check that an answer is the
//! secret that was requested.
#![expect(clippy::disallowed_types, reason = "the credentials of these calls")]

use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Builder, Config};
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry, SecretValueEntry};

use crate::aws::{
    AwsCall, AwsRequest, CallObserver, ListedSecret, SecretValue, SecretVersion, observed_call::CallResponse,
    observed_call::observe, sdk_error::FailedCall,
};
use crate::secret::{Secret, SecretBytes};
use crate::task::{CredentialsParameter, SecretArn};

/// The longest page of `ListSecrets` (API reference, `MaxResults`).
const PAGE: i32 = 100;

/// Reads secrets of one Region as one identity.
pub(crate) struct SecretReader<'a> {
    pub client: Client,
    pub credentials: Credentials,
    pub observer: &'a dyn CallObserver,
}

/// The entries of a batch that have not been taken yet.
pub(crate) struct SecretBatch {
    entries: Vec<SecretValueEntry>,
    request: Option<AwsRequest>,
}

impl SecretReader<'_> {
    /// Reads the version with a staging label; `None` is `AWSCURRENT` (A21).
    pub(crate) async fn read(
        &self,
        secret: &CredentialsParameter,
        stage: Option<&str>,
    ) -> Result<SecretVersion, FailedCall> {
        let sent = self
            .client
            .get_secret_value()
            .secret_id(secret.as_str())
            .set_version_stage(stage.map(str::to_owned))
            .customize()
            .config_override(self.config())
            .send();
        let CallResponse { answer, request } = observe(self.observer, AwsCall::GetSecretValue, sent).await?;
        // A value whose secret is not known must not be sent to that secret's registry.
        let (Some(arn), Some(version_id)) = (answer.arn, answer.version_id.filter(|id| !id.is_empty())) else {
            return Err(FailedCall::unavailable("the answer has no ARN or no version"));
        };
        if !is_requested(secret, &arn, answer.name.as_deref()) {
            return Err(FailedCall::unavailable(format!("the answer is another secret: {arn}")));
        }
        let value = match answer.secret_string {
            Some(text) => SecretValue::Text(Secret::new(text)),
            None => {
                SecretValue::Binary(SecretBytes::new(answer.secret_binary.map(Blob::into_inner).unwrap_or_default()))
            }
        };
        Ok(SecretVersion { arn, version_id, stage: stage.map(str::to_owned), requests: Vec::from_iter(request), value })
    }

    /// Reads the current versions of at most 20 secrets.
    pub(crate) async fn read_batch(&self, ids: Vec<String>) -> Result<SecretBatch, FailedCall> {
        let call = self.client.batch_get_secret_value().set_secret_id_list(Some(ids));
        let sent = call.customize().config_override(self.config()).send();
        let CallResponse { answer, request } = observe(self.observer, AwsCall::BatchGetSecretValue, sent).await?;
        Ok(SecretBatch { entries: answer.secret_values.unwrap_or_default(), request })
    }

    /// Lists secrets whose names begin with this text. One page has all with a name and its like.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<ListedSecret>, FailedCall> {
        let filter = Filter::builder().key(FilterNameStringType::Name).values(prefix).build();
        let call = self.client.list_secrets().filters(filter).max_results(PAGE);
        let sent = call.customize().config_override(self.config()).send();
        let CallResponse { answer, .. } = observe(self.observer, AwsCall::ListSecrets, sent).await?;
        let entries = answer.secret_list.unwrap_or_default().into_iter();
        let listed = |entry: SecretListEntry| {
            let arn = SecretArn::parse(entry.arn.as_deref()?).ok()?;
            Some(ListedSecret { arn, name: entry.name?, primary_region: entry.primary_region })
        };
        Ok(entries.filter_map(listed).collect())
    }

    fn config(&self) -> Builder {
        Config::builder().credentials_provider(self.credentials.clone())
    }
}

impl SecretBatch {
    /// Takes the text secret that was requested by this parameter.
    pub(crate) fn take(&mut self, secret: &CredentialsParameter) -> Option<SecretVersion> {
        let index = self.entries.iter().position(|entry| is_requested_entry(secret, entry))?;
        let entry = self.entries.swap_remove(index);
        let value = SecretValue::Text(Secret::new(entry.secret_string?));
        let requests = self.request.iter().cloned().collect();
        Some(SecretVersion { arn: entry.arn?, version_id: entry.version_id?, stage: None, requests, value })
    }
}

/// Whether this is the secret that was requested by ARN, partial ARN or name.
fn is_requested(requested: &CredentialsParameter, arn: &str, name: Option<&str>) -> bool {
    match requested {
        CredentialsParameter::Name(requested) => name == Some(requested.as_str()),
        CredentialsParameter::Arn(requested) => {
            let random = arn.strip_prefix(requested.as_str()).and_then(|rest| rest.strip_prefix('-'));
            arn == requested.as_str() || random.is_some_and(|random| random.len() == 6)
        }
    }
}

/// The same for an entry of a batch. A batch contains other secrets; one whose name is the name and
/// random part of the requested secret is not that secret.
fn is_requested_entry(requested: &CredentialsParameter, entry: &SecretValueEntry) -> bool {
    let is_full = matches!(requested, CredentialsParameter::Arn(arn) if arn.ends_like_a_full_arn());
    entry.arn().is_some_and(|arn| arn == requested.as_str() || (!is_full && is_requested(requested, arn, entry.name())))
}

#[cfg(test)]
mod tests {
    use super::{SecretValueEntry, is_requested_entry};
    use crate::task::CredentialsParameter;

    #[test]
    fn a_secret_named_like_another_arn_is_not_taken_for_it() {
        let arn = |end: &str| format!("arn:aws:secretsmanager:eu-west-1:111122223333:secret:{end}");
        let entry = SecretValueEntry::builder().arn(arn("hub-Ab12Cd-Ef34Gh")).name("hub-Ab12Cd").build();
        let is = |requested: &str| is_requested_entry(&CredentialsParameter::parse(requested).unwrap(), &entry);
        assert!(!is(&arn("hub-Ab12Cd")) && !is(&arn("hub")) && !is("hub"));
        assert!(is(&arn("hub-Ab12Cd-Ef34Gh")) && is("hub-Ab12Cd"));
    }
}
