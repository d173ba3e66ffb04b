//! Credentials of an identity: the host's by its chain of places, a role's by `AssumeRole`
//! from whoever assumes it.
//!
//! They are asked for once however many secrets wait for them: all who wait share one
//! attempt and its answer. A failure is forgotten as soon as it is told, credentials
//! shortly before they expire.
#![expect(clippy::disallowed_types, reason = "the one place where an identity's credentials are kept")]

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::{Instant, timeout_at};

use crate::aws::host_credentials::{HostCredentials, beside};
use crate::aws::sdk_error::ServiceError;
use crate::aws::sts::assume;
use crate::aws::{KeyFault, SecretError, SecretFault, TokenError, TokenFault, TokenScope};
use crate::identity::Identity;
use crate::task::CredentialsParameter;

/// Credentials are renewed this long before they expire, so that a call that begins with
/// them also ends with them.
const AHEAD_OF_EXPIRY: Duration = Duration::from_mins(5);

/// Credentials that do not say when they end are asked for again after this time: a shared
/// file or the program behind `credential_process` may have newer ones (A11).
const UNSAID_LIFE: Duration = Duration::from_mins(1);

type SessionAttempt = Shared<BoxFuture<'static, Result<Credentials, IdentityError>>>;

/// The credentials of every identity that has asked so far.
#[derive(Debug, Default)]
pub(crate) struct RoleSessions {
    attempts: Mutex<HashMap<Identity, SessionAttempt>>,
}

/// An identity has no credentials to ask with.
#[derive(Clone, Debug)]
pub(crate) struct IdentityError {
    identity: Identity,
    fault: SecretFault,
    /// Where STS was asked, which need not be the Region of the thing that is wanted.
    region: Option<Region>,
    said: Arc<ServiceError>,
}

impl IdentityError {
    pub(crate) fn new(identity: &Identity, fault: SecretFault, said: ServiceError) -> Self {
        Self { identity: identity.clone(), fault, region: None, said: Arc::new(said) }
    }

    /// The same, by an STS that was asked in this Region.
    pub(crate) fn in_region(self, region: Region) -> Self {
        Self { region: Some(region), ..self }
    }

    /// The same, as the reason why a secret could not be read.
    pub(crate) fn about(self, secret: &CredentialsParameter, region: Option<&Region>) -> SecretError {
        let error = SecretError::new(secret, &self.identity, self.fault);
        let error = match self.region.as_ref().or(region) {
            Some(region) => error.in_region(region),
            None => error,
        };
        error.saying(Box::new(SharedServiceError(self.said)))
    }

    /// The same, as the reason why there is no token.
    pub(crate) fn about_token(self, scope: &TokenScope) -> TokenError {
        let fault = match self.fault {
            SecretFault::NoHostIdentity => TokenFault::NoHostIdentity,
            SecretFault::RoleRefused => TokenFault::RoleRefused,
            SecretFault::RoleRegionDisabled => TokenFault::RoleRegionDisabled,
            SecretFault::RoleFailed => TokenFault::RoleFailed,
            SecretFault::RoleUnavailable => TokenFault::RoleUnavailable,
            SecretFault::IdentityRejected => TokenFault::IdentityRejected,
            SecretFault::ClockSkew => TokenFault::ClockSkew,
            _ => TokenFault::HostIdentityFailed,
        };
        let region = self.region.as_ref().map(ToString::to_string);
        let error = TokenError { region, ..TokenError::new(scope, &self.identity, fault) };
        error.saying(Box::new(SharedServiceError(self.said)))
    }

    /// The same, as the reason why the host could not have KMS asked.
    pub(crate) fn about_key(self) -> (KeyFault, ServiceError) {
        let fault = match self.fault {
            SecretFault::NoHostIdentity => KeyFault::NoIdentity,
            SecretFault::ClockSkew => KeyFault::ClockSkew,
            SecretFault::IdentityRejected => KeyFault::IdentityRejected,
            _ => KeyFault::IdentityFailed,
        };
        (fault, Box::new(SharedServiceError(self.said)))
    }
}

/// Several secrets can fail for the same reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct SharedServiceError(Arc<ServiceError>);

