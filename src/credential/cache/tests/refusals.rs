//! A registry has refused what the secret held.

use super::*;

#[tokio::test(start_paused = true)]
async fn after_a_refusal_the_secret_is_read_again_once_for_all() {
    let resolver = resolver(&[Ok("v1"), Ok("v2")]);
    let secret = hosts("a");
    let refused = resolver.version(&secret).await.unwrap();
    let shown = Instant::now();
    let again = || resolver.version_after_refusal(&secret, &IMAGE, &refused, shown);
    let all = futures_util::future::join_all((0..10).map(|_| again())).await;
    assert!(all.into_iter().all(|one| one.unwrap().unwrap().version.version_id == "v2"));
    assert_eq!(again().await.unwrap().unwrap().version.version_id, "v2", "a late one asks nobody");
    assert_eq!(reads(&resolver), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_shown_after_the_last_read_and_refused_is_a_reason_to_ask_again() {
    let resolver = resolver(&[Ok("v1"), Ok("v1"), Ok("v2")]);
    let secret = hosts("a");
    let refused = resolver.version(&secret).await.unwrap();
    let first = resolver.version_after_refusal(&secret, &IMAGE, &refused, Instant::now()).await;
    assert!(first.unwrap().is_none());
    tokio::time::sleep(6 * SECOND).await;
    let second = resolver.version_after_refusal(&secret, &IMAGE, &refused, Instant::now()).await;
    assert_eq!(second.unwrap().unwrap().version.version_id, "v2");
}

#[tokio::test(start_paused = true)]
async fn the_same_version_is_no_reason_to_try_again() {
    let resolver = resolver(&[Ok("v1"), Ok("v1"), Err(AwsErrorKind::Unavailable)]);
    let secret = hosts("a");
    let refused = resolver.version(&secret).await.unwrap();
    let shown = Instant::now();
    let again = resolver.version_after_refusal(&secret, &IMAGE, &refused, shown).await;
    assert!(again.unwrap().is_none());
    let twice = resolver.version_after_refusal(&secret, &IMAGE, &refused, shown).await;
    assert!(twice.unwrap().is_none());
    assert_eq!(reads(&resolver), 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_began_before_a_refusal_does_not_speak_for_it() {
    // The one ahead of time is answered before the rotation, and arrives after the refusal.
    let resolver = resolver(&[Ok("v1"), Ok("late"), Ok("v2")]);
    let secret = hosts("a");
    get(&resolver, "a").await.unwrap();
    tokio::time::sleep(DUE).await;
    let refused = resolver.version(&secret).await.unwrap();
    tokio::time::sleep(2 * SECOND).await;
    let again = resolver.version_after_refusal(&secret, &IMAGE, &refused, Instant::now());
    assert_eq!(again.await.unwrap().unwrap().version.version_id, "v2");
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(get(&resolver, "a").await, fresh("v2"), "what came late is not kept over it");
}

#[tokio::test(start_paused = true)]
async fn a_read_ahead_of_time_is_not_the_one_that_a_refusal_asks_for() {
    let resolver = resolver(&[Ok("v1"), Ok("v1"), Ok("v2")]);
    let secret = hosts("a");
    get(&resolver, "a").await.unwrap();
    tokio::time::sleep(DUE).await;
    let refused = resolver.version(&secret).await.unwrap();
    tokio::time::sleep(SECOND / 10).await;
    let shown = Instant::now();
    tokio::time::sleep(2 * SECOND).await;
    let again = resolver.version_after_refusal(&secret, &IMAGE, &refused, shown);
    assert_eq!(again.await.unwrap().unwrap().version.version_id, "v2");
}

#[tokio::test(start_paused = true)]
async fn a_long_pull_that_is_refused_at_last_asks_again() {
    let resolver = resolver(&[Ok("v1"), Ok("v1"), Ok("v2")]);
    let secret = hosts("a");
    let refused = resolver.version(&secret).await.unwrap();
    let shown = Instant::now();
    let again = || resolver.version_after_refusal(&secret, &IMAGE, &refused, shown);
    assert!(again().await.unwrap().is_none());
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(again().await.unwrap().unwrap().version.version_id, "v2");
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_in_an_outage_is_doubted_for_that_repository_until_it_is_read_again() {
    let resolver = resolver(&[Ok("v1"), Err(AwsErrorKind::Unavailable), Err(AwsErrorKind::Unavailable), Ok("v2")]);
    let secret = hosts("a");
    let refused = resolver.version(&secret).await.unwrap();
    let doubted = |image: &str| {
        let image = ImageReference::parse(image).unwrap();
        lock(&resolver.reads).kept.doubted(&secret, &image, &refused)
    };
    let again = resolver.version_after_refusal(&secret, &IMAGE, &refused, Instant::now()).await;
    let failure = again.unwrap_err();
    let said = "; what it held 1s ago was refused for registry.example/app";
    assert!(failure.is_outage() && failure.message.as_str().ends_with(said), "{failure:?}");
    for image in ["registry.example/app", "registry.example/app:other"] {
        assert!(doubted(image).is_some_and(|failure| failure.is_outage()), "{image} is not shown it again");
    }
    assert!(doubted("registry.example/other").is_none(), "nobody refused it there");
    // Who looks within the pause asks nobody; who comes after it waits for the answer.
    for _ in 0..100 {
        assert_eq!(get(&resolver, "a").await, fresh("v1"));
    }
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!((get(&resolver, "a").await, reads(&resolver)), (fresh("v1"), 3));
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!((get(&resolver, "a").await, reads(&resolver)), (fresh("v2"), 4));
    assert!(doubted("registry.example/app").is_none(), "it is another one now");
}

#[tokio::test(start_paused = true)]
async fn a_doubt_that_ends_with_the_same_value_has_it_shown_once_more_and_not_read_again() {
    let resolver = resolver(&[Ok("v1"), Err(AwsErrorKind::Throttled), Ok("v1"), Ok("v1")]);
    let secret = hosts("a");
    let refused = resolver.version(&secret).await.unwrap();
    resolver.version_after_refusal(&secret, &IMAGE, &refused, Instant::now()).await.unwrap_err();
    tokio::time::sleep(5 * SECOND).await;
    let again = resolver.version(&secret).await.unwrap();
    let answer = resolver.version_after_refusal(&secret, &IMAGE, &again, Instant::now()).await;
    assert_eq!((answer.unwrap().is_none(), reads(&resolver)), (true, 3));
    // Later than that it may have been rotated since.
    tokio::time::sleep(6 * SECOND).await;
    let answer = resolver.version_after_refusal(&secret, &IMAGE, &again, Instant::now()).await;
    assert_eq!((answer.unwrap().is_none(), reads(&resolver)), (true, 4));
}
