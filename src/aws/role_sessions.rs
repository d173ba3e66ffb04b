//! Credentials of identities, cached until shortly before they expire: the host's own, and those of
//! roles that `AssumeRole` returns.
//!
//! An identity is resolved once for all calls that need it: concurrent callers share one attempt,
//! which completes even if all of them are cancelled. A failure is returned to the callers that
//! wait for it and is never cached.
#![expect(clippy::disallowed_types, reason = "the one place where the credentials of identities are cached")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::time::{Instant, timeout_at};

use crate::aws::{
    AwsErrorKind, AwsPrincipal, aws_error::IdentityError, host_credentials::EXPIRY_MARGIN,
    host_credentials::HostCredentials, sts::assume_role,
};
use crate::identity::Identity;
use crate::sync::{FlightId, Lifetime, Mutex, SingleFlight};

type Attempt = Result<Credentials, IdentityError>;

/// The credentials of every identity that has been used.
#[derive(Debug, Default)]
pub(crate) struct RoleSessions {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    cached: HashMap<Identity, Credentials>,
    attempts: SingleFlight<Identity, Attempt>,
}

impl RoleSessions {
    /// Returns valid credentials of `identity`, by `end` at the latest. A role is assumed at the
    /// STS of the host's own Region, or of `region` if the host has none.
    pub(crate) async fn credentials(
        &self,
        identity: &Identity,
        host: &Arc<HostCredentials>,
        config: &SdkConfig,
        region: &Region,
        end: Instant,
    ) -> Result<Credentials, IdentityError> {
        // From the identity towards the host, up to the first one with cached credentials.
        let mut caller = None;
        let mut missing = Vec::new();
        let mut next = Some(identity.clone());
        while let Some(identity) = next {
            caller = self.state.lock().fresh_credentials(&identity);
            if caller.is_some() {
                break;
            }
            next = identity.assumed_by();
            missing.push(identity);
        }
        // Then back towards `identity`: each missing identity is assumed from the one before it.
        // Without any cached credentials, the first is the host.
        for identity in missing.iter().rev() {
            let access_key = caller.as_ref().map(|caller| caller.access_key_id().to_owned());
            let (host, config) = (Arc::clone(host), config.clone());
            let attempt: BoxFuture<'static, Attempt> = match caller {
                Some(caller) => assume_role(identity.clone(), caller, host, config, region.clone()).boxed(),
                None => host.load(config).boxed(),
            };
            let result = self.resolve(identity, attempt, end).await;
            // STS checks the caller's credentials, and may reject them before any other service.
            if let (Err(IdentityError { identity, kind: AwsErrorKind::IdentityRejected, .. }), Some(key)) =
                (&result, access_key)
            {
                self.forget(identity, &key);
            }
            caller = Some(result?);
        }
        let unreachable =
            || IdentityError::new(identity, AwsErrorKind::NoHostIdentity, "no identity to call as".into());
        caller.ok_or_else(unreachable)
    }

    /// The principal of the cached credentials of `identity`.
    pub(crate) fn principal(&self, identity: &Identity) -> Option<AwsPrincipal> {
        self.state.lock().cached.get(identity)?.get_property::<AwsPrincipal>().cloned()
    }

    /// Waits for the running attempt, or for this one if there is none.
    async fn resolve(&self, identity: &Identity, attempt: BoxFuture<'static, Attempt>, end: Instant) -> Attempt {
        let flight = {
            let mut state = self.state.lock();
            if let Some(credentials) = state.fresh_credentials(identity) {
                return Ok(credentials);
            }
            let (shared, key) = (Arc::clone(&self.state), identity.clone());
            // Callers with later deadlines may join; after twice the time of the first one, all
            // deadlines that started with it have passed.
            let limit = end + end.saturating_duration_since(Instant::now());
            let fetch = move |id| async move {
                let result = timeout_at(limit, attempt).await.unwrap_or_else(|_| Err(IdentityError::timed_out(&key)));
                shared.lock().store(&key, id, &result);
                result
            };
            let owned_identity = identity.clone();
            let fallback = move || Err(IdentityError::interrupted(&owned_identity));
            state.attempts.get_or_start(identity, Lifetime::OutlivesCallers, fetch, fallback)
        };
        let id = flight.id();
        timeout_at(end, flight).await.unwrap_or_else(|_| {
            // The attempt may hang, and the next caller must not wait for it.
            self.state.lock().attempts.detach(identity, id);
            Err(IdentityError::timed_out(identity))
        })
    }

    /// Removes the credentials with this access key, which AWS does not accept, and the host's
    /// credentials behind them. Newer credentials remain in the cache: another call may have
    /// removed the rejected ones first.
    pub(crate) fn forget(&self, identity: &Identity, access_key: &str) {
        let cached = &mut self.state.lock().cached;
        if cached.get(identity).is_some_and(|credentials| credentials.access_key_id() == access_key) {
            cached.remove(identity);
            cached.remove(&Identity::Host);
        }
    }
}

