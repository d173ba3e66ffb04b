//! The scripted engine, asked by bollard.

#![expect(clippy::disallowed_types, reason = "bollard's own header is what is looked at")]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::{CreateImageOptions, CreateImageOptionsBuilder};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;

use crate::support::engine::{AuthConfig, FakeEngine, PullEnd, PullScript, RegistryAuth};
use crate::support::gate::Gate;

const IMAGE: &str = "registry.example:5000/team/app:v1";

async fn client(engine: &FakeEngine) -> Docker {
    let docker = Docker::connect_with_unix(&engine.host(), 5, API_DEFAULT_VERSION).unwrap();
    docker.negotiate_version().await.unwrap()
}

fn options(image: &str) -> CreateImageOptions {
    let (name, tag) = image.split_once('@').unwrap_or_else(|| image.rsplit_once(':').unwrap());
    CreateImageOptionsBuilder::new().from_image(name).tag(tag).build()
}

fn login(username: &str, password: &str) -> DockerCredentials {
    DockerCredentials {
        username: Some(username.to_owned()),
        password: Some(password.to_owned()),
        ..DockerCredentials::default()
    }
}

async fn pull_as(
    docker: &Docker,
    image: &str,
    login: Option<DockerCredentials>,
) -> Result<Vec<CreateImageInfo>, String> {
    let stream = docker.create_image(Some(options(image)), None, login);
    stream.try_collect().await.map_err(|error| error.to_string())
}

async fn pull(docker: &Docker, image: &str) -> Result<Vec<CreateImageInfo>, String> {
    pull_as(docker, image, None).await
}

fn statuses(items: &[CreateImageInfo]) -> Vec<&str> {
    items.iter().filter_map(|item| item.status.as_deref()).collect()
}

#[tokio::test]
async fn pull_succeeds_and_the_second_time_finds_the_image_up_to_date() {
    let engine = FakeEngine::start();
    let docker = client(&engine).await;
    let first = pull(&docker, IMAGE).await.unwrap();
    assert_eq!(first[0].status.as_deref(), Some("Pulling from team/app"));
    assert!(first.iter().any(|item| item.progress_detail.is_some()));
    let told = statuses(&first);
    let digest = told[told.len() - 2].strip_prefix("Digest: ").unwrap().to_owned();
    assert_eq!(told.last().unwrap().to_owned(), format!("Status: Downloaded newer image for {IMAGE}"));
    let local = docker.inspect_image(IMAGE).await.unwrap();
    let repository = IMAGE.rsplit_once(':').unwrap().0;
    assert_eq!(local.repo_digests.unwrap(), [format!("{repository}@{digest}")]);

    let second = pull(&docker, IMAGE).await.unwrap();
    assert_eq!(statuses(&second).last().unwrap().to_owned(), format!("Status: Image is up to date for {IMAGE}"));
    assert_eq!(engine.pull_count(IMAGE), 2);
}

