use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{TokenCache, TokenKey};
use crate::aws::{
    AwsError, AwsErrorKind, Ciphertext, DecryptedBytes, EndpointVariant, RegistryToken, SecretVersion, TokenScope,
};
use crate::credential::cache::boot_clock::tests::SUSPENDED;
use crate::credential::{SecretStore, TokenStore};
use crate::error::Class;
use crate::identity::Identity;
use crate::secret::Secret;
use crate::task::{CredentialsParameter, Region};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// When a token of 12 hours is due, whatever chance says.
const DUE: Duration = Duration::from_mins(11 * 60 + 30);

type Answer = Result<(&'static str, Duration), AwsErrorKind>;

/// Each answer takes a second.
struct Store {
    answers: Mutex<VecDeque<Answer>>,
    asked: AtomicUsize,
}

impl SecretStore for Store {
    fn deadline(&self) -> Duration {
        10 * SECOND
    }

    async fn read(&self, _: &Identity, _: &CredentialsParameter, _: Instant) -> Result<SecretVersion, AwsError> {
        unreachable!("no secret is read here")
    }

    async fn decrypt(
        &self,
        _: &Identity,
        _: &CredentialsParameter,
        _: &SecretVersion,
        _: &Ciphertext,
        _: Instant,
    ) -> Result<DecryptedBytes, AwsError> {
        unreachable!("nothing is sealed here")
    }
}

impl TokenStore for Store {
    async fn token(&self, identity: &Identity, scope: &TokenScope, _: Instant) -> Result<RegistryToken, AwsError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(SECOND).await;
        let answer = self.answers.lock().unwrap().pop_front().expect("a call that was expected");
        let (password, life) = answer.map_err(|fault| AwsError::for_token(scope, identity, fault))?;
        assert_ne!(password, "panic", "as a library might");
        Ok(RegistryToken {
            username: Secret::new("AWS".to_owned()),
            password: Secret::new(password.to_owned()),
            expires: Some(SystemTime::now() + life),
            requests: Vec::new(),
        })
    }
}

fn tokens(answers: &[Answer]) -> TokenCache<Store> {
    let store = Store { answers: Mutex::new(answers.iter().copied().collect()), asked: AtomicUsize::new(0) };
    TokenCache::new(Arc::new(store), NonZeroUsize::new(2).unwrap())
}

fn key(region: &str) -> TokenKey {
    (Identity::Host, TokenScope::Ecr(Region::parse(region).unwrap(), EndpointVariant::default()))
}

#[expect(clippy::disallowed_methods, reason = "the token is the test's own")]
async fn get(tokens: &TokenCache<Store>, region: &str) -> Result<String, Class> {
    let held = tokens.token(&key(region)).await.map_err(|failure| failure.class)?;
    Ok(held.token.password.expose().to_owned())
}

