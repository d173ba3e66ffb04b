//! The scripted engine of `support::engine`, used by a bollard client.

#![expect(clippy::disallowed_types, reason = "these tests check the header that bollard sends")]

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
async fn second_pull_of_the_same_image_is_up_to_date() {
    let engine = FakeEngine::start();
    let docker = client(&engine).await;
    let first = pull(&docker, IMAGE).await.unwrap();
    assert_eq!(first[0].status.as_deref(), Some("Pulling from team/app"));
    assert!(first.iter().any(|item| item.progress_detail.is_some()));
    let lines = statuses(&first);
    let digest = lines[lines.len() - 2].strip_prefix("Digest: ").unwrap().to_owned();
    assert_eq!(lines.last().unwrap().to_owned(), format!("Status: Downloaded newer image for {IMAGE}"));
    let local = docker.inspect_image(IMAGE).await.unwrap();
    let repository = IMAGE.rsplit_once(':').unwrap().0;
    assert_eq!(local.repo_digests.unwrap(), [format!("{repository}@{digest}")]);

    let second = pull(&docker, IMAGE).await.unwrap();
    assert_eq!(statuses(&second).last().unwrap().to_owned(), format!("Status: Image is up to date for {IMAGE}"));
    assert_eq!(engine.pull_count(IMAGE), 2);
}