#[tokio::test]
async fn pull_by_digest_tells_that_digest() {
    let engine = FakeEngine::start();
    let docker = client(&engine).await;
    let digest = format!("sha256:{}", "ab".repeat(32));
    let image = format!("docker.io/library/nginx@{digest}");
    let told = pull(&docker, &image).await.unwrap();
    assert!(statuses(&told).contains(&format!("Digest: {digest}").as_str()));
    let local = docker.inspect_image(&image).await.unwrap();
    assert_eq!(local.repo_digests.unwrap(), [format!("nginx@{digest}")]);
    assert_eq!(local.repo_tags.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn announced_digest_may_differ_from_the_one_that_lands() {
    let engine = FakeEngine::start();
    let docker = client(&engine).await;
    let (told, landed) = (format!("sha256:{}", "1".repeat(64)), format!("sha256:{}", "2".repeat(64)));
    engine.script(IMAGE, PullScript::success().with_reported_digest(&told).with_local_digest(&landed));
    let items = pull(&docker, IMAGE).await.unwrap();
    assert!(statuses(&items).contains(&format!("Digest: {told}").as_str()));
    let local = docker.inspect_image(IMAGE).await.unwrap();
    assert!(local.repo_digests.unwrap()[0].ends_with(&landed));
}

#[tokio::test]
async fn image_nobody_pulled_is_not_there() {
    let engine = FakeEngine::start();
    let error = client(&engine).await.inspect_image(IMAGE).await.unwrap_err().to_string();
    assert!(error.contains("404") && error.contains("No such image"), "{error}");
}

/// bollard leaves the version out of its paths, so this is asked over a plain socket.
#[test]
fn api_version_of_the_path_is_noted_and_must_be_one_the_engine_speaks() {
    let engine = FakeEngine::start();
    let ask = |request: &str| {
        let mut stream = UnixStream::connect(engine.socket()).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nhost: engine\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let ping = ask("GET /_ping");
    assert!(ping.contains("api-version: 1.41") && ping.ends_with("OK"), "{ping}");
    for (version, words) in [
        ("1.44", "client version 1.44 is too new. Maximum supported API version is 1.41"),
        ("1.11", "client version 1.11 is too old. Minimum supported API version is 1.12"),
    ] {
        let refused = ask(&format!("POST /v{version}/images/create?fromImage=app&tag=1"));
        assert!(refused.starts_with("HTTP/1.1 400") && refused.contains(words), "{refused}");
    }
    let pulled = ask("POST /v1.41/images/create?fromImage=registry.example%2Fapp&tag=1");
    assert!(pulled.starts_with("HTTP/1.1 200"), "{pulled}");
    assert_eq!(engine.pulls().len(), 1);
    assert_eq!(engine.pulls()[0].image, "registry.example/app:1");
    assert_eq!(engine.pulls()[0].api_version.as_deref(), Some("1.41"));
    assert!(engine.requests().contains(&"POST /v1.44/images/create".to_owned()));
    assert!(ask("GET /v1.41/containers/json").starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn newer_engine_tells_its_own_version() {
    let engine = FakeEngine::with_api("1.47");
    let version = client(&engine).await.version().await.unwrap();
    assert_eq!(version.api_version.as_deref(), Some("1.47"));
}

#[tokio::test]
async fn platform_is_noted() {
    let engine = FakeEngine::start();
    let mut options = options(IMAGE);
    options.platform = "linux/arm64".to_owned();
    let docker = client(&engine).await;
    let stream = docker.create_image(Some(options), None, None);
    stream.try_collect::<Vec<_>>().await.unwrap();
    pull(&docker, IMAGE).await.unwrap();
    let platforms: Vec<_> = engine.pulls().into_iter().map(|pull| pull.platform).collect();
    assert_eq!(platforms, [Some("linux/arm64".to_owned()), None]);
}

#[tokio::test]
async fn credentials_are_decoded_and_decide() {
    let engine = FakeEngine::start();
    engine.script(IMAGE, PullScript::success().with_login("user", "swordfish"));
    let docker = client(&engine).await;
    pull_as(&docker, IMAGE, Some(login("user", "swordfish"))).await.unwrap();
    let wrong = pull_as(&docker, IMAGE, Some(login("user", "tuna"))).await.unwrap_err();
    assert!(wrong.contains("500") && wrong.contains("unauthorized: authentication required"));
    let none = pull(&docker, IMAGE).await.unwrap_err();
    assert!(none.contains("500") && none.contains("no basic auth credentials"), "{none}");
    let given = AuthConfig { username: "user".to_owned(), password: "swordfish".to_owned(), ..AuthConfig::default() };
    assert_eq!(engine.pulls()[0].auth, RegistryAuth::Config(given));
}

/// bollard writes the header in base64's standard alphabet.
#[tokio::test]
async fn header_in_the_standard_alphabet_is_silently_anonymous() {
    let engine = FakeEngine::start();
    engine.script(IMAGE, PullScript::success().with_login("user", "pass>>>word???"));
    let docker = client(&engine).await;
    let refused = pull_as(&docker, IMAGE, Some(login("user", "pass>>>word???"))).await.unwrap_err();
    assert!(refused.contains("no basic auth credentials"), "{refused}");
    let auth = engine.pulls().remove(0).auth;
    assert!(matches!(auth, RegistryAuth::Ignored(header) if header.contains(['+', '/'])));
}

#[test]
fn header_is_read_as_go_reads_it() {
    let read = |header| RegistryAuth::parse(Some(header));
    assert_eq!(RegistryAuth::parse(None), RegistryAuth::Absent);
    assert_eq!(read(""), RegistryAuth::Absent);
    // {"username":"u"}, with and without its padding.
    let RegistryAuth::Config(given) = read("eyJ1c2VybmFtZSI6InUifQ==") else { panic!("not read") };
    assert_eq!(given.username, "u");
    assert!(matches!(read("eyJ1c2VybmFtZSI6InUifQ"), RegistryAuth::Ignored(_)));
    // {}, null, and {"username":null} say nothing.
    for nothing in ["e30=", "bnVsbA==", "eyJ1c2VybmFtZSI6bnVsbH0="] {
        assert!(matches!(read(nothing), RegistryAuth::Config(_)) && read(nothing).is_anonymous());
    }
}

#[tokio::test]
async fn refusal_comes_before_the_stream_with_its_status() {
    let engine = FakeEngine::start();
    engine.script(IMAGE, PullScript::refusal(404, "manifest unknown"));
    let refused = pull(&client(&engine).await, IMAGE).await.unwrap_err();
    assert!(refused.contains("404") && refused.contains("manifest unknown"), "{refused}");
    assert_eq!(engine.pulls()[0].ending, Some(PullEnd::Complete));
}

#[tokio::test]
async fn error_in_the_stream_comes_after_what_was_told_before() {
    let engine = FakeEngine::start();
    engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").error("unexpected EOF"));
    let docker = client(&engine).await;
    let items: Vec<_> = docker.create_image(Some(options(IMAGE)), None, None).collect().await;
    assert!(items[0].is_ok());
    assert!(items[1].as_ref().unwrap_err().to_string().contains("unexpected EOF"));
    assert!(docker.inspect_image(IMAGE).await.is_err());
}

#[tokio::test]
async fn scripted_stream_may_land_an_image_and_end_without_a_newline() {
    let engine = FakeEngine::start();
    let digest = format!("sha256:{}", "c".repeat(64));
    let half = r#"{"status":"Status: Down"#;
    let script = PullScript::stream()
        .line(&json!({ "status": format!("Digest: {digest}") }))
        .raw(half)
        .pause(Duration::from_millis(2))
        .raw(r#"loaded newer image"}"#)
        .with_local_digest(&digest);
    engine.script(IMAGE, script);
    let docker = client(&engine).await;
    let items = pull(&docker, IMAGE).await.unwrap();
    assert_eq!(statuses(&items)[1], "Status: Downloaded newer image");
    assert!(docker.inspect_image(IMAGE).await.unwrap().repo_digests.unwrap()[0].ends_with(&digest));
}

#[tokio::test]
async fn cut_in_the_middle_is_an_error_and_a_broken_end() {
    let engine = FakeEngine::start();
    engine.script_once(IMAGE, PullScript::stream().status("Pulling from team/app").reset());
    let docker = client(&engine).await;
    assert!(pull(&docker, IMAGE).await.is_err());
    assert_eq!(engine.pulls()[0].ending, Some(PullEnd::Broken));
    assert!(pull(&docker, IMAGE).await.is_ok(), "only once");
}

#[tokio::test]
async fn client_that_leaves_a_hanging_pull_is_noted() {
    let engine = FakeEngine::start();
    engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").hang());
    let docker = client(&engine).await;
    let mut stream = docker.create_image(Some(options(IMAGE)), None, None);
    assert!(stream.next().await.unwrap().is_ok());
    assert_eq!(engine.pulls()[0].ending, None);
    drop(stream);
    drop(docker);
    while engine.pulls()[0].ending.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(engine.pulls()[0].ending, Some(PullEnd::Broken));
}

#[tokio::test]
async fn most_pulls_at_one_time_are_counted() {
    let engine = FakeEngine::start();
    let gate = Gate::closed();
    let images: HashMap<_, _> = (0..3).map(|n| (n, format!("registry.example/app:{n}"))).collect();
    for image in images.values() {
        engine.script(image, PullScript::success().hold(&gate));
    }
    let docker = client(&engine).await;
    let pulls = futures_util::future::join_all(images.values().map(|image| pull(&docker, image)));
    let (ended, ()) = tokio::join!(pulls, async {
        gate.wait_for_arrivals(3).await;
        gate.open();
    });
    assert!(ended.iter().all(Result::is_ok));
    pull(&docker, &images[&0]).await.unwrap();
    assert_eq!((engine.max_concurrent_pulls(), engine.pulls().len()), (3, 4));
}
