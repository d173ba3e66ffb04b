//! The resolver under paused time, with a store that answers what it is told.

mod refusals;

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::aws::{Ciphertext, RegistryToken, SecretValue};
use crate::credential::cache::boot_clock::tests::SUSPENDED;
use crate::error::Class;

const SECOND: Duration = Duration::from_secs(1);

/// A value of this age is due to be asked for again, whatever chance has said.
const DUE: Duration = Duration::from_millis(299_999);

static IMAGE: LazyLock<ImageReference> = LazyLock::new(|| ImageReference::parse("registry.example/app").unwrap());

/// Nobody answers there.
const SILENT: &str = "eu-west-1";

/// Answers what it is told, a second after it was asked.
struct Store {
    /// `"panic"` is one, and `"late"` is on its way for five seconds more.
    answers: Mutex<VecDeque<Result<&'static str, AwsErrorKind>>>,
    reads: AtomicUsize,
}

impl SecretStore for Store {
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

    fn deadline(&self) -> Duration {
        10 * SECOND
    }

    async fn read(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        _: Instant,
    ) -> Result<SecretVersion, AwsError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if secret.region().is_some_and(|region| region.as_str() == SILENT) {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(SECOND).await;
        let answer = self.answers.lock().unwrap().pop_front().expect("a read that was expected");
        assert_ne!(answer, Ok("panic"), "as a library might");
        if answer == Ok("late") {
            tokio::time::sleep(5 * SECOND).await;
        }
        answer.map_err(|fault| AwsError::for_secret(secret, identity, fault)).map(|version| SecretVersion {
            arn: "arn".to_owned(),
            version_id: version.to_owned(),
            stage: None,
            requests: Vec::new(),
            value: SecretValue::Text(Secret::new("{}".to_owned())),
        })
    }
}

impl TokenStore for Store {
    async fn token(&self, _: &Identity, _: &TokenScope, _: Instant) -> Result<RegistryToken, AwsError> {
        unreachable!("no image here is in ECR")
    }
}

