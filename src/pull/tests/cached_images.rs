//! Tests of cached images: when they are used, and for which task.

use tokio_util::sync::CancellationToken;

use super::fake_engine::{
    Anonymous, DIGEST, FakeEngine, NoObserver, NotRefreshable, SECOND, Script, backoff, busy, class, digest, kind,
    limits, local_image, planned, planned_through_rule, pull, refused, two_permits,
};
use crate::config::{Behavior, RefusalAction};
use crate::engine::EngineError;
use crate::error::{Class, Link};
use crate::plan::{HostLogin, HostLoginSource, Need, PlannedPull};
use crate::pull::{CachePolicy, Deadlines, PullLimits, PullOutcome, PullResultKind, run};

/// Runs the pull of one image with these cache settings and one attempt.
async fn pull_app(cache_policy: CachePolicy, fake: FakeEngine) -> PullOutcome {
    let limits = PullLimits { cache_policy, backoff: backoff(SECOND, 1), ..limits() };
    pull(fake, &["app"], &limits, &CancellationToken::new()).await.0.remove(0)
}

fn with_behavior(behavior: Behavior) -> CachePolicy {
    CachePolicy { behavior, ..CachePolicy::default() }
}

#[tokio::test(start_paused = true)]
async fn cached_image_is_used_when_the_registry_is_unavailable() {
    let down = || FakeEngine::default().script("app", vec![busy(0)]).with_local("app", DIGEST);
    let outcome = pull_app(with_behavior(Behavior::Default), down()).await;
    let PullResultKind::Cached { verified: false, pull_failure: Some(failure) } = kind(&outcome) else {
        panic!("{outcome:?}")
    };
    assert_eq!(failure.class, Class::Unavailable);
    assert_eq!(outcome.result.unwrap().digest.as_deref(), Some(DIGEST));
    assert_eq!(class(&pull_app(with_behavior(Behavior::Always), down()).await), Some(Class::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn refusal_is_final_even_with_a_cached_image() {
    let refusing = || FakeEngine::default().script("app", refused()).with_local("app", DIGEST);
    assert_eq!(class(&pull_app(with_behavior(Behavior::Default), refusing()).await), Some(Class::Refused));
    let lenient = CachePolicy { on_refusal: RefusalAction::UseCached, ..CachePolicy::default() };
    assert!(matches!(kind(&pull_app(lenient, refusing()).await), PullResultKind::Cached { pull_failure: Some(_), .. }));
}

#[tokio::test(start_paused = true)]
async fn usable_cached_image_needs_no_pull() {
    for behavior in [Behavior::Once, Behavior::PreferCached] {
        let outcome = pull_app(with_behavior(behavior), FakeEngine::default().with_local("app", DIGEST)).await;
        assert_eq!(kind(&outcome), PullResultKind::Cached { verified: false, pull_failure: None });
        assert_eq!(outcome.attempts, 0);
        let outcome = pull_app(with_behavior(behavior), FakeEngine::default().script("app", vec![digest(0)])).await;
        assert_eq!(kind(&outcome), PullResultKind::Fetched, "without a cached image it is pulled");
    }
}

/// Adds a local image, and the script of its verification, which names it by digest.
fn verifying(fake: FakeEngine, script: Script) -> FakeEngine {
    let name = format!("docker.io/library/app@{DIGEST}");
    fake.scripts.lock().unwrap().insert(name, vec![script]);
    fake.with_local("app", DIGEST)
}

#[tokio::test(start_paused = true)]
async fn verified_cached_image_is_used_only_if_the_registry_accepts_the_credential() {
    let strict = CachePolicy { verify_access: Some(true), ..with_behavior(Behavior::PreferCached) };
    let outcome = pull_app(strict, verifying(FakeEngine::default(), vec![digest(0)])).await;
    assert_eq!(kind(&outcome), PullResultKind::Cached { verified: true, pull_failure: None });
    assert_eq!(class(&pull_app(strict, verifying(FakeEngine::default(), refused())).await), Some(Class::Refused));
    let down = pull_app(strict, verifying(FakeEngine::default(), vec![busy(0)])).await;
    assert_eq!(class(&down), Some(Class::Unavailable), "the registry has not accepted the credential");
    let absent =
        EngineError::ErrorMessage { status: 404, code: None, text: "manifest unknown: manifest unknown".to_owned() };
    let moved = verifying(FakeEngine::default(), vec![(SECOND, Err(absent))]).script("app", vec![digest(0)]);
    assert_eq!(
        kind(&pull_app(strict, moved).await),
        PullResultKind::Fetched,
        "an image that the registry no longer has is pulled again"
    );
}

#[tokio::test(start_paused = true)]
async fn verification_and_pull_share_one_deadline() {
    let absent =
        EngineError::ErrorMessage { status: 404, code: None, text: "manifest unknown: manifest unknown".to_owned() };
    let fake = verifying(FakeEngine::default(), vec![(60 * SECOND, Err(absent))]).script("app", vec![digest(60)]);
    let cache_policy = CachePolicy { verify_access: Some(true), ..with_behavior(Behavior::PreferCached) };
    let deadlines = Deadlines { begin: 90 * SECOND, ..limits().deadlines };
    let limits = PullLimits { cache_policy, deadlines, ..limits() };
    let (outcomes, _) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), outcomes[0].duration), (Some(Class::TimedOut), 100 * SECOND), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn all_pulls_of_one_tag_use_the_cached_image() {
    let login = HostLogin { source: HostLoginSource::DockerConfig, scope: "a".to_owned() };
    let pulls = [Need::Anonymous, Need::HostLogin(login)].map(|need| PlannedPull { need, ..planned("app") });
    let fake = verifying(FakeEngine::default(), vec![busy(0)]).script("app", vec![busy(0)]);
    fake.local.lock().unwrap().insert(format!("docker.io/library/app@{DIGEST}"), local_image(DIGEST));
    let fake: &'static FakeEngine = Box::leak(Box::new(fake));
    let limits = PullLimits { backoff: backoff(SECOND, 1), ..limits() };
    let outcomes =
        run(pulls.to_vec(), &Anonymous, &fake, &two_permits(), &limits, &NoObserver, &CancellationToken::new()).await;
    for outcome in outcomes {
        assert!(matches!(kind(&outcome), PullResultKind::Cached { pull_failure: Some(_), .. }), "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn provisional_refusal_leads_to_no_cached_image_and_no_fallback() {
    let fake: &'static FakeEngine =
        Box::leak(Box::new(FakeEngine::default().script("rule", refused()).with_local("app", DIGEST)));
    let interrupt = CancellationToken::new();
    let outcomes = run(
        vec![planned_through_rule("app")],
        &NotRefreshable,
        &fake,
        &two_permits(),
        &limits(),
        &NoObserver,
        &interrupt,
    )
    .await;
    let failure = outcomes[0].result.as_ref().unwrap_err();
    assert_eq!((failure.link, failure.class), (Link::Secret, Class::Unavailable), "{failure:?}");
    assert!(failure.caused_by[0].as_str().contains("the registry does not accept these credentials"), "{failure:?}");
    assert!(outcomes[0].fallback.is_none());
}
