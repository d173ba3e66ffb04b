//! Which login covers an image, the life of a helper, and the catalogue of errors.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::SemaphorePermit;

use super::config_error::HostLoginConfigError;
use super::host_logins::HostLoginProvider;
use super::host_logins::{CONCURRENT_HELPERS, HostLogins};
use super::settings::HostLoginSettings;
use crate::config::HostKind;
use crate::error::{Class, Failure, catalogue};
use crate::plan::{HostLogin, HostLoginSource};
use crate::secret::Secret;
use crate::task::ImageReference;

const SECOND: Duration = Duration::from_secs(1);

fn settings() -> HostLoginSettings {
    HostLoginSettings {
        host: HostKind::Auto,
        has_auth_type: false,
        auth_data: None,
        docker_config: None,
        helper_timeout: SECOND,
    }
}

/// Reads a Docker config from a file, which the error names `config.json`.
fn read_config(config: impl AsRef<[u8]>) -> Result<HostLogins, HostLoginConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(&path, config).unwrap();
    let logins = HostLogins::read(&HostLoginSettings { docker_config: Some(path), ..settings() });
    logins.map_err(|error| HostLoginConfigError { place: "config.json".to_owned(), ..error })
}

fn read_auth_data(data: &str) -> Result<HostLogins, HostLoginConfigError> {
    let auth_data = Some(Secret::new(data.to_owned()));
    HostLogins::read(&HostLoginSettings { has_auth_type: true, auth_data, ..settings() })
}

fn logins(config: &str) -> HostLogins {
    read_config(config).unwrap()
}

fn find_login(logins: &HostLogins, image: &str) -> HostLogin {
    logins.find_login(&ImageReference::parse(image).unwrap()).unwrap()
}

#[test]
fn empty_entry_belongs_to_its_helper_or_the_store() {
    let empty = r#""auths": {"reg.example/team": {}}"#;
    let login = r#""auths": {"reg.example/team": {}, "reg.example": {"auth": "bTpw"}}"#;
    for (config, source, scope) in [
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
    ] {
        let login = find_login(&logins(&config), "reg.example/team/app");
        assert_eq!((login.source.to_string().as_str(), login.scope.as_str()), (source, scope), "{config}");
    }
    let other = ImageReference::parse("reg.example/teams/app").unwrap();
    assert!(logins(&format!("{{{empty}}}")).find_login(&other).is_none());
}