fn resolver(answers: &[Result<&'static str, AwsErrorKind>]) -> CachingCredentialProvider<Store> {
    let store = Store { answers: Mutex::new(answers.iter().copied().collect()), reads: AtomicUsize::new(0) };
    let entries = NonZeroUsize::new(2).unwrap();
    CachingCredentialProvider::new(
        Arc::new(store),
        CacheConfig { max_age: 300 * SECOND, max_stale: 3_600 * SECOND, entries },
        AccessTokens::Refuse,
        Arc::new(no_logins()),
    )
}

fn no_logins() -> HostLogins {
    let settings = crate::credential::host_logins::HostLoginSettings {
        host: crate::config::HostKind::Auto,
        has_auth_type: false,
        auth_data: None,
        docker_config: None,
        helper_timeout: SECOND,
    };
    HostLogins::read(&settings).unwrap()
}

/// The secret of this name, as the host reads it.
fn hosts(name: &str) -> CacheKey {
    (Identity::Host, CredentialsParameter::parse(name).unwrap())
}

async fn get(resolver: &CachingCredentialProvider<Store>, name: &str) -> Result<(String, bool), Class> {
    let held = resolver.version(&hosts(name)).await.map_err(|failure| failure.class)?;
    Ok((held.version.version_id.clone(), held.stale().is_some()))
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
fn fresh(version: &str) -> Result<(String, bool), Class> {
    Ok((version.to_owned(), false))
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
fn stale(version: &str) -> Result<(String, bool), Class> {
    Ok((version.to_owned(), true))
}

fn reads(resolver: &CachingCredentialProvider<Store>) -> usize {
    resolver.store.reads.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_one_read_and_its_age_is_its_bound() {
    let resolver = resolver(&[Ok("v1"), Ok("v2")]);
    let all = futures_util::future::join_all((0..50).map(|_| get(&resolver, "a"))).await;
    assert!(all.iter().all(|one| *one == fresh("v1")));
    tokio::time::sleep(223 * SECOND).await;
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    assert_eq!(reads(&resolver), 1);
    tokio::time::sleep(78 * SECOND).await;
    assert_eq!(get(&resolver, "a").await, fresh("v2"));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_use_is_read_again_before_its_time_and_nobody_waits_for_it() {
    let resolver = resolver(&[Ok("v1"), Ok("v2")]);
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    tokio::time::sleep(DUE).await;
    let asked = Instant::now();
    let both = [get(&resolver, "a").await, get(&resolver, "a").await];
    assert_eq!((both, asked.elapsed()), ([fresh("v1"), fresh("v1")], Duration::ZERO));
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(get(&resolver, "a").await, fresh("v2"), "it came after the first one's time was over");
    assert_eq!(reads(&resolver), 2);
}

#[tokio::test(start_paused = true)]
async fn when_it_is_read_again_is_left_to_chance() {
    let (mut early, mut late) = (0, 0);
    for _ in 0..100 {
        let resolver = resolver(&[Ok("v1"), Ok("v2")]);
        get(&resolver, "a").await.unwrap();
        tokio::time::sleep(262 * SECOND).await;
        get(&resolver, "a").await.unwrap();
        tokio::time::sleep(2 * SECOND).await;
        *if reads(&resolver) == 2 { &mut early } else { &mut late } += 1;
    }
    assert!(early > 10 && late > 10, "{early} early, {late} late");
}

#[tokio::test(start_paused = true)]
async fn a_denial_ahead_of_time_ends_the_value_too() {
    let resolver = resolver(&[Ok("v1"), Err(AwsErrorKind::Denied), Err(AwsErrorKind::Unavailable)]);
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    tokio::time::sleep(DUE).await;
    assert_eq!(get(&resolver, "a").await, fresh("v1"), "the denial is not known yet");
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(get(&resolver, "a").await, Err(Class::Unavailable), "there is nothing left to be stale");
}

#[tokio::test(start_paused = true)]
async fn a_read_outlives_whoever_began_it() {
    let resolver = resolver(&[Ok("v1")]);
    let began = tokio::time::timeout(SECOND / 2, get(&resolver, "a")).await;
    assert!(began.is_err(), "the first one gave up");
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    assert_eq!(reads(&resolver), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_those_who_waited_and_nobody_else() {
    let resolver = resolver(&[Ok("panic"), Ok("v1")]);
    let all = futures_util::future::join(get(&resolver, "a"), get(&resolver, "a")).await;
    assert_eq!(all, (Err(Class::Unknown), Err(Class::Unknown)));
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_bridged_within_its_bound_and_said() {
    let down = Err(AwsErrorKind::Unavailable);
    let resolver = resolver(&[Ok("v1"), down, down, down]);
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(get(&resolver, "a").await, stale("v1"));
    tokio::time::sleep(3_200 * SECOND).await;
    assert_eq!(get(&resolver, "a").await, stale("v1"));
    tokio::time::sleep(200 * SECOND).await;
    assert_eq!(get(&resolver, "a").await, Err(Class::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn an_outage_costs_one_wait_and_not_one_for_each_pull() {
    let resolver = resolver(&[Ok("v1"), Err(AwsErrorKind::Unavailable)]);
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    tokio::time::sleep(600 * SECOND).await;
    let asked = Instant::now();
    for _ in 0..100 {
        assert_eq!(get(&resolver, "a").await, stale("v1"));
    }
    assert_eq!((asked.elapsed(), reads(&resolver)), (SECOND, 2));
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_the_last_bound_says_since_when() {
    let down = Err(AwsErrorKind::Unavailable);
    let resolver = resolver(&[Ok("v1"), down, down]);
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    tokio::time::sleep(3_900 * SECOND).await;
    let secret = hosts("a");
    for ago in ["1h 5m 1s", "1h 5m 2s"] {
        let failure = resolver.version(&secret).await.unwrap_err();
        assert!(failure.message.as_str().contains(&format!("last read {ago} ago")), "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_served_after_a_denial() {
    let resolver = resolver(&[Ok("v1"), Err(AwsErrorKind::Denied), Err(AwsErrorKind::Unavailable)]);
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    tokio::time::sleep(301 * SECOND).await;
    assert_eq!(get(&resolver, "a").await, Err(Class::Refused));
    assert_eq!(get(&resolver, "a").await, Err(Class::Unavailable), "the old value is forgotten");
}

#[tokio::test(start_paused = true)]
async fn another_identity_is_another_read() {
    let resolver = resolver(&[Ok("v1"), Err(AwsErrorKind::Denied)]);
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    let role = crate::task::RoleArn::parse("arn:aws:iam::111122223333:role/other").unwrap();
    let (_, secret) = hosts("a");
    let role = crate::identity::RoleSession { role, name: crate::identity::SessionName::from_family(None) };
    let other = resolver.version(&(Identity::ExecutionRole(role), secret)).await;
    assert_eq!(other.unwrap_err().class, Class::Refused);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_makes_room() {
    let resolver = resolver(&[Ok("a1"), Ok("b1"), Ok("c1"), Ok("a2")]);
    for (name, version) in [("a", "a1"), ("b", "b1"), ("c", "c1"), ("b", "b1"), ("a", "a2")] {
        assert_eq!(get(&resolver, name).await, fresh(version), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn reads_that_everybody_has_left_give_their_turns_back() {
    let resolver = resolver(&[Ok("v1"); 41]);
    for at in 0..40 {
        let left = tokio::time::timeout(SECOND / 4, get(&resolver, &format!("s{at}"))).await;
        assert!(left.is_err());
    }
    assert_eq!(get(&resolver, "another").await, fresh("v1"));
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_hosts_own_identity_is_bridged_too() {
    let resolver = resolver(&[Ok("v1"), Err(AwsErrorKind::NoHostIdentity)]);
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    tokio::time::sleep(301 * SECOND).await;
    assert_eq!(get(&resolver, "a").await, stale("v1"));
}

#[test]
fn a_read_that_was_lost_with_its_runtime_is_not_the_last_one() {
    let resolver = resolver(&[Ok("v1")]);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime().block_on(async { tokio::time::timeout(SECOND / 2, get(&resolver, "a")).await.unwrap_err() });
    let another = runtime();
    assert_eq!(another.block_on(get(&resolver, "a")), Err(Class::Unknown), "it was lost");
    assert_eq!(another.block_on(get(&resolver, "a")), fresh("v1"));
}

#[tokio::test(start_paused = true)]
async fn a_region_that_does_not_answer_holds_nobody_up_elsewhere() {
    let resolver = resolver(&[Ok("v1"), Ok("v1")]);
    let arn = |region: &str, at| format!("arn:aws:secretsmanager:{region}:111122223333:secret:s{at}-Ab12Cd");
    let silent = futures_util::future::join_all((0..40).map(|at| {
        let (resolver, arn) = (&resolver, arn(SILENT, at));
        async move { get(resolver, &arn).await }
    }));
    let begun = Instant::now();
    let elsewhere = async {
        let found = (get(&resolver, &arn("eu-west-2", 0)).await, get(&resolver, "named").await);
        (found, begun.elapsed())
    };
    let (silent, elsewhere) = futures_util::future::join(silent, elsewhere).await;
    assert_eq!(elsewhere, ((fresh("v1"), fresh("v1")), 2 * SECOND));
    assert!(silent.iter().all(|one| *one == Err(Class::TimedOut)));
    assert_eq!(begun.elapsed(), 10 * SECOND, "the store has not heard of its deadline, and it holds");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_was_suspended_serves_nothing_that_is_older_than_it_may_be() {
    let outage = || Err(AwsErrorKind::Unavailable);
    let resolver = resolver(&[Ok("v1"), Ok("v2"), outage(), outage()]);
    assert_eq!(get(&resolver, "a").await, fresh("v1"));
    SUSPENDED.set(301 * SECOND);
    assert_eq!(get(&resolver, "a").await, fresh("v2"), "it is asked for again");
    SUSPENDED.set(700 * SECOND);
    assert_eq!(get(&resolver, "a").await, stale("v2"));
    SUSPENDED.set(5_000 * SECOND);
    assert_eq!(get(&resolver, "a").await, Err(Class::Unavailable));
}

/// Keeps what it is told.
#[derive(Debug, Default)]
struct Watching(Mutex<Vec<(ServedFrom, u64)>>);

impl crate::aws::CallObserver for Watching {}

impl CredentialObserver for Watching {
    fn credential_served(&self, served: &CredentialServed) {
        self.0.lock().unwrap().push((served.source, served.age.as_secs()));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_watches_is_told_where_a_value_came_from_and_how_old_it_was() {
    let watch = Arc::new(Watching::default());
    let resolver = resolver(&[Ok("v1"), Err(AwsErrorKind::Unavailable)]).watched_by(watch.clone());
    get(&resolver, "a").await.unwrap();
    tokio::time::sleep(10 * SECOND).await;
    get(&resolver, "a").await.unwrap();
    tokio::time::sleep(300 * SECOND).await;
    get(&resolver, "a").await.unwrap();
    let told = std::mem::take(&mut *watch.0.lock().unwrap());
    assert_eq!(told, [(ServedFrom::Fetch, 0), (ServedFrom::Cache, 10), (ServedFrom::StaleCache, 311)]);
}