fn asked(tokens: &TokenCache<Store>) -> usize {
    tokens.store.asked.load(Ordering::Relaxed)
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
fn ok(token: &str) -> Result<String, Class> {
    Ok(token.to_owned())
}

const REGION: &str = "eu-west-1";

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_one_call_and_the_token_serves_for_hours() {
    let tokens = tokens(&[Ok(("t1", 12 * HOUR))]);
    let all = futures_util::future::join_all((0..50).map(|_| get(&tokens, REGION))).await;
    assert!(all.iter().all(|one| *one == ok("t1")));
    tokio::time::sleep(8 * HOUR).await;
    assert_eq!((get(&tokens, REGION).await, asked(&tokens)), (ok("t1"), 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_use_is_renewed_ahead_of_its_end_and_nobody_waits_for_it() {
    let tokens = tokens(&[Ok(("t1", 12 * HOUR)), Ok(("t2", 12 * HOUR))]);
    get(&tokens, REGION).await.unwrap();
    tokio::time::sleep(DUE).await;
    let begun = Instant::now();
    assert_eq!((get(&tokens, REGION).await, begun.elapsed()), (ok("t1"), Duration::ZERO));
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!((get(&tokens, REGION).await, asked(&tokens)), (ok("t2"), 2));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_bridged_to_the_tokens_end_and_not_past_it() {
    let down = Err(AwsErrorKind::Unavailable);
    let tokens = tokens(&[Ok(("t1", 12 * HOUR)), down, down, down]);
    get(&tokens, REGION).await.unwrap();
    tokio::time::sleep(DUE).await;
    for wait in [2 * SECOND, Duration::from_mins(29)] {
        assert_eq!(get(&tokens, REGION).await, ok("t1"));
        tokio::time::sleep(wait).await;
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(get(&tokens, REGION).await, Err(Class::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn a_denial_ends_a_token_at_once() {
    let tokens = tokens(&[Ok(("t1", 12 * HOUR)), Err(AwsErrorKind::Denied), Err(AwsErrorKind::Unavailable)]);
    get(&tokens, REGION).await.unwrap();
    tokio::time::sleep(DUE).await;
    assert_eq!(get(&tokens, REGION).await, ok("t1"), "the denial is not known yet");
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(get(&tokens, REGION).await, Err(Class::Unavailable), "there is nothing left to serve");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_over_when_it_comes_serves_once_and_is_not_asked_for_in_a_loop() {
    let tokens = tokens(&[Ok(("t1", Duration::ZERO)), Ok(("t2", Duration::ZERO))]);
    assert_eq!((get(&tokens, REGION).await, asked(&tokens)), (ok("t1"), 1));
    assert_eq!((get(&tokens, REGION).await, asked(&tokens)), (ok("t2"), 2));
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_there_is_another_token_once_for_all() {
    let tokens = tokens(&[Ok(("t1", 12 * HOUR)), Ok(("t2", 12 * HOUR)), Ok(("t3", 12 * HOUR))]);
    let refused = tokens.token(&key(REGION)).await.unwrap();
    let key = key(REGION);
    let again = || tokens.token_after_refusal(&key, &refused);
    let all = futures_util::future::join_all((0..10).map(|_| again())).await;
    let newer = all.into_iter().map(|one| one.unwrap().unwrap()).next_back().unwrap();
    assert!(again().await.unwrap().is_some_and(|held| held.is_same(&newer)), "a late one asks nobody");
    assert_eq!(asked(&tokens), 2);
    assert!(tokens.token_after_refusal(&key, &newer).await.unwrap().is_none(), "it is not the token's fault");
    assert_eq!(asked(&tokens), 2);
    tokio::time::sleep(61 * SECOND).await;
    assert!(tokens.token_after_refusal(&key, &newer).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_same_token_again_is_no_reason_to_try_again() {
    let tokens = tokens(&[Ok(("t1", HOUR)), Ok(("t1", HOUR)), Err(AwsErrorKind::Unavailable)]);
    let refused = tokens.token(&key(REGION)).await.unwrap();
    assert!(tokens.token_after_refusal(&key(REGION), &refused).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_outage_after_a_refusal_is_told_and_the_token_serves_others() {
    let tokens = tokens(&[Ok(("t1", HOUR)), Err(AwsErrorKind::Unavailable)]);
    let refused = tokens.token(&key(REGION)).await.unwrap();
    assert!(tokens.token_after_refusal(&key(REGION), &refused).await.unwrap_err().is_outage());
    assert_eq!(get(&tokens, REGION).await, ok("t1"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ended_while_the_host_was_suspended_serves_nobody() {
    let tokens = tokens(&[Ok(("t1", 12 * HOUR)), Ok(("t2", 12 * HOUR))]);
    assert_eq!(get(&tokens, REGION).await, ok("t1"));
    SUSPENDED.set(13 * HOUR);
    assert_eq!(get(&tokens, REGION).await, ok("t2"));
}

#[tokio::test(start_paused = true)]
async fn a_region_and_an_identity_are_a_token_each_and_the_oldest_makes_room() {
    let tokens = tokens(&[Ok(("a", HOUR)), Ok(("b", HOUR)), Ok(("c", HOUR)), Ok(("a2", HOUR))]);
    for (region, token) in [("eu-west-1", "a"), ("eu-west-2", "b"), ("eu-west-3", "c"), ("eu-west-2", "b")] {
        assert_eq!(get(&tokens, region).await, ok(token));
    }
    assert_eq!(get(&tokens, "eu-west-1").await, ok("a2"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_those_who_waited_and_nobody_else() {
    let tokens = tokens(&[Ok(("panic", HOUR)), Ok(("t1", HOUR))]);
    assert_eq!(get(&tokens, REGION).await, Err(Class::Unknown));
    assert_eq!(get(&tokens, REGION).await, ok("t1"));
}

#[tokio::test(start_paused = true)]
async fn whoever_has_no_token_of_ecr_public_does_not_wait_for_one_at_every_pull() {
    let tokens = tokens(&[Err(AwsErrorKind::Unavailable), Ok(("t1", 12 * HOUR)), Err(AwsErrorKind::Denied)]);
    let public = (Identity::Host, TokenScope::EcrPublic);
    for _ in 0..10 {
        assert_eq!(tokens.token(&public).await.unwrap_err().class, Class::Unavailable);
    }
    assert_eq!(asked(&tokens), 1);
    assert_eq!(get(&tokens, REGION).await, ok("t1"), "a private registry is asked every time");
    tokio::time::sleep(61 * SECOND).await;
    assert_eq!(tokens.token(&public).await.unwrap_err().class, Class::Refused);
    assert_eq!(asked(&tokens), 3);
}