#[tokio::test]
async fn empty_entry_without_a_helper_is_no_anonymous_pull() {
    let logins =
        logins(r#"{"auths": {"reg.example": {}, "two.example": {}, "https://two.example": {"auth": "bTpw"}}}"#);
    let failure = logins.credential(find_login(&logins, "reg.example/app")).await.unwrap_err();
    assert_eq!((failure.link.to_string(), failure.class), ("instance credentials".to_owned(), Class::Absent));
    let login = logins.credential(find_login(&logins, "two.example/app")).await;
    assert!(login.is_ok(), "another entry of the same registry has a login");
}

#[test]
fn same_login_or_helper_in_two_spellings_of_a_registry_is_one() {
    let hub = ["docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io", "DOCKER.IO"];
    let own = ["r.example", "https://r.example", "http://r.example/", "R.example/v2/", "https://R.EXAMPLE/v1"];
    for (image, keys) in [("nginx", hub), ("r.example/app", own)] {
        for (one, other) in keys.iter().flat_map(|one| keys.iter().map(move |other| (one, other))) {
            if one == other {
                continue;
            }
            let auths =
                json!({ one.to_string(): { "auth": "bTpw" }, other.to_string(): { "username": "m", "password": "p" } });
            let config = read_config(json!({ "auths": auths }).to_string()).unwrap();
            assert_eq!(config.find_login(&ImageReference::parse(image).unwrap()), {
                let data = read_auth_data(&auths.to_string()).unwrap();
                let mut login = find_login(&data, image);
                login.source = HostLoginSource::DockerConfig;
                Some(login)
            });
            let differs = json!({ one.to_string(): { "auth": "bTpw" }, other.to_string(): { "auth": "bTpx" } });
            let error = read_auth_data(&differs.to_string()).unwrap_err().to_string();
            assert!(error.contains(&format!("`{one}`")) && error.contains(&format!("`{other}`")), "{error}");
            let helpers = json!({ "credHelpers": { one.to_string(): "a", other.to_string(): "a" } });
            assert!(read_config(helpers.to_string()).is_ok(), "{one} {other}");
        }
    }
}

/// A provider with a helper that does not exist.
struct HelperWorld {
    logins: Arc<HostLogins>,
    provider: HostLoginProvider,
    login: HostLogin,
}

impl HelperWorld {
    fn new() -> Self {
        let logins = Arc::new(logins(r#"{"credsStore": "taskpull-does-not-exist"}"#));
        let login = find_login(&logins, "reg.example/app");
        Self { provider: HostLoginProvider::new(Arc::clone(&logins)), logins, login }
    }

    async fn take_all_permits(&self) -> SemaphorePermit<'_> {
        self.logins.helper_permits.acquire_many(u32::try_from(CONCURRENT_HELPERS).unwrap()).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn login_without_callers_is_cancelled() {
    let world = HelperWorld::new();
    let references = Arc::strong_count(&world.logins);
    let permits = world.take_all_permits().await;
    let cancelled = tokio::time::timeout(SECOND, world.provider.credential(&world.login)).await;
    assert!(cancelled.is_err(), "it waits for a permit");
    assert_eq!(Arc::strong_count(&world.logins), references);
    drop(permits);
    assert_eq!(world.provider.credential(&world.login).await.unwrap_err().class, Class::Absent);
}

#[tokio::test(start_paused = true)]
async fn login_continues_while_another_caller_waits() {
    let world = HelperWorld::new();
    let permits = world.take_all_permits().await;
    let first = tokio::time::timeout(SECOND, world.provider.credential(&world.login));
    let release = async {
        tokio::time::sleep(2 * SECOND).await;
        drop(permits);
    };
    let (first, second, ()) = tokio::join!(first, world.provider.credential(&world.login), release);
    assert!(first.is_err(), "the first caller is cancelled");
    assert_eq!(second.unwrap_err().class, Class::Absent);
}

/// Every error in a document, with the name of its case.
fn config_errors() -> Vec<(String, HostLoginConfigError)> {
    let auth_data = [
        "hunter2",
        r#"{"r.example": {"auth": "hunter2"}"#,
        r#"["hunter2"]"#,
        r#"{"r.example": "hunter2"}"#,
        r#"{"r.example": null}"#,
        r#"{"r.example": {"auth": 2}}"#,
        r#"{"r.example": {"auth": "bTpw", "Auth": "bTpw"}}"#,
        r#"{"me:hunter2@r": {"auth": "bTpw"}}"#,
        r#"{"https://r.example/v2/team": {"auth": "bTpw"}}"#,
        r#"{"r.example": {"pass": "hunter2"}}"#,
        r#"{"r.example": {"auth": "bTpw", "hunter2": ""}}"#,
        r#"{"auths": {"r.example": {"auth": "bTpw"}}}"#,
        r#"{"r.example": {}}"#,
        r#"{"r.example": {"username": "", "auth": null}}"#,
        r#"{"r.example": {"username": "hunter2"}}"#,
        r#"{"r.example": {"auth": "aHVudGVyMjo="}}"#,
        r#"{"r.example": {"auth": "me:hunter2"}}"#,
        r#"{"r.example": {"auth": "/////w=="}}"#,
        r#"{"r.example": {"auth": "aHVudGVyMg=="}}"#,
        r#"{"r.example": {"auth": "bTpw", "password": "hunter2"}}"#,
        r#"{"r.example": {"registrytoken": "hunter2"}}"#,
        r#"{"docker.io": {"auth": "bTpw"}, "index.docker.io": {"auth": "bTpx"}}"#,
        r#"{"hunter2": {"auth": "bTpw"}, "https://hunter2": {"auth": "bTpx"}}"#,
        r#"{"auths": {"hunter2": {"auth": "bTpw"}}}"#,
        r#"{"auths": {"r.example": {"auth": "bTpw"}}, "credsStore": "pass"}"#,
        r#"{"auth": "aHVudGVyMg=="}"#,
        r#"{"username": "me", "password": "hunter2"}"#,
        r#"'{"r.example": {"auth": "hunter2"}}'"#,
        "{r.example:{auth:hunter2,email:me}}",
        "{'r.example': {'auth': 'hunter2'}}",
        r#"{"r.example": {"auth": "hunter2"},}"#,
        r#"{\"r.example\": {\"auth\": \"hunter2\"}}"#,
        r#""{\"r.example\": {\"auth\": \"hunter2\"}}""#,
        "eyJyLmV4YW1wbGUiOiB7ImF1dGgiOiAiaHVudGVyMiJ9fQ==",
        "/root/.docker/config.json",
        "file:///root/.dockercfg",
        "$(cat /root/.dockercfg)",
        "me:hunter2",
        r#"{"r.example": {"user": "me", "pass": "hunter2"}}"#,
    ];
    let configs = [
        "{}",
        r#"{"auths": null, "psFormat": "x"}"#,
        r#"{"r.example": {"auth": "bTpw"}}"#,
        r#"{"auth": "aHVudGVyMg=="}"#,
        "{'auths': {'r.example': {'auth': 'hunter2'}}}",
        r#"[{"auths": {}}]"#,
        r#"{"auths": {"r.example": {"auth": "bTpw"}, "https://r.example": {"auth": "bTpx"}}}"#,
        r#"{"auths": {}, "Auths": null}"#,
        r#"{"auths": ["hunter2"]}"#,
        r#"{"credHelpers": "hunter2"}"#,
        r#"{"credHelpers": {"r.example": null}}"#,
        r#"{"credHelpers": {"https://r.example/v1/hunter2": "a"}}"#,
        r#"{"credHelpers": {"r.example": "a", "https://r.example": "b"}}"#,
        r#"{"credHelpers": {"r.example": ""}}"#,
        r#"{"credsStore": {"a": "hunter2"}}"#,
        r#"{"credsStore": "../../bin/hunter2"}"#,
        r#"{"auths": {"r.example": {}, "r.example/v2/hunter2": {}}}"#,
        r#"{"auths": {}, "auth": "hunter2"}"#,
        r#"{"auths": {}, "credHelper": "hunter2"}"#,
    ];
    let error = |result: Result<HostLogins, _>| result.unwrap_err();
    let auth_data = auth_data.map(|data| (format!("ECS_ENGINE_AUTH_DATA={data}"), error(read_auth_data(data))));
    let configs = configs.map(|config| (format!("config.json: {config}"), error(read_config(config))));
    let data = || Some(Secret::new(r#"{"r.example": {"auth": "bTpw"}}"#.to_owned()));
    let read = |settings: HostLoginSettings| error(HostLogins::read(&settings));
    let file = |path: &str| read(HostLoginSettings { docker_config: Some(path.into()), ..settings() });
    let on = |host| read(HostLoginSettings { host, has_auth_type: true, auth_data: data(), ..settings() });
    let others = [
        ("ECS_ENGINE_AUTH_TYPE only", read(HostLoginSettings { has_auth_type: true, ..settings() })),
        ("ECS_ENGINE_AUTH_DATA only", read(HostLoginSettings { auth_data: data(), ..settings() })),
        ("Fargate", on(HostKind::Fargate)),
        ("external instance", on(HostKind::External)),
        ("no such file", file("/does/not/exist.json")),
        ("folder", file("/")),
        ("file of more than 1 MiB", error(read_config(vec![b' '; 1_024 * 1_024 + 1]))),
        ("file that is not UTF-8", error(read_config(b"\xff"))),
    ];
    let others = others.map(|(name, error)| (name.to_owned(), error));
    auth_data.into_iter().chain(configs).chain(others).collect()
}

#[test]
fn catalogue_of_errors_in_the_documents() {
    let failures = config_errors().into_iter().map(|(name, error)| (name, Failure::from(error)));
    insta::assert_snapshot!(catalogue::render(failures));
}

#[test]
fn no_error_in_a_document_shows_a_value() {
    for (name, error) in config_errors() {
        let text = format!("{error} {error:?}") + &format!("{:?}", Failure::from(error));
        assert!(!text.contains("hunter2"), "{name}: {text}");
    }
}

#[tokio::test]
async fn catalogue_of_login_errors() {
    let logins = logins(r#"{"auths": {"reg.example": {}}, "credHelpers": {"ecr.example": "taskpull-does-not-exist"}}"#);
    let unknown = HostLogin { source: HostLoginSource::DockerConfig, scope: "other.example".to_owned() };
    let mut failures = Vec::new();
    for (name, login) in [
        ("empty entry", find_login(&logins, "reg.example/app")),
        ("login of another plan", unknown),
        ("helper not in PATH", find_login(&logins, "ecr.example/app")),
    ] {
        failures.push((name, logins.credential(login).await.unwrap_err()));
    }
    let panicked = super::host_logins::HostLoginError::Panicked("reg.example".to_owned());
    failures.push(("panic", Failure::from(panicked)));
    failures.extend(super::credential_helper::tests::failures());
    insta::assert_snapshot!(catalogue::render(failures));
}

/// A text that occurs nowhere in the messages.
const MARKER: &str = "c4nary-7f3e";

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<u64>().prop_map(Value::from), Just(Value::from(MARKER))];
    let key = proptest::sample::select(vec![
        "auths",
        "credHelpers",
        "credsStore",
        "auth",
        "username",
        "password",
        "identitytoken",
        "reg.example",
        "c4nary-7f3e",
        "me:c4nary-7f3e@reg.example",
    ]);
    leaf.prop_recursive(4, 30, 5, move |inner| {
        let objects = proptest::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..5);
        objects.prop_map(|map| Value::Object(map.into_iter().collect()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn error_never_shows_a_value_or_an_unknown_key(document in document()) {
        let text = document.to_string();
        for error in [read_auth_data(&text), read_config(&text)].into_iter().filter_map(Result::err) {
            let text = format!("{error} {error:?}") + &format!("{:?}", Failure::from(error));
            prop_assert!(!text.contains(MARKER), "{text}");
        }
    }

    #[test]
    fn arbitrary_documents_never_panic(document: Vec<u8>, text: String) {
        let _ = read_config(&document);
        let _ = read_auth_data(&text);
    }

    #[test]
    fn every_entry_of_auths_covers_its_images(
        hosts in proptest::collection::btree_set("[a-z]{1,8}\\.example", 1..6),
    ) {
        let entries: serde_json::Map<_, _> =
            hosts.iter().map(|host| (host.clone(), json!({ "username": host, "password": "p" }))).collect();
        let data = read_auth_data(&Value::from(entries.clone()).to_string()).unwrap();
        let config = read_config(json!({ "auths": entries }).to_string()).unwrap();
        for host in &hosts {
            for logins in [&data, &config] {
                prop_assert_eq!(&find_login(logins, &format!("{host}/app")).scope, host);
            }
        }
    }
}
