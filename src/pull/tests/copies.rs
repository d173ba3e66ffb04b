//! Copies on the engine, and whom they serve.

use std::num::NonZeroU32;

use tokio_util::sync::CancellationToken;

use super::world::{
    DIGEST, Doubted, Fake, Nobody, NoneNeeded, SECOND, Script, behind_a_rule, busy, class, copy, digest, how, limits,
    planned, pull, refused, two_at_once,
};
use crate::config::{Behavior, OnRefusal};
use crate::engine::EngineError;
use crate::error::{Class, Link};
use crate::plan::{HostLogin, HostLoginSource, Need, PlannedPull};
use crate::pull::{Caching, Deadlines, PullLimits, PullOutcome, PullResultKind, run};
use crate::retry::Backoff;

/// The one image of a run with this behavior.
async fn with(caching: Caching, fake: Fake) -> PullOutcome {
    let limits = PullLimits {
        caching,
        backoff: Backoff::exponential(SECOND, SECOND).with_attempts(NonZeroU32::MIN),
        ..limits()
    };
    pull(fake, &["app"], &limits, &CancellationToken::new()).await.0.remove(0)
}

fn behaving(behavior: Behavior) -> Caching {
    Caching { behavior, ..Caching::default() }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_down_is_no_reason_to_do_without_an_image_that_is_there() {
    let down = || Fake::default().on("app", vec![busy(0)]).having("app", DIGEST);
    let outcome = with(behaving(Behavior::Default), down()).await;
    let PullResultKind::Cached { verified: false, instead_of: Some(failure) } = how(&outcome) else {
        panic!("{outcome:?}")
    };
    assert_eq!(failure.class, Class::Unavailable);
    assert_eq!(outcome.result.unwrap().digest.as_deref(), Some(DIGEST));
    assert_eq!(class(&with(behaving(Behavior::Always), down()).await), Some(Class::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_whatever_is_there() {
    let refusing = || Fake::default().on("app", refused()).having("app", DIGEST);
    assert_eq!(class(&with(behaving(Behavior::Default), refusing()).await), Some(Class::Refused));
    let lenient = Caching { on_refusal: OnRefusal::UseCached, ..Caching::default() };
    assert!(matches!(how(&with(lenient, refusing()).await), PullResultKind::Cached { instead_of: Some(_), .. }));
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_serves_first_costs_no_pull() {
    for behavior in [Behavior::Once, Behavior::PreferCached] {
        let outcome = with(behaving(behavior), Fake::default().having("app", DIGEST)).await;
        assert_eq!(how(&outcome), PullResultKind::Cached { verified: false, instead_of: None });
        assert_eq!(outcome.attempts, 0);
        let outcome = with(behaving(behavior), Fake::default().on("app", vec![digest(0)])).await;
        assert_eq!(how(&outcome), PullResultKind::Fetched, "where there is none it is pulled");
    }
}

/// A verification asks for the very image, by its digest.
fn verifying(fake: Fake, script: Script) -> Fake {
    let name = format!("docker.io/library/app@{DIGEST}");
    fake.scripts.lock().unwrap().insert(name, vec![script]);
    fake.having("app", DIGEST)
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_must_be_verified_serves_when_the_registry_accepts_the_credential() {
    let strict = Caching { verify_access: Some(true), ..behaving(Behavior::PreferCached) };
    let outcome = with(strict, verifying(Fake::default(), vec![digest(0)])).await;
    assert_eq!(how(&outcome), PullResultKind::Cached { verified: true, instead_of: None });
    assert_eq!(class(&with(strict, verifying(Fake::default(), refused())).await), Some(Class::Refused));
    let down = with(strict, verifying(Fake::default(), vec![busy(0)])).await;
    assert_eq!(class(&down), Some(Class::Unavailable), "nobody has accepted it");
    let absent = EngineError::Said { status: 404, code: None, text: "manifest unknown: manifest unknown".to_owned() };
    let moved = verifying(Fake::default(), vec![(SECOND, Err(absent))]).on("app", vec![digest(0)]);
    assert_eq!(
        how(&with(strict, moved).await),
        PullResultKind::Fetched,
        "what the registry no longer has is pulled anew"
    );
}

#[tokio::test(start_paused = true)]
async fn a_verification_and_the_pull_after_it_have_one_deadline() {
    let absent = EngineError::Said { status: 404, code: None, text: "manifest unknown: manifest unknown".to_owned() };
    let fake = verifying(Fake::default(), vec![(60 * SECOND, Err(absent))]).on("app", vec![digest(60)]);
    let caching = Caching { verify_access: Some(true), ..behaving(Behavior::PreferCached) };
    let deadlines = Deadlines { begin: 90 * SECOND, ..limits().deadlines };
    let limits = PullLimits { caching, deadlines, ..limits() };
    let (outcomes, _) = pull(fake, &["app"], &limits, &CancellationToken::new()).await;
    assert_eq!((class(&outcomes[0]), outcomes[0].duration), (Some(Class::TimedOut), 100 * SECOND), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn all_pulls_of_one_tag_fall_back_together() {
    let login = HostLogin { source: HostLoginSource::DockerConfig, scope: "a".to_owned() };
    let pulls = [Need::Anonymous, Need::HostLogin(login)].map(|need| PlannedPull { need, ..planned("app") });
    let fake = verifying(Fake::default(), vec![busy(0)]).on("app", vec![busy(0)]);
    fake.copies.lock().unwrap().insert(format!("docker.io/library/app@{DIGEST}"), copy(DIGEST));
    let fake: &'static Fake = Box::leak(Box::new(fake));
    let limits =
        PullLimits { backoff: Backoff::exponential(SECOND, SECOND).with_attempts(NonZeroU32::MIN), ..limits() };
    let outcomes =
        run(pulls.to_vec(), &NoneNeeded, &fake, &two_at_once(), &limits, &Nobody, &CancellationToken::new()).await;
    for outcome in outcomes {
        assert!(matches!(how(&outcome), PullResultKind::Cached { instead_of: Some(_), .. }), "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_doubt_is_no_reason_to_use_a_copy_or_to_leave_a_rule() {
    let fake: &'static Fake = Box::leak(Box::new(Fake::default().on("rule", refused()).having("app", DIGEST)));
    let interrupt = CancellationToken::new();
    let outcomes =
        run(vec![behind_a_rule("app")], &Doubted, &fake, &two_at_once(), &limits(), &Nobody, &interrupt).await;
    let failure = outcomes[0].result.as_ref().unwrap_err();
    assert_eq!((failure.link, failure.class), (Link::Secret, Class::Unavailable), "{failure:?}");
    assert!(failure.caused_by[0].as_str().contains("the registry does not accept these credentials"), "{failure:?}");
    assert!(outcomes[0].fell_back.is_none());
}
