//! One reader of answers: what a registry or its token service answers has the same link and class
//! when `secret check` asks it, and when the engine relays it to `pull`.

use serde::Deserialize;
use serde_json::Value;

use crate::support::engine::PullScript;
use crate::support::http::{HttpServer, Reply, Request};
use crate::support::names::SECRET;
use crate::support::run::Run;
use crate::support::world::{World, container, task};

/// Real answers of registries and their token services; `tests/corpus/README.md` describes the fields.
const ANSWERS: &str = include_str!("../corpus/registry-answers.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    product: String,
    at: Place,
    status: u16,
    #[serde(rename = "type")]
    media_type: String,
    body: Value,
    /// The engine's words for an answer that is no error.
    engine: Option<String>,
    /// Parameters of the challenge beside its realm.
    challenge: Option<String>,
    /// Whether the base path refuses the login too.
    #[serde(default)]
    base: Base,
    link: String,
    class: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Base {
    #[default]
    Accepted,
    Refused,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Manifest,
    #[serde(rename = "token service")]
    TokenService,
}

impl Row {
    fn body(&self) -> String {
        self.body.as_str().map_or_else(|| self.body.to_string(), str::to_owned)
    }

    fn reply(&self) -> Reply {
        let reply = Reply::new(self.status, self.body()).header("content-type", self.media_type.clone());
        match &self.challenge {
            Some(challenge) => {
                reply.header("www-authenticate", format!("Bearer realm=\"https://t.example/\",{challenge}"))
            }
            None => reply,
        }
    }
}

/// The scripted registry of one row, with its token service.
struct Registry {
    server: HttpServer,
    _tokens: Option<HttpServer>,
}

impl Registry {
    fn start(row: &'static Row) -> Self {
        if row.at == Place::TokenService {
            let tokens = HttpServer::on_loopback(|_| row.reply());
            let challenge = format!("Bearer realm=\"http://127.0.0.1:{}/token\",service=\"r\"", tokens.port());
            let server =
                HttpServer::on_loopback(move |_| Reply::new(401, "").header("www-authenticate", challenge.clone()));
            return Self { server, _tokens: Some(tokens) };
        }
        let server =
            HttpServer::on_loopback(|request: Request| match (&*request.path, request.header("authorization")) {
                (_, None) => Reply::new(401, "").header("www-authenticate", "Basic realm=\"r\""),
                ("/v2/", Some(_)) if row.base == Base::Accepted => Reply::new(200, "{}"),
                _ => row.reply(),
            });
        Self { server, _tokens: None }
    }
}

fn rows() -> &'static [Row] {
    serde_json::from_str::<Vec<Row>>(ANSWERS).unwrap().leak()
}

/// The link and the class that `secret check` gives to the answer of a row.
fn meaning_for_check(world: &World, row: &'static Row) -> String {
    let registry = Registry::start(row);
    let target = format!("127.0.0.1:{}/team/app:1", registry.server.port());
    let run = Run::new(["secret", "check", "--for", "direct", "--output", "json", "--registry", &target, SECRET]);
    let output = world.configure(run).output();
    let report: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == "registry").unwrap();
    let text = |key: &str| finding[key].as_str().unwrap_or("none").to_owned();
    format!("{} {}", text("link"), text("class"))
}

/// The text that Docker Engine makes of the answer, and its status (moby's registry client).
fn engine_message(row: &Row) -> PullScript {
    let image = "r.example/team/app";
    let words = engine_words(row);
    match (row.at, words.split(':').next()) {
        (Place::TokenService, _) => {
            PullScript::refusal(500, &format!("Head \"https://r.example/v2/team/app/manifests/1\": {words}"))
        }
        (_, Some("denied")) if words.contains(':') => {
            let start =
                format!("pull access denied for {image}, repository does not exist or may require 'docker login'");
            PullScript::refusal(404, &format!("{start}: {words}"))
        }
        (_, Some("manifest unknown")) if words.contains(':') => {
            PullScript::refusal(404, &format!("manifest for {image}:1 not found: {words}"))
        }
        (_, Some("name unknown")) if words.contains(':') => {
            PullScript::refusal(404, &format!("repository {image} not found: {words}"))
        }
        _ => PullScript::refusal(500, &words),
    }
}

/// The codes that the registry client knows, each with its own message.
const CODES: &[(&str, &str)] = &[
    ("UNAUTHORIZED", "authentication required"),
    ("DENIED", "requested access to the resource is denied"),
    ("TOOMANYREQUESTS", "too many requests"),
    ("NAME_UNKNOWN", "repository name not known to registry"),
    ("MANIFEST_UNKNOWN", "manifest unknown"),
];

fn engine_words(row: &Row) -> String {
    if let Some(words) = &row.engine {
        return words.clone();
    }
    let body = row.body();
    let of_status = |message: &str| match row.status {
        401 => format!("unauthorized: {message}"),
        403 => format!("denied: {message}"),
        429 => format!("toomanyrequests: {message}"),
        _ => format!("unknown: {message}"),
    };
    if row.status >= 500 {
        return format!("received unexpected HTTP status: {} Server Error", row.status);
    }
    if row.challenge.as_deref().is_some_and(|challenge| challenge.contains("insufficient_scope")) {
        return "denied: requested access to the resource is denied".to_owned();
    }
    if row.media_type != "application/json" {
        return of_status(&body);
    }
    if let Some(details) = row.body["details"].as_str() {
        return of_status(details);
    }
    let first = &row.body["errors"][0];
    let message = first["message"].as_str().unwrap_or_default();
    match (first.is_null(), row.status, CODES.iter().find(|(code, _)| first["code"] == *code)) {
        (true, 401, _) => "unauthorized: authentication required".to_owned(),
        (true, status, _) => {
            format!("error parsing HTTP {status} response body: no error details found in HTTP response body: {body:?}")
        }
        (false, _, None) => format!("unknown: {message}"),
        (false, _, Some((code, own))) => {
            let code = code.to_lowercase().replace('_', " ");
            let is_own = first["detail"].is_null() && (message.is_empty() || message == *own);
            if is_own { code } else { format!("{code}: {message}") }
        }
    }
}

/// The links and classes that one `pull` gives to the messages of all rows, in their order.
fn meanings_for_pull(rows: &[Row]) -> Vec<String> {
    let world = World::new();
    let containers: Vec<_> = (0..rows.len())
        .map(|index| {
            let image = format!("r.example/team/app:row-{index}");
            world.engine.script(&image, engine_message(&rows[index]));
            container(&format!("row-{index}"), &image, SECRET)
        })
        .collect();
    let run = world.pull(&task(&containers)).env("TASKPULL_PULL_ATTEMPTS", "1");
    let output = run.output();
    (0..rows.len()).map(|index| output.failure(index)).collect()
}

#[test]
fn check_and_pull_read_the_same_answer_alike() {
    let rows = rows();
    let pulled = meanings_for_pull(rows);
    let world = World::new();
    let wrong: Vec<_> = rows
        .iter()
        .zip(pulled)
        .filter_map(|(row, pulled)| {
            let checked = meaning_for_check(&world, row);
            let right = format!("{} {}", row.link, row.class);
            let is_right = checked == right && pulled == right;
            (!is_right).then(|| format!("{}: {right} is right; check: {checked}; pull: {pulled}", row.product))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