impl RoleSessions {
    /// Valid credentials of `identity`, by `end` at the latest. A role is assumed at the STS
    /// of the host's own Region, or of `region` where the host has none.
    pub(crate) async fn credentials(
        &self,
        identity: &Identity,
        source: &Arc<HostCredentials>,
        config: &SdkConfig,
        region: &Region,
        end: Instant,
    ) -> Result<Credentials, IdentityError> {
        // From the identity towards the host, up to whoever still has credentials.
        let mut held = None;
        let mut to_ask = Vec::new();
        let mut next = Some(identity.clone());
        while let Some(identity) = next {
            held = self.held(&identity);
            if held.is_some() {
                break;
            }
            next = identity.assumed_by();
            to_ask.push(identity);
        }
        // And back. Where nobody had any, the last to be asked is the host, who comes first.
        for identity in to_ask.iter().rev() {
            let by = held.as_ref().map(|by| by.access_key_id().to_owned());
            let attempt = self.attempt(identity, || match held.take() {
                Some(by) => assume(identity.clone(), by, Arc::clone(source), config.clone(), region.clone()).boxed(),
                None => host(Arc::clone(source), config.clone()).boxed(),
            });
            let answer = timeout_at(end, attempt.clone()).await.unwrap_or_else(|_| Err(late(identity)));
            let told = self.told(identity, &attempt, answer);
            // STS judges whoever asks, and may do so before any other service.
            if let (Err(IdentityError { identity, fault: SecretFault::IdentityRejected, .. }), Some(by)) = (&told, by) {
                self.forget(identity, &by);
            }
            held = Some(told?);
        }
        held.ok_or_else(|| IdentityError::new(identity, SecretFault::NoHostIdentity, "nobody to ask as".into()))
    }

    /// Credentials that an attempt has given and that are still fresh.
    fn held(&self, identity: &Identity) -> Option<Credentials> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        match attempts.get(identity)?.peek() {
            Some(Ok(credentials)) if is_fresh(credentials, SystemTime::now()) => Some(credentials.clone()),
            _ => None,
        }
    }

    /// The attempt that is under way or has given credentials that are still fresh, or a new
    /// one.
    fn attempt(
        &self,
        identity: &Identity,
        begin: impl FnOnce() -> BoxFuture<'static, Result<Credentials, IdentityError>>,
    ) -> SessionAttempt {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_stale = |attempt: &SessionAttempt| matches!(attempt.peek(), Some(Ok(credentials)) if !is_fresh(credentials, SystemTime::now()));
        if attempts.get(identity).is_some_and(is_stale) {
            attempts.remove(identity);
        }
        let begin = || {
            // A panic in a library must not be the answer for ever.
            let lost =
                IdentityError::new(identity, SecretFault::HostIdentityFailed, "it ended without an answer".into());
            AssertUnwindSafe(begin()).catch_unwind().map(|ended| ended.unwrap_or(Err(lost))).boxed().shared()
        };
        attempts.entry(identity.clone()).or_insert_with(begin).clone()
    }

    /// Forgets an attempt that gave nothing. By the time that all who waited for it are told,
    /// its place may already be that of the next one, which has waiters of its own.
    fn told(
        &self,
        identity: &Identity,
        attempt: &SessionAttempt,
        answer: Result<Credentials, IdentityError>,
    ) -> Result<Credentials, IdentityError> {
        if answer.is_err() {
            let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            let gave_nothing = |kept: &SessionAttempt| kept.ptr_eq(attempt) && !matches!(kept.peek(), Some(Ok(_)));
            if attempts.get(identity).is_some_and(gave_nothing) {
                attempts.remove(identity);
            }
        }
        answer
    }

    /// Forgets the credentials with this access key, which AWS does not accept, and those of
    /// the host behind them. Newer ones stay: another call may have had them forgotten first.
    pub(crate) fn forget(&self, identity: &Identity, access_key: &str) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_rejected =
            |kept: &SessionAttempt| matches!(kept.peek(), Some(Ok(held)) if held.access_key_id() == access_key);
        if attempts.get(identity).is_some_and(is_rejected) {
            attempts.remove(identity);
            if attempts.get(&Identity::Host).is_some_and(|host| host.peek().is_some()) {
                attempts.remove(&Identity::Host);
            }
        }
    }
}

fn is_fresh(credentials: &Credentials, now: SystemTime) -> bool {
    credentials.expiry().is_none_or(|expiry| now + AHEAD_OF_EXPIRY < expiry)
}

/// The credentials, with an end of ours where they say none.
fn with_end(found: Credentials, now: SystemTime) -> Credentials {
    if found.expiry().is_some() {
        return found;
    }
    let token = found.session_token().map(str::to_owned);
    let end = now + AHEAD_OF_EXPIRY + UNSAID_LIFE;
    Credentials::new(found.access_key_id(), found.secret_access_key(), token, Some(end), "taskpull")
}

