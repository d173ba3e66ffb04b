//! Combines reads of secrets: those that one identity requests in one Region at the same time
//! become one `BatchGetSecretValue`.
//!
//! A batch only saves calls. A secret that it does not return, for whatever reason, is read
//! individually, and that read reports the error. After a denial no batch is requested as that
//! identity again.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_config::Region;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::aws::{AwsErrorKind, SecretVersion, secret_reader::SecretReader};
use crate::identity::Identity;
use crate::sync::Mutex;
use crate::task::CredentialsParameter;

/// The maximum number of secrets in one call (API reference, `SecretIdList`).
const MAX_SECRETS: usize = 20;

/// How long a batch waits for more reads.
const WINDOW: Duration = Duration::from_millis(2);

type BatchKey = (Identity, Region);

/// The reads that wait for a batch.
#[derive(Debug, Default)]
pub(crate) struct SecretBatcher {
    pending: Mutex<HashMap<BatchKey, Vec<PendingRead>>>,
    without_permission: Mutex<HashSet<Identity>>,
}

#[derive(Debug)]
struct PendingRead {
    secret: CredentialsParameter,
    result: oneshot::Sender<SecretVersion>,
}

impl SecretBatcher {
    /// Returns the secret if a batch contains it. The first caller to resume after the window sends
    /// the batch for all that wait; if that caller is cancelled, the others read their secrets
    /// individually.
    pub(crate) async fn read(
        &self,
        reader: &SecretReader<'_>,
        identity: &Identity,
        region: &Region,
        secret: &CredentialsParameter,
    ) -> Option<SecretVersion> {
        if self.without_permission.lock().contains(identity) {
            return None;
        }
        let key = (identity.clone(), region.clone());
        let (sender, mut receiver) = oneshot::channel();
        let read = PendingRead { secret: secret.clone(), result: sender };
        self.pending.lock().entry(key.clone()).or_default().push(read);
        tokio::time::sleep(WINDOW).await;
        match receiver.try_recv() {
            Ok(version) => return Some(version),
            Err(TryRecvError::Closed) => return None,
            Err(TryRecvError::Empty) => {}
        }
        let reads = self.take(&key);
        if reads.len() > 1 {
            self.send(reader, identity, reads).await;
        } else {
            drop(reads);
        }
        receiver.await.ok()
    }

    /// Takes the waiting reads, up to the limit of a call. A cancelled read does not count.
    fn take(&self, key: &BatchKey) -> Vec<PendingRead> {
        let mut pending = self.pending.lock();
        let Some(reads) = pending.get_mut(key) else { return Vec::new() };
        reads.retain(|read| !read.result.is_closed());
        let batch = reads.drain(..reads.len().min(MAX_SECRETS)).collect();
        if reads.is_empty() {
            pending.remove(key);
        }
        batch
    }

    async fn send(&self, reader: &SecretReader<'_>, identity: &Identity, reads: Vec<PendingRead>) {
        tracing::debug!(secrets = reads.len(), identity = identity.name(), "reading a batch of secrets");
        let ids = reads.iter().map(|read| read.secret.as_str().to_owned()).collect();
        match reader.read_batch(ids).await {
            Ok(mut batch) => {
                for PendingRead { secret, result } in reads {
                    if let Some(version) = batch.take(&secret) {
                        // The caller may have been cancelled in the meantime.
                        let _ = result.send(version);
                    }
                }
            }
            Err(failed) => {
                if matches!(failed.kind, AwsErrorKind::Denied | AwsErrorKind::SecretKeyDenied) {
                    tracing::info!(
                        identity = identity.name(),
                        "BatchGetSecretValue is not allowed; reading secrets one by one"
                    );
                    self.without_permission.lock().insert(identity.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_SECRETS, PendingRead, Region, SecretBatcher};
    use crate::identity::Identity;
    use crate::task::CredentialsParameter;
    use tokio::sync::oneshot;

    #[test]
    fn cancelled_reads_take_no_place_in_a_batch() {
        let batcher = SecretBatcher::default();
        let key = (Identity::Host, Region::new("eu-west-1"));
        let mut receivers = Vec::new();
        let mut pending = Vec::new();
        for number in 0..2 * MAX_SECRETS {
            let (result, receiver) = oneshot::channel();
            let secret = CredentialsParameter::parse(&format!("prod/{number}")).unwrap();
            pending.push(PendingRead { secret, result });
            // Every other receiver is dropped at once.
            receivers.extend((number % 2 == 1).then_some(receiver));
        }
        batcher.pending.lock().insert(key.clone(), pending);
        let batch = batcher.take(&key);
        assert_eq!(batch.len(), MAX_SECRETS);
        assert!(batch.iter().all(|read| !read.result.is_closed()));
        assert!(batcher.pending.lock().is_empty());
    }
}
