use super::*;
use crate::error::Class;

const SECOND: Duration = Duration::from_secs(1);

fn logins(config: &str) -> InstanceLogins {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(&path, config).unwrap();
    let (host, docker_config) = (HostKind::Auto, Some(path));
    let settings =
        InstanceSettings { host, has_auth_type: false, auth_data: None, docker_config, helper_timeout: SECOND };
    InstanceLogins::read(&settings).unwrap()
}

/// Which login covers an image: its source and what it is for.
fn covering(config: &str, image: &str) -> Option<(String, String)> {
    let named = logins(config).covering(&ImageReference::parse(image).unwrap());
    named.map(|InstanceLogin { source, scope }| (source.to_string(), scope))
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
