//! Lookups and fetches of ECR tokens.

use futures_util::future::join_all;

use super::super::token_cache::{CachedToken, TokenCacheKey};
use super::super::token_provider::TokenProvider;
use super::*;
use crate::aws::EndpointVariant;
use crate::error::Class;
use crate::task::Region;

const REGION: &str = "eu-west-1";

/// The age at which a token of 12 hours is due for a refresh, for every random.
const REFRESH_DUE: Duration = Duration::from_mins(11 * 60 + 30);

type TokenResult = Result<FakeToken, AwsErrorKind>;

struct TokenWorld {
    store: Arc<FakeStore<FakeToken>>,
    provider: TokenProvider<FakeStore<FakeToken>>,
    host: SuspendableHost,
}

impl TokenWorld {
    fn new(results: &[TokenResult]) -> Self {
        let (store, host) = (FakeStore::new(results), SuspendableHost::default());
        let provider = TokenProvider::new(Arc::clone(&store), 10 * SECOND, CONFIG, host.clock(), Arc::new(()));
        Self { store, provider, host }
    }

    #[expect(clippy::disallowed_methods, reason = "the token is the test's own")]
    async fn get(&self, region: &str) -> Result<String, Class> {
        let token = self.provider.get(&key(region)).await.map_err(|failure| failure.class)?;
        Ok(token.token.password.expose().to_owned())
    }

    async fn refresh(&self, refused: &CachedToken) -> Option<Arc<CachedToken>> {
        self.provider.refresh_after_refusal(&key(REGION), refused).await.unwrap()
    }

    fn calls(&self) -> usize {
        self.store.calls.load(Ordering::Relaxed)
    }
}

