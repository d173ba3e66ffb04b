//! A registry refused the login in a secret.

use futures_util::future::join_all;

use super::secrets::{REFRESH_DUE, SecretResult, SecretWorld, fresh};
use super::*;
use crate::error::{Class, Failure};

const IMAGE: &str = "registry.example/app";

/// A world whose secret `a` has been fetched and sent.
struct RefusedWorld {
    world: SecretWorld,
    refused: Arc<CachedSecret>,
    sent_at: Instant,
}

impl RefusedWorld {
    async fn new(results: &[SecretResult]) -> Self {
        let world = SecretWorld::new(results);
        let refused = world.provider.get(&host_key("a")).await.unwrap().secret;
        Self { world, refused, sent_at: Instant::now() }
    }

    /// The version id of the newer secret after a refusal of the value that was sent at `sent_at`.
    async fn refresh(&self, sent_at: Instant) -> Result<Option<String>, Arc<Failure>> {
        let provider = &self.world.provider;
        let newer = provider.refresh_after_refusal(&host_key("a"), &image(IMAGE), &self.refused, sent_at).await?;
        Ok(newer.map(|newer| newer.secret.version.version_id.clone()))
    }

    fn quarantine_reason(&self, name: &str) -> Option<Arc<Failure>> {
        self.world.provider.quarantine_reason(&host_key("a"), &image(name), &self.refused)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with options")]
fn newer(version: &str) -> Option<String> {
    Some(version.to_owned())
}

#[tokio::test(start_paused = true)]
async fn concurrent_refusals_share_one_fetch() {
    let refused = RefusedWorld::new(&[Ok("v1"), Ok("v2")]).await;
    let results = join_all((0..10).map(|_| refused.refresh(refused.sent_at))).await;
    assert!(results.into_iter().all(|result| result.unwrap() == newer("v2")));
    assert_eq!(refused.refresh(refused.sent_at).await.unwrap(), newer("v2"), "a late refusal fetches nothing");
    assert_eq!(refused.world.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn value_sent_after_the_last_fetch_is_fetched_again() {
    let refused = RefusedWorld::new(&[Ok("v1"), Ok("v1"), Ok("v2")]).await;
    assert_eq!(refused.refresh(refused.sent_at).await.unwrap(), None);
    tokio::time::sleep(6 * SECOND).await;
    assert_eq!(refused.refresh(Instant::now()).await.unwrap(), newer("v2"));
}

#[tokio::test(start_paused = true)]
async fn unchanged_version_makes_a_refusal_final() {
    let refused = RefusedWorld::new(&[Ok("v1"), Ok("v1"), Err(AwsErrorKind::Unavailable)]).await;
    for _ in 0..2 {
        assert_eq!(refused.refresh(refused.sent_at).await.unwrap(), None);
    }
    assert_eq!(refused.world.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn fetch_started_before_a_refusal_is_no_answer_to_it() {
    // The refresh is answered before the rotation, and arrives after the refusal.
    let world = SecretWorld::new(&[Ok("v1"), Ok("late"), Ok("v2")]);
    world.get("a").await.unwrap();
    tokio::time::sleep(REFRESH_DUE).await;
    let refused = world.provider.get(&host_key("a")).await.unwrap().secret;
    tokio::time::sleep(2 * SECOND).await;
    let refused = RefusedWorld { world, refused, sent_at: Instant::now() };
    assert_eq!(refused.refresh(refused.sent_at).await.unwrap(), newer("v2"));
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(refused.world.get("a").await, fresh("v2"), "the late result must not replace the newer one");
}

#[tokio::test(start_paused = true)]
async fn refresh_that_ended_before_a_refusal_is_no_answer_to_it() {
    let world = SecretWorld::new(&[Ok("v1"), Ok("v1"), Ok("v2")]);
    world.get("a").await.unwrap();
    tokio::time::sleep(REFRESH_DUE).await;
    let refused = world.provider.get(&host_key("a")).await.unwrap().secret;
    tokio::time::sleep(SECOND / 10).await;
    let refused = RefusedWorld { world, refused, sent_at: Instant::now() };
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(refused.refresh(refused.sent_at).await.unwrap(), newer("v2"));
}

#[tokio::test(start_paused = true)]
async fn refusal_of_a_long_pull_fetches_again() {
    let refused = RefusedWorld::new(&[Ok("v1"), Ok("v1"), Ok("v2")]).await;
    assert_eq!(refused.refresh(refused.sent_at).await.unwrap(), None);
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(refused.refresh(refused.sent_at).await.unwrap(), newer("v2"));
}

#[tokio::test(start_paused = true)]
async fn value_refused_in_an_outage_is_quarantined_for_its_repository() {
    let unavailable = Err(AwsErrorKind::Unavailable);
    let refused = RefusedWorld::new(&[Ok("v1"), unavailable, unavailable, Ok("v2")]).await;
    let failure = refused.refresh(refused.sent_at).await.unwrap_err();
    let end = "; the value read 1s ago was refused for registry.example/app";
    assert!(failure.is_outage() && failure.message.as_str().ends_with(end), "{failure:?}");
    for image in [IMAGE, "registry.example/app:other"] {
        assert!(refused.quarantine_reason(image).is_some_and(|failure| failure.is_outage()), "{image}");
    }
    assert!(refused.quarantine_reason("registry.example/other").is_none());
    // A lookup during the pause fetches nothing; one after the pause waits for the fetch.
    for _ in 0..100 {
        assert_eq!(refused.world.get("a").await, fresh("v1"));
    }
    for (version, reads) in [("v1", 3), ("v2", 4)] {
        tokio::time::sleep(5 * SECOND).await;
        assert_eq!((refused.world.get("a").await, refused.world.reads()), (fresh(version), reads));
    }
    assert!(refused.quarantine_reason(IMAGE).is_none(), "the new version ends the quarantine");
}

#[tokio::test(start_paused = true)]
async fn value_confirmed_after_quarantine_is_sent_once_more() {
    let mut refused = RefusedWorld::new(&[Ok("v1"), Err(AwsErrorKind::Throttled), Ok("v1"), Ok("v1")]).await;
    refused.refresh(refused.sent_at).await.unwrap_err();
    tokio::time::sleep(5 * SECOND).await;
    refused.refused = refused.world.provider.get(&host_key("a")).await.unwrap().secret;
    assert_eq!(refused.refresh(Instant::now()).await.unwrap(), None);
    assert_eq!(refused.world.reads(), 3, "a second refusal is final without a fetch");
    tokio::time::sleep(6 * SECOND).await;
    assert_eq!(refused.refresh(Instant::now()).await.unwrap(), None);
    assert_eq!(refused.world.reads(), 4, "after that the secret may have been rotated");
}

/// A policy that is changed after the secret was read under one name.
#[tokio::test(start_paused = true)]
async fn denied_secret_is_not_provided_under_another_name() {
    const FULL: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/registry-AbCdEf";
    const PARTIAL: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/registry";
    let denied = Err(AwsErrorKind::Denied);
    let world = SecretWorld::new(&[Ok("full v1"), Ok("full v1"), denied, denied, Err(AwsErrorKind::Unavailable)]);
    assert_eq!(world.get(PARTIAL).await, fresh("full v1"));
    tokio::time::sleep(150 * SECOND).await;
    let refused = world.provider.get(&host_key(PARTIAL)).await.unwrap().secret;
    let refresh = |name: &'static str| {
        let (world, refused) = (&world, Arc::clone(&refused));
        async move {
            let (key, image) = (host_key(name), image("app"));
            let refresh = world.provider.refresh_after_refusal(&key, &image, &refused, Instant::now());
            refresh.await.map(|secret| secret.is_some()).map_err(|failure| failure.class)
        }
    };
    assert_eq!(refresh(FULL).await, Ok(false), "both names have the secret now");
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(refresh(PARTIAL).await, Err(Class::Refused));
    assert_eq!(world.get(PARTIAL).await, Err(Class::Refused));
    assert_eq!(world.get(FULL).await, Err(Class::Unavailable), "no value is left under the other name");
}
