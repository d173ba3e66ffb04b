//! Lookups and fetches of secrets.

use futures_util::future::{join, join_all};
use tokio::time::timeout;

use super::super::secret_provider::SecretProvider;
use super::*;
use crate::error::Class;
use crate::identity::{RoleSession, SessionName};
use crate::task::RoleParameter;

/// The age at which a secret is due for a refresh, for every random.
pub(super) const REFRESH_DUE: Duration = Duration::from_millis(299_999);

pub(super) type SecretResult = Result<&'static str, AwsErrorKind>;

pub(super) struct SecretWorld {
    pub store: Arc<FakeStore<&'static str>>,
    pub provider: SecretProvider<FakeStore<&'static str>>,
    host: SuspendableHost,
}

impl SecretWorld {
    pub(super) fn new(results: &[SecretResult]) -> Self {
        Self::with_observer(results, Arc::new(()))
    }

    fn with_observer(results: &[SecretResult], observer: Arc<dyn CredentialObserver>) -> Self {
        let (store, host) = (FakeStore::new(results), SuspendableHost::default());
        let provider = SecretProvider::new(Arc::clone(&store), CONFIG, host.clock(), observer);
        Self { store, provider, host }
    }

    /// A cache with space for all names of a secret.
    fn with_space(results: &[SecretResult]) -> Self {
        let (store, host) = (FakeStore::new(results), SuspendableHost::default());
        let config = CacheConfig { capacity: NonZeroUsize::new(9).unwrap(), ..CONFIG };
        let provider = SecretProvider::new(Arc::clone(&store), config, host.clock(), Arc::new(()));
        Self { store, provider, host }
    }

    /// The version id of a secret, and whether it is stale.
    pub(super) async fn get(&self, name: &str) -> Result<(String, bool), Class> {
        let provided = self.provider.get(&host_key(name)).await.map_err(|failure| failure.class)?;
        Ok((provided.secret.version.version_id.clone(), provided.stale.is_some()))
    }

