//! Credentials of an identity: the host's by the SDK's chain, an execution role's by
//! `AssumeRole` from the host's.
//!
//! They are asked for once however many secrets wait for them: all who wait share one
//! attempt and its answer. A failure is forgotten as soon as it is told, credentials
//! shortly before they expire.
#![expect(clippy::disallowed_types, reason = "the one place where an identity's credentials are kept")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::types::Credentials as StsCredentials;
use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::{Instant, timeout_at};

use super::host::Host;
use super::said::{Failed, Meaning, Said, failed};
use crate::credential::{SecretError, SecretFault};
use crate::identity::Identity;
use crate::task::{CredentialsParameter, RoleArn};

/// Credentials are renewed this long before they expire, so that a call that begins with
/// them also ends with them.
const AHEAD_OF_EXPIRY: Duration = Duration::from_mins(5);

/// The name under which an assumed role appears in CloudTrail.
const SESSION_NAME: &str = "taskpull";

type Attempt = Shared<BoxFuture<'static, Result<Credentials, Refused>>>;

/// The credentials of every identity that has asked so far.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    attempts: Mutex<HashMap<Identity, Attempt>>,
}

/// An identity has no credentials to ask with.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    identity: Identity,
    fault: SecretFault,
    said: Option<Arc<Said>>,
}

impl Refused {
    fn new(identity: &Identity, fault: SecretFault, said: Option<Said>) -> Self {
        Self { identity: identity.clone(), fault, said: said.map(Arc::new) }
    }

    /// The same, as the reason why a secret could not be read.
    pub(super) fn about(self, secret: &CredentialsParameter, region: &Region) -> SecretError {
        let error = SecretError::new(secret, &self.identity, self.fault).in_region(region);
        match self.said {
            Some(said) => error.saying(Box::new(SharedSaid(said))),
            None => error,
        }
    }
}

/// Several secrets can fail for the same reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct SharedSaid(Arc<Said>);

impl Sessions {
    /// Valid credentials of `identity`, by `end` at the latest. A role is assumed at the STS
    /// of the host's own Region, or of `region` where the host has none.
    pub(super) async fn credentials(
        &self,
        identity: &Identity,
        source: &Arc<Host>,
        config: &SdkConfig,
        region: &Region,
        end: Instant,
    ) -> Result<Credentials, Refused> {
        let late = |identity: &Identity, fault| Refused::new(identity, fault, Some("no answer in time".into()));
        let attempt = self.attempt(&Identity::Host, || host(Arc::clone(source), config.clone()).boxed());
        let host = timeout_at(end, attempt).await;
        let host = self.told(
            &Identity::Host,
            host.unwrap_or_else(|_| Err(late(&Identity::Host, SecretFault::HostIdentityFailed))),
        )?;
        let Identity::ExecutionRole(role) = identity else { return Ok(host) };
        let attempt = self.attempt(identity, || assume(role.clone(), host, config.clone(), region.clone()).boxed());
        let session = timeout_at(end, attempt).await;
        self.told(identity, session.unwrap_or_else(|_| Err(late(identity, SecretFault::RoleUnavailable))))
    }

    /// The attempt that is under way or has given credentials that are still fresh, or a new
    /// one.
    fn attempt(
        &self,
        identity: &Identity,
        begin: impl FnOnce() -> BoxFuture<'static, Result<Credentials, Refused>>,
    ) -> Attempt {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_stale = |attempt: &Attempt| matches!(attempt.peek(), Some(Ok(credentials)) if !is_fresh(credentials, SystemTime::now()));
        if attempts.get(identity).is_some_and(is_stale) {
            attempts.remove(identity);
        }
        attempts.entry(identity.clone()).or_insert_with(|| begin().shared()).clone()
    }

    fn told(&self, identity: &Identity, answer: Result<Credentials, Refused>) -> Result<Credentials, Refused> {
        if answer.is_err() {
            let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            if !attempts.get(identity).is_some_and(|attempt| matches!(attempt.peek(), Some(Ok(_)))) {
                attempts.remove(identity);
            }
        }
        answer
    }
}

fn is_fresh(credentials: &Credentials, now: SystemTime) -> bool {
    credentials.expiry().is_none_or(|expiry| now + AHEAD_OF_EXPIRY < expiry)
}

async fn host(source: Arc<Host>, config: SdkConfig) -> Result<Credentials, Refused> {
    source.chain(&config).provide_credentials().await.map_err(|error| {
        let fault = match error {
            CredentialsError::CredentialsNotLoaded(_) => SecretFault::NoHostIdentity,
            _ => SecretFault::HostIdentityFailed,
        };
        Refused::new(&Identity::Host, fault, Some(without_output(&error)))
    })
}

/// The error's whole chain as one text, without what a `credential_process` wrote to stderr:
/// nobody knows what is in it.
fn without_output(error: &CredentialsError) -> Said {
    let mut texts = vec![error.to_string()];
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
    }
    let text = texts.join(": ");
    let shown = text.split("Stderr:").next().unwrap_or_default().trim_end_matches([' ', ',', '.']);
    shown.to_owned().into()
}

async fn assume(role: RoleArn, host: Credentials, config: SdkConfig, region: Region) -> Result<Credentials, Refused> {
    let region = config.region().cloned().unwrap_or(region);
    let config = aws_sdk_sts::config::Builder::from(&config).region(region).credentials_provider(host).build();
    tracing::debug!(%role, "assuming the role");
    let answer = aws_sdk_sts::Client::from_conf(config)
        .assume_role()
        .role_arn(role.as_str())
        .role_session_name(SESSION_NAME)
        .send()
        .await;
    let identity = Identity::ExecutionRole(role);
    let answer = answer.map_err(|error| {
        let Failed { meaning, said } = failed(error);
        let (identity, fault) = match meaning {
            Meaning::Unavailable | Meaning::Throttled | Meaning::TimedOut => (&identity, SecretFault::RoleUnavailable),
            // STS judges whoever asks, and that is the host.
            Meaning::IdentityRejected => (&Identity::Host, SecretFault::IdentityRejected),
            Meaning::ClockSkew => (&Identity::Host, SecretFault::ClockSkew),
            Meaning::Answer { .. } => (&identity, SecretFault::RoleRefused),
        };
        Refused::new(identity, fault, Some(said))
    })?;
    answer.credentials.map(from_sts).ok_or_else(|| {
        Refused::new(&identity, SecretFault::RoleUnavailable, Some("STS answered without credentials".into()))
    })
}

fn from_sts(session: StsCredentials) -> Credentials {
    let expiry = SystemTime::try_from(session.expiration).ok();
    Credentials::new(session.access_key_id, session.secret_access_key, Some(session.session_token), expiry, "taskpull")
}
