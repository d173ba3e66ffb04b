//! `BatchGetSecretValue`: secrets that one identity wants of one Region at the same moment,
//! in one call.
//!
//! A batch is a short cut and never an answer of its own: a secret that it does not bring,
//! for whatever reason, is read singly, and that read says what is wrong. An identity
//! without the permission is not asked for a batch again.
#![expect(clippy::disallowed_types, reason = "the credentials of one call, on their way into it")]

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Config;
use aws_sdk_secretsmanager::types::SecretValueEntry;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::aws::call::{CallResponse, call};
use crate::aws::sdk_error::{CallErrorKind, FailedCall};
use crate::aws::secrets_manager::is_of;
use crate::aws::{AwsRequest, CredentialObserver};
use crate::credential::{SecretValue, SecretVersion};
use crate::identity::Identity;
use crate::secret::Secret;
use crate::task::CredentialsParameter;

/// Secrets in one call (API reference, `SecretIdList`).
const MOST: usize = 20;

/// How long others may join a batch.
const WINDOW: Duration = Duration::from_millis(2);

/// The secrets that wait to be asked for together.
#[derive(Debug, Default)]
pub(crate) struct SecretBatcher {
    waiting: Mutex<HashMap<(Identity, Region), Vec<PendingRead>>>,
    without_permission: Mutex<HashSet<Identity>>,
}

#[derive(Debug)]
struct PendingRead {
    secret: CredentialsParameter,
    answer: oneshot::Sender<SecretVersion>,
}

impl SecretBatcher {
    /// The secret, if a batch brings it. Whoever resumes first takes all that wait with it;
    /// should that one be given up, the others are on their own.
    pub(crate) async fn get(
        &self,
        service: (&Client, &dyn CredentialObserver),
        credentials: &Credentials,
        identity: &Identity,
        region: &Region,
        secret: &CredentialsParameter,
    ) -> Option<SecretVersion> {
        if self.without_permission.lock().unwrap_or_else(PoisonError::into_inner).contains(identity) {
            return None;
        }
        let key = (identity.clone(), region.clone());
        let (answer, mut mine) = oneshot::channel();
        let waiting = PendingRead { secret: secret.clone(), answer };
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default().push(waiting);
        tokio::time::sleep(WINDOW).await;
        match mine.try_recv() {
            Ok(version) => return Some(version),
            Err(TryRecvError::Closed) => return None,
            Err(TryRecvError::Empty) => {}
        }
        let batch = self.take(&key);
        if batch.len() > 1 {
            self.ask(service, credentials, identity, batch).await;
        } else {
            drop(batch);
        }
        mine.await.ok()
    }

    /// Takes those who wait, up to a call's fill. Whoever has been given up meanwhile has no
    /// use for an answer and takes nobody's place in the call.
    fn take(&self, key: &(Identity, Region)) -> Vec<PendingRead> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(list) = waiting.get_mut(key) else { return Vec::new() };
        list.retain(|waiting| !waiting.answer.is_closed());
        let batch = list.drain(..list.len().min(MOST)).collect();
        if list.is_empty() {
            waiting.remove(key);
        }
        batch
    }

    async fn ask(
        &self,
        (client, watch): (&Client, &dyn CredentialObserver),
        credentials: &Credentials,
        identity: &Identity,
        batch: Vec<PendingRead>,
    ) {
        tracing::debug!(secrets = batch.len(), identity = identity.name(), "reading a batch");
        let ids = batch.iter().map(|waiting| waiting.secret.as_str().to_owned()).collect();
        let sent = client
            .batch_get_secret_value()
            .set_secret_id_list(Some(ids))
            .customize()
            .config_override(Config::builder().credentials_provider(credentials.clone()))
            .send();
        match call(watch, ("SecretsManager", "BatchGetSecretValue"), sent).await {
            Ok(CallResponse { answer, request }) => {
                let mut entries = answer.secret_values.unwrap_or_default();
                for PendingRead { secret, answer } in batch {
                    let at = entries.iter().position(|entry| is_entry_of(entry, &secret));
                    if let Some(version) = at.and_then(|at| version(entries.swap_remove(at), request.as_ref())) {
                        // Whoever waited may have been given up.
                        let _ = answer.send(version);
                    }
                }
            }
            Err(FailedCall { meaning, .. }) => {
                if matches!(meaning, CallErrorKind::Answer { code, .. } if code == "AccessDeniedException") {
                    tracing::info!(identity = identity.name(), "no permission for batches: reading singly");
                    let mut without = self.without_permission.lock().unwrap_or_else(PoisonError::into_inner);
                    without.insert(identity.clone());
                }
            }
        }
    }
}

/// Whether an entry is the secret that was asked for. In a batch there are others, and the one
/// whose name is this secret's with its random part must not be taken for it.
fn is_entry_of(entry: &SecretValueEntry, asked: &CredentialsParameter) -> bool {
    let is_full = matches!(asked, CredentialsParameter::Arn(arn) if arn.ends_like_a_full_arn());
    entry.arn().is_some_and(|arn| arn == asked.as_str() || (!is_full && is_of(asked, arn, entry.name())))
}

fn version(entry: SecretValueEntry, request: Option<&AwsRequest>) -> Option<SecretVersion> {
    let value = entry.secret_string.map(|text| SecretValue::Text(Secret::new(text)))?;
    let requests = request.cloned().into_iter().collect();
    Some(SecretVersion { arn: entry.arn?, version_id: entry.version_id?, stage: None, requests, value })
}

#[cfg(test)]
mod tests {
    use super::{MOST, PendingRead, Region, SecretBatcher, SecretValueEntry, is_entry_of};
    use crate::identity::Identity;
    use crate::task::CredentialsParameter;
    use tokio::sync::oneshot;

    #[test]
    fn those_who_were_given_up_take_nobodys_place_in_a_batch() {
        let batches = SecretBatcher::default();
        let key = (Identity::Host, Region::new("eu-west-1"));
        let mut there = Vec::new();
        let mut waiting = Vec::new();
        for at in 0..2 * MOST {
            let (answer, mine) = oneshot::channel();
            waiting.push(PendingRead { secret: CredentialsParameter::parse(&format!("prod/{at}")).unwrap(), answer });
            // Every second one is given up at once.
            there.extend((at % 2 == 1).then_some(mine));
        }
        batches.waiting.lock().unwrap().insert(key.clone(), waiting);
        let taken = batches.take(&key);
        assert_eq!(taken.len(), MOST);
        assert!(taken.iter().all(|waiting| !waiting.answer.is_closed()));
        assert!(batches.waiting.lock().unwrap().is_empty());
    }

    #[test]
    fn a_secret_called_like_anothers_arn_is_not_taken_for_it() {
        let arn = |end: &str| format!("arn:aws:secretsmanager:eu-west-1:111122223333:secret:{end}");
        let entry = SecretValueEntry::builder().arn(arn("hub-Ab12Cd-Ef34Gh")).name("hub-Ab12Cd").build();
        let is = |asked: &str| is_entry_of(&entry, &CredentialsParameter::parse(asked).unwrap());
        assert!(!is(&arn("hub-Ab12Cd")) && !is(&arn("hub")) && !is("hub"));
        assert!(is(&arn("hub-Ab12Cd-Ef34Gh")) && is("hub-Ab12Cd"));
    }
}