#[tokio::test]
async fn pull_by_digest_reports_that_digest() {
    let engine = FakeEngine::start();
    let docker = client(&engine).await;
    let digest = format!("sha256:{}", "ab".repeat(32));
    let image = format!("docker.io/library/nginx@{digest}");
    let items = pull(&docker, &image).await.unwrap();
    assert!(statuses(&items).contains(&format!("Digest: {digest}").as_str()));
    let local = docker.inspect_image(&image).await.unwrap();
    assert_eq!(local.repo_digests.unwrap(), [format!("nginx@{digest}")]);
    assert_eq!(local.repo_tags.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn announced_digest_can_differ_from_the_stored_digest() {
    let engine = FakeEngine::start();
    let docker = client(&engine).await;
    let (announced, stored) = (format!("sha256:{}", "1".repeat(64)), format!("sha256:{}", "2".repeat(64)));
    engine.script(IMAGE, PullScript::success().with_reported_digest(&announced).with_local_digest(&stored));
    let items = pull(&docker, IMAGE).await.unwrap();
    assert!(statuses(&items).contains(&format!("Digest: {announced}").as_str()));
    let local = docker.inspect_image(IMAGE).await.unwrap();
    assert!(local.repo_digests.unwrap()[0].ends_with(&stored));
}

#[tokio::test]
async fn image_that_was_not_pulled_is_absent() {
    let engine = FakeEngine::start();
    let error = client(&engine).await.inspect_image(IMAGE).await.unwrap_err().to_string();
    assert!(error.contains("404") && error.contains("No such image"), "{error}");
}

/// The test uses a plain socket because bollard omits the version from its paths.
#[test]
fn api_version_of_the_path_is_checked_and_recorded() {
    let engine = FakeEngine::start();
    let send = |request: &str| {
        let mut stream = UnixStream::connect(engine.socket()).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nhost: engine\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let ping = send("GET /_ping");
    assert!(ping.contains("api-version: 1.41") && ping.ends_with("OK"), "{ping}");
    for (version, message) in [
        ("1.44", "client version 1.44 is too new. Maximum supported API version is 1.41"),
        ("1.11", "client version 1.11 is too old. Minimum supported API version is 1.12"),
    ] {
        let refused = send(&format!("POST /v{version}/images/create?fromImage=app&tag=1"));
        assert!(refused.starts_with("HTTP/1.1 400") && refused.contains(message), "{refused}");
    }
    let pulled = send("POST /v1.41/images/create?fromImage=registry.example%2Fapp&tag=1");
    assert!(pulled.starts_with("HTTP/1.1 200"), "{pulled}");
    assert_eq!(engine.pulls().len(), 1);
    assert_eq!(engine.pulls()[0].image, "registry.example/app:1");
    assert_eq!(engine.pulls()[0].api_version.as_deref(), Some("1.41"));
    assert!(engine.requests().contains(&"POST /v1.44/images/create".to_owned()));
    assert!(send("GET /v1.41/containers/json").starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn newer_engine_reports_its_own_api_version() {
    let engine = FakeEngine::with_api("1.47");
    let version = client(&engine).await.version().await.unwrap();
    assert_eq!(version.api_version.as_deref(), Some("1.47"));
}

#[tokio::test]
async fn platform_of_a_pull_is_recorded() {
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
async fn decoded_credentials_decide_whether_a_pull_succeeds() {
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

/// bollard encodes the header in the standard alphabet of base64.
#[tokio::test]
async fn auth_header_in_standard_base64_is_treated_as_anonymous() {
    let engine = FakeEngine::start();
    engine.script(IMAGE, PullScript::success().with_login("user", "pass>>>word???"));
    let docker = client(&engine).await;
    let refused = pull_as(&docker, IMAGE, Some(login("user", "pass>>>word???"))).await.unwrap_err();
    assert!(refused.contains("no basic auth credentials"), "{refused}");
    let auth = engine.pulls().remove(0).auth;
    assert!(matches!(auth, RegistryAuth::Ignored(header) if header.contains(['+', '/'])));
}

#[test]
fn auth_header_is_decoded_as_go_decodes_it() {
    let read = |header| RegistryAuth::parse(Some(header));
    assert_eq!(RegistryAuth::parse(None), RegistryAuth::Absent);
    assert_eq!(read(""), RegistryAuth::Absent);
    // The header encodes {"username":"u"}, with and without padding.
    let RegistryAuth::Config(given) = read("eyJ1c2VybmFtZSI6InUifQ==") else { panic!("not read") };
    assert_eq!(given.username, "u");
    assert!(matches!(read("eyJ1c2VybmFtZSI6InUifQ"), RegistryAuth::Ignored(_)));
    // The headers encode {}, null and {"username":null}, which contain no login.
    for header in ["e30=", "bnVsbA==", "eyJ1c2VybmFtZSI6bnVsbH0="] {
        assert!(matches!(read(header), RegistryAuth::Config(_)) && read(header).is_anonymous());
    }
}

#[tokio::test]
async fn refused_pull_has_an_error_status_and_no_stream() {
    let engine = FakeEngine::start();
    engine.script(IMAGE, PullScript::refusal(404, "manifest unknown"));
    let refused = pull(&client(&engine).await, IMAGE).await.unwrap_err();
    assert!(refused.contains("404") && refused.contains("manifest unknown"), "{refused}");
    assert_eq!(engine.pulls()[0].ending, Some(PullEnd::Complete));
}

#[tokio::test]
async fn error_line_follows_the_earlier_stream_lines() {
    let engine = FakeEngine::start();
    engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").error("unexpected EOF"));
    let docker = client(&engine).await;
    let items: Vec<_> = docker.create_image(Some(options(IMAGE)), None, None).collect().await;
    assert!(items[0].is_ok());
    assert!(items[1].as_ref().unwrap_err().to_string().contains("unexpected EOF"));
    assert!(docker.inspect_image(IMAGE).await.is_err());
}

#[tokio::test]
async fn scripted_stream_can_store_an_image_without_a_final_newline() {
    let engine = FakeEngine::start();
    let digest = format!("sha256:{}", "c".repeat(64));
    let first_half = r#"{"status":"Status: Down"#;
    let script = PullScript::stream()
        .line(&json!({ "status": format!("Digest: {digest}") }))
        .raw(first_half)
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
async fn reset_stream_is_an_error_with_a_broken_ending() {
    let engine = FakeEngine::start();
    engine.script_once(IMAGE, PullScript::stream().status("Pulling from team/app").reset());
    let docker = client(&engine).await;
    assert!(pull(&docker, IMAGE).await.is_err());
    assert_eq!(engine.pulls()[0].ending, Some(PullEnd::Broken));
    assert!(pull(&docker, IMAGE).await.is_ok(), "the reset happens only once");
}

#[tokio::test]
async fn client_disconnect_during_a_hanging_pull_is_recorded() {
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
async fn peak_number_of_concurrent_pulls_is_counted() {
    let engine = FakeEngine::start();
    let gate = Gate::closed();
    let images: HashMap<_, _> = (0..3).map(|n| (n, format!("registry.example/app:{n}"))).collect();
    for image in images.values() {
        engine.script(image, PullScript::success().hold(&gate));
    }
    let docker = client(&engine).await;
    let pulls = futures_util::future::join_all(images.values().map(|image| pull(&docker, image)));
    let (results, ()) = tokio::join!(pulls, async {
        gate.wait_for_arrivals(3).await;
        gate.open();
    });
    assert!(results.iter().all(Result::is_ok));
    pull(&docker, &images[&0]).await.unwrap();
    assert_eq!((engine.max_concurrent_pulls(), engine.pulls().len()), (3, 4));
}