    pub(super) fn reads(&self) -> usize {
        self.store.calls.load(Ordering::Relaxed)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
pub(super) fn fresh(version: &str) -> Result<(String, bool), Class> {
    Ok((version.to_owned(), false))
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
fn stale(version: &str) -> Result<(String, bool), Class> {
    Ok((version.to_owned(), true))
}

#[tokio::test(start_paused = true)]
async fn concurrent_callers_share_one_fetch_until_the_secret_expires() {
    let world = SecretWorld::new(&[Ok("v1"), Ok("v2")]);
    let results = join_all((0..50).map(|_| world.get("a"))).await;
    assert!(results.iter().all(|result| *result == fresh("v1")));
    tokio::time::sleep(223 * SECOND).await;
    assert_eq!(world.get("a").await, fresh("v1"));
    assert_eq!(world.reads(), 1);
    tokio::time::sleep(78 * SECOND).await;
    assert_eq!(world.get("a").await, fresh("v2"));
}

#[tokio::test(start_paused = true)]
async fn secret_in_use_is_refreshed_in_the_background() {
    let world = SecretWorld::new(&[Ok("v1"), Ok("v2"), Ok("v3")]);
    assert_eq!(world.get("a").await, fresh("v1"));
    for (current, next, reads) in [("v1", "v2", 2), ("v2", "v3", 3)] {
        tokio::time::sleep(REFRESH_DUE.checked_sub(SECOND).unwrap()).await;
        let asked = Instant::now();
        let both = [world.get("a").await, world.get("a").await];
        assert_eq!((both, asked.elapsed()), ([fresh(current), fresh(current)], Duration::ZERO));
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(world.get("a").await, fresh(next));
        assert_eq!(world.reads(), reads);
    }
}

#[tokio::test(start_paused = true)]
async fn moment_of_a_refresh_is_random() {
    let (mut early, mut late) = (0, 0);
    for _ in 0..100 {
        let world = SecretWorld::new(&[Ok("v1"), Ok("v2")]);
        world.get("a").await.unwrap();
        tokio::time::sleep(262 * SECOND).await;
        world.get("a").await.unwrap();
        tokio::time::sleep(2 * SECOND).await;
        *if world.reads() == 2 { &mut early } else { &mut late } += 1;
    }
    assert!(early > 10 && late > 10, "{early} early, {late} late");
}

#[tokio::test(start_paused = true)]
async fn evicted_secret_does_not_stay_in_memory() {
    let world = SecretWorld::new(&[Ok("v1"), Err(AwsErrorKind::Denied)]);
    let secret = Arc::downgrade(&world.provider.get(&host_key("hub")).await.unwrap().secret);
    tokio::time::advance(CONFIG.max_age).await;
    assert!(world.get("hub").await.is_err());
    assert!(secret.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn denied_refresh_evicts_the_secret() {
    let world = SecretWorld::new(&[Ok("v1"), Err(AwsErrorKind::Denied), Err(AwsErrorKind::Unavailable)]);
    assert_eq!(world.get("a").await, fresh("v1"));
    tokio::time::sleep(REFRESH_DUE).await;
    assert_eq!(world.get("a").await, fresh("v1"), "the denial is not known yet");
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(world.get("a").await, Err(Class::Unavailable), "no value is left to be used as stale");
}

#[tokio::test(start_paused = true)]
async fn fetch_outlives_a_cancelled_caller() {
    let world = SecretWorld::new(&[Ok("v1")]);
    assert!(timeout(SECOND / 2, world.get("a")).await.is_err());
    assert_eq!(world.get("a").await, fresh("v1"));
    assert_eq!(world.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn panic_in_the_store_fails_only_its_callers() {
    let world = SecretWorld::new(&[Ok("panic"), Ok("v1")]);
    let both = join(world.get("a"), world.get("a")).await;
    assert_eq!(both, (Err(Class::Unknown), Err(Class::Unknown)));
    assert_eq!(world.get("a").await, fresh("v1"));
}

#[tokio::test(start_paused = true)]
async fn outage_is_bridged_until_max_stale() {
    let unavailable = Err(AwsErrorKind::Unavailable);
    let world = SecretWorld::new(&[Ok("v1"), unavailable, unavailable, unavailable]);
    assert_eq!(world.get("a").await, fresh("v1"));
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(world.get("a").await, stale("v1"));
    tokio::time::sleep(3_200 * SECOND).await;
    assert_eq!(world.get("a").await, stale("v1"));
    tokio::time::sleep(200 * SECOND).await;
    assert_eq!(world.get("a").await, Err(Class::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn pulls_do_not_each_wait_for_an_outage() {
    let world = SecretWorld::new(&[Ok("v1"), Err(AwsErrorKind::Unavailable)]);
    assert_eq!(world.get("a").await, fresh("v1"));
    tokio::time::sleep(600 * SECOND).await;
    let asked = Instant::now();
    for _ in 0..100 {
        assert_eq!(world.get("a").await, stale("v1"));
    }
    assert_eq!((asked.elapsed(), world.reads()), (SECOND, 2));
}

#[tokio::test(start_paused = true)]
async fn failure_after_max_stale_states_the_age() {
    let unavailable = Err(AwsErrorKind::Unavailable);
    let world = SecretWorld::new(&[Ok("v1"), unavailable, unavailable]);
    assert_eq!(world.get("a").await, fresh("v1"));
    tokio::time::sleep(3_900 * SECOND).await;
    for age in ["1h 5m 1s", "1h 5m 2s"] {
        let failure = world.provider.get(&host_key("a")).await.unwrap_err();
        assert!(failure.message.as_str().contains(&format!("last read {age} ago")), "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn denial_is_not_bridged() {
    let world = SecretWorld::new(&[Ok("v1"), Err(AwsErrorKind::Denied), Err(AwsErrorKind::Unavailable)]);
    assert_eq!(world.get("a").await, fresh("v1"));
    tokio::time::sleep(301 * SECOND).await;
    assert_eq!(world.get("a").await, Err(Class::Refused));
    assert_eq!(world.get("a").await, Err(Class::Unavailable), "the value was evicted");
}

#[tokio::test(start_paused = true)]
async fn identities_do_not_share_an_entry() {
    let world = SecretWorld::new(&[Ok("v1"), Err(AwsErrorKind::Denied)]);
    assert_eq!(world.get("a").await, fresh("v1"));
    let role = RoleParameter::parse("arn:aws:iam::111122223333:role/other").unwrap();
    let identity = Identity::ExecutionRole(RoleSession { role, name: SessionName::from_family(None) });
    let other = world.provider.get(&SecretCacheKey { identity, ..host_key("a") }).await;
    assert_eq!(other.unwrap_err().class, Class::Refused);
}

#[tokio::test(start_paused = true)]
async fn full_cache_evicts_the_oldest_secret() {
    let world = SecretWorld::new(&[Ok("a1"), Ok("b1"), Ok("c1"), Ok("a2")]);
    for (name, version) in [("a", "a1"), ("b", "b1"), ("c", "c1"), ("b", "b1"), ("a", "a2")] {
        assert_eq!(world.get(name).await, fresh(version), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn abandoned_fetches_return_their_permits() {
    let world = SecretWorld::new(&[Ok("v1"); 41]);
    for index in 0..40 {
        assert!(timeout(SECOND / 4, world.get(&format!("s{index}"))).await.is_err());
    }
    assert_eq!(world.get("another").await, fresh("v1"));
}

#[tokio::test(start_paused = true)]
async fn outage_of_the_host_identity_is_bridged() {
    let world = SecretWorld::new(&[Ok("v1"), Err(AwsErrorKind::NoHostIdentity)]);
    assert_eq!(world.get("a").await, fresh("v1"));
    tokio::time::sleep(301 * SECOND).await;
    assert_eq!(world.get("a").await, stale("v1"));
}

#[tokio::test(start_paused = true)]
async fn silent_region_does_not_delay_other_regions() {
    let world = SecretWorld::new(&[Ok("v1"), Ok("v1")]);
    let arn = |region: &str, index| format!("arn:aws:secretsmanager:{region}:111122223333:secret:s{index}-Ab12Cd");
    let silent = join_all((0..40).map(|index| {
        let (world, arn) = (&world, arn(SILENT_REGION, index));
        async move { world.get(&arn).await }
    }));
    let started = Instant::now();
    let others = async {
        let results = (world.get(&arn("eu-west-2", 0)).await, world.get("named").await);
        (results, started.elapsed())
    };
    let (silent, others) = join(silent, others).await;
    assert_eq!(others, ((fresh("v1"), fresh("v1")), 2 * SECOND));
    assert!(silent.iter().all(|result| *result == Err(Class::TimedOut)));
    assert_eq!(started.elapsed(), 10 * SECOND, "the deadline holds although the store ignores it");
}

#[tokio::test(start_paused = true)]
async fn time_in_suspension_counts_for_the_age() {
    let unavailable = || Err(AwsErrorKind::Unavailable);
    let world = SecretWorld::new(&[Ok("v1"), Ok("v2"), unavailable(), unavailable()]);
    assert_eq!(world.get("a").await, fresh("v1"));
    world.host.suspend(301 * SECOND);
    assert_eq!(world.get("a").await, fresh("v2"));
    world.host.suspend(700 * SECOND);
    assert_eq!(world.get("a").await, stale("v2"));
    world.host.suspend(5_000 * SECOND);
    assert_eq!(world.get("a").await, Err(Class::Unavailable));
}

#[derive(Debug, Default)]
struct RecordingObserver(Mutex<Vec<(CredentialOrigin, u64)>>);

impl crate::aws::CallObserver for RecordingObserver {}

impl CredentialObserver for RecordingObserver {
    fn credential_provided(&self, provided: &ProvidedCredential) {
        self.0.lock().push((provided.source, provided.age.as_secs()));
    }
}

#[tokio::test(start_paused = true)]
async fn observer_gets_the_source_and_the_age() {
    let observer = Arc::new(RecordingObserver::default());
    let world = SecretWorld::with_observer(&[Ok("v1"), Err(AwsErrorKind::Unavailable)], observer.clone());
    world.get("a").await.unwrap();
    tokio::time::sleep(10 * SECOND).await;
    world.get("a").await.unwrap();
    tokio::time::sleep(300 * SECOND).await;
    world.get("a").await.unwrap();
    let provided = std::mem::take(&mut *observer.0.lock());
    assert_eq!(
        provided,
        [(CredentialOrigin::Fetch, 0), (CredentialOrigin::Cache, 10), (CredentialOrigin::StaleCache, 311)]
    );
}

const FULL: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/registry-AbCdEf";
const PARTIAL: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/registry";
const NAME: &str = "team/registry";

#[tokio::test(start_paused = true)]
async fn secret_is_read_once_under_all_its_names() {
    for names in [[NAME, FULL, PARTIAL], [NAME, PARTIAL, FULL]] {
        let world = SecretWorld::with_space(&[Ok("full v1")]);
        let results = join_all(names.iter().map(|name| world.get(name))).await;
        assert!(results.iter().all(|result| *result == fresh("full v1")), "{results:?}");
        assert_eq!(world.reads(), 1, "{names:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn name_is_read_once_more_until_the_host_is_known() {
    let world = SecretWorld::with_space(&[Ok("full v1"), Ok("full v1")]);
    join_all([FULL, PARTIAL, NAME].iter().map(|name| world.get(name))).await;
    assert_eq!(world.reads(), 2, "the host's account and Region are known after the read by name");
    let world = SecretWorld::with_space(&[Ok("full v1"), Ok("full v2")]);
    world.get(NAME).await.unwrap();
    tokio::time::sleep(400 * SECOND).await;
    let results = join_all([FULL, PARTIAL, NAME].iter().map(|name| world.get(name))).await;
    assert!(results.iter().all(|result| *result == fresh("full v2")), "{results:?}");
    assert_eq!(world.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn denial_under_one_name_says_nothing_about_another() {
    let world = SecretWorld::with_space(&[Err(AwsErrorKind::Denied), Ok("full v1")]);
    let (by_name, by_arn) = join(world.get(NAME), world.get(FULL)).await;
    assert_eq!((by_name, by_arn), (Err(Class::Refused), fresh("full v1")));
}

#[tokio::test(start_paused = true)]
async fn similar_names_of_other_secrets_are_read_on_their_own() {
    let world = SecretWorld::with_space(&[Ok("full v1"), Ok("other v1")]);
    let other = FULL.replace("AbCdEf", "GhIjKl");
    let results = join(world.get(FULL), world.get(&other)).await;
    assert_eq!((results, world.reads()), ((fresh("full v1"), fresh("other v1")), 2));
}
