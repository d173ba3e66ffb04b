//! Which login covers an image, and how long a helper is waited for.

use std::sync::Arc;

use super::*;
use crate::error::Class;

const SECOND: Duration = Duration::from_secs(1);

fn logins(config: &str) -> HostLogins {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(&path, config).unwrap();
    let (host, docker_config) = (HostKind::Auto, Some(path));
    let settings =
        HostLoginSettings { host, has_auth_type: false, auth_data: None, docker_config, helper_timeout: SECOND };
    HostLogins::read(&settings).unwrap()
}

/// Which login covers an image: its source and what it is for.
fn covering(config: &str, image: &str) -> Option<(String, String)> {
    let named = logins(config).covering(&ImageReference::parse(image).unwrap());
    named.map(|HostLogin { source, scope }| (source.to_string(), scope))
}

#[test]
fn an_empty_entry_is_what_a_helper_or_the_store_has_and_else_nobodys() {
    let empty = r#""auths": {"reg.example/team": {}}"#;
    let login = r#""auths": {"reg.example/team": {}, "reg.example": {"auth": "bTpw"}}"#;
    let table = [
        (format!("{{{empty}}}"), "docker-config", "reg.example/team"),
        (format!("{{{login}}}"), "docker-config", "reg.example/team"),
        (format!(r#"{{{empty}, "credsStore": "pass"}}"#), "docker-credential-pass", "reg.example/team"),
        (format!(r#"{{{empty}, "credHelpers": {{"reg.example": "ecr"}}}}"#), "docker-credential-ecr", "reg.example"),
        (
            format!(r#"{{{empty}, "credHelpers": {{"reg.example": "ecr"}}, "credsStore": "pass"}}"#),
            "docker-credential-ecr",
            "reg.example",
        ),
        (
            format!(r#"{{{empty}, "credHelpers": {{"reg.example/team/a": "ecr"}}}}"#),
            "docker-config",
            "reg.example/team",
        ),
    ];
    for (config, source, scope) in table {
        let expected = Some((source.to_owned(), scope.to_owned()));
        assert_eq!(covering(&config, "reg.example/team/app"), expected, "{config}");
    }
    assert_eq!(covering(&format!("{{{empty}}}"), "reg.example/teams/app"), None, "it covers no neighbour");
}

#[tokio::test]
async fn an_empty_entry_that_nobody_serves_is_a_failure_and_no_anonymous_pull() {
    let logins =
        logins(r#"{"auths": {"reg.example": {}, "two.example": {}, "https://two.example": {"auth": "bTpw"}}}"#);
    let named = |image: &str| logins.covering(&ImageReference::parse(image).unwrap()).unwrap();
    let failure = logins.credential(named("reg.example/app")).await.unwrap_err();
    assert_eq!((failure.link.to_string(), failure.class), ("instance credentials".to_owned(), Class::Absent));
    assert!(failure.message.as_str().contains("entry for reg.example is empty"), "{failure:?}");
    assert!(logins.credential(named("two.example/app")).await.is_ok(), "the same registry has a login beside it");
}

fn of_no_such_helper() -> (Arc<HostLogins>, HostLogin) {
    let logins = Arc::new(logins(r#"{"credsStore": "taskpull-has-none-of-this-name"}"#));
    let login = logins.covering(&ImageReference::parse("reg.example/app").unwrap()).unwrap();
    (logins, login)
}

#[tokio::test(start_paused = true)]
async fn a_login_that_everybody_stopped_waiting_for_is_given_up() {
    let (logins, login) = of_no_such_helper();
    let shared = SharedLogins::new(Arc::clone(&logins));
    let holders = Arc::strong_count(&logins);
    let turns = logins.helpers.acquire_many(u32::try_from(HELPERS_AT_ONCE).unwrap()).await.unwrap();
    let began = tokio::time::timeout(SECOND, shared.credential(&login)).await;
    assert!(began.is_err(), "it waits for its turn");
    assert_eq!(Arc::strong_count(&logins), holders, "nothing of it is left");
    drop(turns);
    assert_eq!(shared.credential(&login).await.unwrap_err().class, Class::Absent, "the next one has its own");
}

#[tokio::test(start_paused = true)]
async fn a_login_outlives_whoever_began_it_while_another_waits() {
    let (logins, login) = of_no_such_helper();
    let shared = SharedLogins::new(Arc::clone(&logins));
    let turns = logins.helpers.acquire_many(u32::try_from(HELPERS_AT_ONCE).unwrap()).await.unwrap();
    let first = tokio::time::timeout(SECOND, shared.credential(&login));
    let release = async {
        tokio::time::sleep(2 * SECOND).await;
        drop(turns);
    };
    let (first, second, ()) = tokio::join!(first, shared.credential(&login), release);
    assert!(first.is_err(), "the first one gave up");
    assert_eq!(second.unwrap_err().class, Class::Absent);
}

#[test]
fn a_panic_costs_those_who_wait_for_this_login_and_is_forgotten() {
    let (logins, login) = of_no_such_helper();
    let shared = SharedLogins::new(Arc::clone(&logins));
    // Without a timer the deadline of a helper panics.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let both = async { tokio::join!(shared.credential(&login), shared.credential(&login)) };
    let (one, other) = runtime.block_on(both);
    assert_eq!([one.unwrap_err().class, other.unwrap_err().class], [Class::Unknown; 2]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(shared.credential(&login)).unwrap_err().class, Class::Absent);
}