fn key(region: &str) -> TokenCacheKey {
    let scope = TokenScope::Ecr(Region::parse(region).unwrap(), EndpointVariant::default());
    TokenCacheKey { identity: Identity::Host, scope }
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
fn ok(token: &str) -> Result<String, Class> {
    Ok(token.to_owned())
}

#[tokio::test(start_paused = true)]
async fn concurrent_callers_share_one_token_for_hours() {
    let world = TokenWorld::new(&[Ok(("t1", 12 * HOUR))]);
    let results = join_all((0..50).map(|_| world.get(REGION))).await;
    assert!(results.iter().all(|result| *result == ok("t1")));
    tokio::time::sleep(8 * HOUR).await;
    assert_eq!((world.get(REGION).await, world.calls()), (ok("t1"), 1));
}

#[tokio::test(start_paused = true)]
async fn token_in_use_is_refreshed_in_the_background() {
    let world = TokenWorld::new(&[Ok(("t1", 12 * HOUR)), Ok(("t2", 12 * HOUR)), Ok(("t3", 12 * HOUR))]);
    world.get(REGION).await.unwrap();
    for (current, next, calls) in [("t1", "t2", 2), ("t2", "t3", 3)] {
        tokio::time::sleep(REFRESH_DUE).await;
        let started = Instant::now();
        assert_eq!((world.get(REGION).await, started.elapsed()), (ok(current), Duration::ZERO));
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!((world.get(REGION).await, world.calls()), (ok(next), calls));
    }
}

#[tokio::test(start_paused = true)]
async fn outage_is_bridged_until_the_token_expires() {
    let unavailable = Err(AwsErrorKind::Unavailable);
    let world = TokenWorld::new(&[Ok(("t1", 12 * HOUR)), unavailable, unavailable, unavailable]);
    world.get(REGION).await.unwrap();
    tokio::time::sleep(REFRESH_DUE).await;
    for wait in [2 * SECOND, Duration::from_mins(29)] {
        assert_eq!(world.get(REGION).await, ok("t1"));
        tokio::time::sleep(wait).await;
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(world.get(REGION).await, Err(Class::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn denied_refresh_evicts_the_token() {
    let denied = Err(AwsErrorKind::Denied);
    let world = TokenWorld::new(&[Ok(("t1", 12 * HOUR)), denied, Err(AwsErrorKind::Unavailable)]);
    world.get(REGION).await.unwrap();
    tokio::time::sleep(REFRESH_DUE).await;
    assert_eq!(world.get(REGION).await, ok("t1"), "the denial is not known yet");
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(world.get(REGION).await, Err(Class::Unavailable), "no token is left");
}

#[tokio::test(start_paused = true)]
async fn token_that_arrives_expired_is_used_once() {
    let world = TokenWorld::new(&[Ok(("t1", Duration::ZERO)), Ok(("t2", Duration::ZERO))]);
    assert_eq!((world.get(REGION).await, world.calls()), (ok("t1"), 1));
    assert_eq!((world.get(REGION).await, world.calls()), (ok("t2"), 2));
}

#[tokio::test(start_paused = true)]
async fn refused_token_is_replaced_once_for_all_callers() {
    let world = TokenWorld::new(&[Ok(("t1", 12 * HOUR)), Ok(("t2", 12 * HOUR)), Ok(("t3", 12 * HOUR))]);
    let refused = world.provider.get(&key(REGION)).await.unwrap();
    let results = join_all((0..10).map(|_| world.refresh(&refused))).await;
    let newer = results.into_iter().map(Option::unwrap).next_back().unwrap();
    let late = world.refresh(&refused).await;
    assert!(late.is_some_and(|token| token.is_same_token(&newer)), "a late refusal fetches nothing");
    assert_eq!(world.calls(), 2);
    assert!(world.refresh(&newer).await.is_none(), "the token is not the cause");
    assert_eq!(world.calls(), 2);
    tokio::time::sleep(61 * SECOND).await;
    assert!(world.refresh(&newer).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn unchanged_token_makes_a_refusal_final() {
    let world = TokenWorld::new(&[Ok(("t1", HOUR)), Ok(("t1", HOUR)), Err(AwsErrorKind::Unavailable)]);
    let refused = world.provider.get(&key(REGION)).await.unwrap();
    assert!(world.refresh(&refused).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn outage_after_a_refusal_leaves_the_token_for_others() {
    let world = TokenWorld::new(&[Ok(("t1", HOUR)), Err(AwsErrorKind::Unavailable)]);
    let refused = world.provider.get(&key(REGION)).await.unwrap();
    assert!(world.provider.refresh_after_refusal(&key(REGION), &refused).await.unwrap_err().is_outage());
    assert_eq!(world.get(REGION).await, ok("t1"));
}

#[tokio::test(start_paused = true)]
async fn token_expires_while_the_host_is_suspended() {
    let world = TokenWorld::new(&[Ok(("t1", 12 * HOUR)), Ok(("t2", 12 * HOUR))]);
    assert_eq!(world.get(REGION).await, ok("t1"));
    world.host.suspend(13 * HOUR);
    assert_eq!(world.get(REGION).await, ok("t2"));
}

#[tokio::test(start_paused = true)]
async fn full_cache_evicts_the_oldest_token() {
    let world = TokenWorld::new(&[Ok(("a", HOUR)), Ok(("b", HOUR)), Ok(("c", HOUR)), Ok(("a2", HOUR))]);
    for (region, token) in [("eu-west-1", "a"), ("eu-west-2", "b"), ("eu-west-3", "c"), ("eu-west-2", "b")] {
        assert_eq!(world.get(region).await, ok(token));
    }
    assert_eq!(world.get("eu-west-1").await, ok("a2"));
}

#[tokio::test(start_paused = true)]
async fn panic_in_the_store_fails_only_its_callers() {
    let world = TokenWorld::new(&[Ok(("panic", HOUR)), Ok(("t1", HOUR))]);
    assert_eq!(world.get(REGION).await, Err(Class::Unknown));
    assert_eq!(world.get(REGION).await, ok("t1"));
}

#[tokio::test(start_paused = true)]
async fn failure_for_ecr_public_is_cached_for_a_minute() {
    let unavailable = Err(AwsErrorKind::Unavailable);
    let world = TokenWorld::new(&[unavailable, Ok(("t1", 12 * HOUR)), Err(AwsErrorKind::Denied)]);
    let public = TokenCacheKey { identity: Identity::Host, scope: TokenScope::EcrPublic };
    for _ in 0..10 {
        assert_eq!(world.provider.get(&public).await.unwrap_err().class, Class::Unavailable);
    }
    assert_eq!(world.calls(), 1);
    assert_eq!(world.get(REGION).await, ok("t1"), "failures of private registries are not cached");
    tokio::time::sleep(61 * SECOND).await;
    assert_eq!(world.provider.get(&public).await.unwrap_err().class, Class::Refused);
    assert_eq!(world.calls(), 3);
}