async fn host(source: Arc<HostCredentials>, config: SdkConfig) -> Result<Credentials, IdentityError> {
    let asked = async move { source.chain(&config).provide_credentials().await };
    let Some(found) = beside(asked).await else {
        return Err(IdentityError::new(
            &Identity::Host,
            SecretFault::HostIdentityFailed,
            "it ended without an answer".into(),
        ));
    };
    found.map(|credentials| with_end(credentials, SystemTime::now())).map_err(|error| {
        let fault = match error {
            CredentialsError::CredentialsNotLoaded(_) => SecretFault::NoHostIdentity,
            _ => SecretFault::HostIdentityFailed,
        };
        IdentityError::new(&Identity::Host, fault, without_output(&error))
    })
}

/// The error's whole chain as one text, without what a `credential_process` wrote to stderr:
/// nobody knows what is in it.
fn without_output(error: &CredentialsError) -> ServiceError {
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

/// Our own deadline passed first.
pub(crate) fn late(identity: &Identity) -> IdentityError {
    let fault = match identity {
        Identity::Host => SecretFault::HostIdentityFailed,
        Identity::ExecutionRole(_) | Identity::AccountRole(_) => SecretFault::RoleUnavailable,
    };
    IdentityError::new(identity, fault, "no answer in time".into())
}

#[cfg(test)]
mod tests {
    use super::{AHEAD_OF_EXPIRY, IdentityError, RoleSessions, UNSAID_LIFE, is_fresh, with_end};
    use crate::aws::SecretFault;
    use crate::identity::Identity;
    use aws_credential_types::Credentials;
    use futures_util::future::{self, FutureExt as _};
    use std::time::{Duration, SystemTime};

    fn key(id: &str) -> Credentials {
        Credentials::new(id, "key", None, None, "test")
    }

    #[test]
    fn one_who_is_told_late_does_not_end_the_attempt_that_came_after() {
        let (sessions, host) = (RoleSessions::default(), Identity::Host);
        let refused = IdentityError::new(&host, SecretFault::HostIdentityFailed, "no".into());
        let failing = future::ready(Err(refused.clone())).boxed();
        let first = sessions.attempt(&host, || failing);
        let second = sessions.attempt(&host, || panic!("it is under way"));
        let told = |attempt| sessions.told(&host, attempt, Err(refused.clone())).unwrap_err();
        told(&first);
        let next = sessions.attempt(&host, || future::pending().boxed());
        told(&second);
        assert!(sessions.attempt(&host, || panic!("the next one is under way")).ptr_eq(&next));
        // Its own deadline does end it.
        told(&next);
        assert!(!sessions.attempt(&host, || future::pending().boxed()).ptr_eq(&next));
    }

    #[test]
    fn a_rejection_of_old_credentials_leaves_the_new_ones() {
        let (sessions, host) = (RoleSessions::default(), Identity::Host);
        let begin = |id| sessions.attempt(&host, || future::ready(Ok(key(id))).boxed()).now_or_never();
        begin("old").unwrap().unwrap();
        sessions.forget(&host, "old");
        begin("new").unwrap().unwrap();
        sessions.forget(&host, "old");
        assert_eq!(sessions.held(&host).unwrap().access_key_id(), "new");
    }

    #[test]
    fn a_panic_is_told_once_and_the_next_one_asks_again() {
        let (sessions, host) = (RoleSessions::default(), Identity::Host);
        let attempt = sessions.attempt(&host, || async { panic!("as a library might") }.boxed());
        let answer = attempt.clone().now_or_never().unwrap();
        sessions.told(&host, &attempt, answer).unwrap_err();
        let next = sessions.attempt(&host, || future::ready(Ok(key("id"))).boxed());
        assert_eq!(next.now_or_never().unwrap().unwrap().access_key_id(), "id");
    }

    #[test]
    fn credentials_without_an_end_are_asked_for_again_after_a_minute() {
        let now = SystemTime::UNIX_EPOCH;
        let found = with_end(key("id"), now);
        assert!(is_fresh(&found, now + UNSAID_LIFE - Duration::from_secs(1)));
        assert!(!is_fresh(&found, now + UNSAID_LIFE));
    }

    #[test]
    fn credentials_are_renewed_ahead_of_the_end_they_say() {
        let now = SystemTime::UNIX_EPOCH;
        let end = now + Duration::from_hours(1);
        let found = with_end(Credentials::new("id", "key", None, Some(end), "test"), now);
        assert_eq!(found.expiry(), Some(end));
        assert!(is_fresh(&found, end - AHEAD_OF_EXPIRY - Duration::from_secs(1)));
        assert!(!is_fresh(&found, end - AHEAD_OF_EXPIRY));
    }
}