impl State {
    fn fresh_credentials(&self, identity: &Identity) -> Option<Credentials> {
        self.cached.get(identity).filter(|credentials| is_fresh(credentials, SystemTime::now())).cloned()
    }

    /// Caches the result of an attempt, unless a later attempt has replaced it.
    fn store(&mut self, identity: &Identity, id: FlightId, result: &Attempt) {
        if let Ok(credentials) = result
            && self.attempts.is_latest(identity, id)
        {
            self.cached.insert(identity.clone(), credentials.clone());
        }
        // A finished attempt would keep the credentials after they were forgotten.
        self.attempts.detach(identity, id);
    }
}

fn is_fresh(credentials: &Credentials, now: SystemTime) -> bool {
    credentials.expiry().is_none_or(|expiry| now + EXPIRY_MARGIN < expiry)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials;
    use futures_util::future::{self, BoxFuture, FutureExt as _};
    use tokio::time::Instant;

    use super::{Attempt, EXPIRY_MARGIN, RoleSessions, is_fresh};
    use crate::aws::AwsErrorKind;
    use crate::aws::aws_error::IdentityError;
    use crate::identity::Identity;

    const SECOND: Duration = Duration::from_secs(1);

    fn key(id: &str) -> Credentials {
        Credentials::new(id, "key", None, None, "test")
    }

    fn found(id: &str) -> BoxFuture<'static, Attempt> {
        future::ready(Ok(key(id))).boxed()
    }

    async fn resolve(sessions: &RoleSessions, attempt: BoxFuture<'static, Attempt>) -> Result<String, AwsErrorKind> {
        let result = sessions.resolve(&Identity::Host, attempt, Instant::now() + 10 * SECOND).await;
        result.map(|credentials| credentials.access_key_id().to_owned()).map_err(|error| error.kind)
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_callers_share_one_attempt() {
        let sessions = RoleSessions::default();
        let first = async { tokio::time::sleep(SECOND).await }.map(|()| Ok(key("first"))).boxed();
        let both = future::join(resolve(&sessions, first), resolve(&sessions, found("second"))).await;
        assert_eq!(both, (Ok("first".to_owned()), Ok("first".to_owned())));
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_completes_after_its_callers_are_cancelled() {
        let sessions = RoleSessions::default();
        let slow = async { tokio::time::sleep(2 * SECOND).await }.map(|()| Ok(key("slow"))).boxed();
        tokio::time::timeout(SECOND, resolve(&sessions, slow)).await.unwrap_err();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(resolve(&sessions, found("next")).await.unwrap(), "slow");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_without_callers_is_not_returned_to_the_next_one() {
        let sessions = RoleSessions::default();
        let error = || IdentityError::new(&Identity::Host, AwsErrorKind::HostIdentityFailed, "no".into());
        let failing = async { tokio::time::sleep(2 * SECOND).await }.map(move |()| Err(error())).boxed();
        tokio::time::timeout(SECOND, resolve(&sessions, failing)).await.unwrap_err();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(resolve(&sessions, found("next")).await.unwrap(), "next");
    }

    #[tokio::test(start_paused = true)]
    async fn a_hung_attempt_does_not_hold_up_the_next_caller() {
        let sessions = RoleSessions::default();
        let hung = resolve(&sessions, future::pending().boxed());
        assert_eq!(hung.await.unwrap_err(), AwsErrorKind::HostIdentityFailed);
        assert_eq!(resolve(&sessions, found("next")).await.unwrap(), "next");
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_costs_only_the_callers_that_wait() {
        let sessions = RoleSessions::default();
        let panicking = async { panic!("as a library might") }.boxed();
        assert_eq!(resolve(&sessions, panicking).await.unwrap_err(), AwsErrorKind::HostIdentityFailed);
        assert_eq!(resolve(&sessions, found("next")).await.unwrap(), "next");
    }

    #[tokio::test]
    async fn a_rejection_of_old_credentials_leaves_newer_ones() {
        let sessions = RoleSessions::default();
        resolve(&sessions, found("old")).await.unwrap();
        sessions.forget(&Identity::Host, "old");
        resolve(&sessions, found("new")).await.unwrap();
        sessions.forget(&Identity::Host, "old");
        assert_eq!(resolve(&sessions, found("newest")).await.unwrap(), "new");
    }

    #[test]
    fn credentials_are_renewed_before_they_expire() {
        let now = SystemTime::UNIX_EPOCH;
        let expiry = now + Duration::from_hours(1);
        let credentials = Credentials::new("id", "key", None, Some(expiry), "test");
        assert!(is_fresh(&credentials, expiry - EXPIRY_MARGIN - SECOND));
        assert!(!is_fresh(&credentials, expiry - EXPIRY_MARGIN));
    }
}
