//! Registry logins over the agent's socket: who may obtain one, which one it is, and that it leaks nowhere else.

use std::fs;

use serde_json::{Value, json};

use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::leak::{Canary, Folder};
use crate::support::names::SECRET;
use crate::support::run::Run;
use crate::support::world::{
    Agent, AgentHome, ApiResponse, CredentialWorld, ECR_HOST, IMAGE, REGISTRY, container, task,
};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const PATH: &str = "/v1/credentials";

/// `taskpull serve` with root in `access.credentials`.
fn serve(fixture: &CredentialWorld, home: &AgentHome) -> Run {
    fixture.configure(home.serve(&fixture.world)).env("TASKPULL_ACCESS_CREDENTIALS", "root")
}

fn start(fixture: &CredentialWorld, home: &AgentHome) -> Agent {
    Agent::from_run(serve(fixture, home), home)
}

fn ask(agent: &Agent, body: &Value) -> ApiResponse {
    agent.send("POST", PATH, &[JSON], &body.to_string())
}

fn ask_for_registry(agent: &Agent, registry: &str) -> ApiResponse {
    ask(agent, &json!({ "registry": registry }))
}

/// The status, the problem and the failure's class of a rejected request.
fn rejection(answer: &ApiResponse) -> (u16, String, Value) {
    (answer.status, answer.problem_type(), answer.json()["failure"]["class"].clone())
}

#[test]
fn agent_issues_the_same_logins_as_the_credential_protocols() {
    let (fixture, home) = (CredentialWorld::new(), AgentHome::new());
    let agent = start(&fixture, &home);
    let login = json!({ "username": "me", "secret": "swordfish", "covers": "image" });
    for body in [
        json!({ "registry": REGISTRY }),
        json!({ "registry": format!("https://{REGISTRY}/v2/") }),
        json!({ "image": format!("{REGISTRY}/team/app:v1") }),
    ] {
        let answer = ask(&agent, &body);
        assert_eq!((answer.status, answer.json()), (200, login.clone()), "{body}");
        assert!(answer.head.contains("cache-control: no-store"), "{answer:?}");
    }
    assert_eq!(fixture.world.aws.call_count("GetSecretValue"), 1, "a cached login costs no AWS call");

    let answer = ask_for_registry(&agent, ECR_HOST).json();
    assert_eq!((&answer["username"], &answer["covers"]), (&json!("AWS"), &json!("registry")));
    assert!(answer["expiresAt"].as_str().unwrap().ends_with('Z'), "a login of ECR has an expiry time");
    let other = ask(&agent, &json!({ "image": format!("{ECR_HOST}/other/app") })).json();
    assert_eq!(other["secret"], answer["secret"], "one token covers the registry");
}

#[test]
fn pulls_and_issued_logins_share_one_cache() {
    let (fixture, home) = (CredentialWorld::new(), AgentHome::new());
    let agent = start(&fixture, &home);
    let id = agent.submit(&task(&[container("app", IMAGE, SECRET)])).id();
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
    assert_eq!(ask_for_registry(&agent, REGISTRY).status, 200);
    assert_eq!(fixture.world.aws.call_count("GetSecretValue"), 1);
}

#[test]
fn login_requires_an_entry_in_access_credentials() {
    let (fixture, home) = (CredentialWorld::new(), AgentHome::new());
    let agent = Agent::from_run(fixture.configure(home.serve(&fixture.world)), &home);
    let answer = ask_for_registry(&agent, REGISTRY);
    assert_eq!(rejection(&answer), (403, "no-right".to_owned(), Value::Null));
    assert!(answer.json()["detail"].as_str().unwrap().contains("access.credentials"), "{answer:?}");
    assert_eq!(fixture.world.aws.calls(), []);
}

#[test]
fn browsers_and_proxies_get_no_login() {
    let (fixture, home) = (CredentialWorld::new(), AgentHome::new());
    let agent = start(&fixture, &home);
    let body = json!({ "registry": REGISTRY }).to_string();
    for header in [("Origin", "null"), ("Via", "1.1 proxy"), ("Host", "evil.example")] {
        let answer = agent.send("POST", PATH, &[header, JSON], &body);
        assert_eq!((answer.status, &*answer.problem_type()), (403, "forwarded"), "{header:?}");
    }
    assert_eq!(agent.send("POST", PATH, &[("Content-Type", "text/plain")], &body).problem_type(), "media-type");
    assert_eq!(fixture.world.aws.calls(), []);
}

#[test]
fn unmapped_registry_gets_404_and_malformed_requests_are_not_echoed() {
    let (fixture, home) = (CredentialWorld::new(), AgentHome::new());
    let agent = start(&fixture, &home);
    for body in [json!({ "registry": "other.example" }), json!({ "image": "nginx" })] {
        assert_eq!(rejection(&ask(&agent, &body)), (404, "not-ours".to_owned(), Value::Null), "{body}");
    }
    for body in [
        json!({}),
        json!({ "registry": REGISTRY, "image": IMAGE }),
        json!({ "registry": format!("me:hunter2@{REGISTRY}") }),
        json!({ "hunter2": REGISTRY }),
        json!("hunter2"),
        json!({ "registry": "" }),
        json!({ "image": "library/HUNTER2:hunter2" }),
    ] {
        let answer = ask(&agent, &body);
        assert_eq!((answer.status, &*answer.problem_type()), (400, "malformed"), "{body}");
        assert!(!answer.body.contains("hunter2"), "{answer:?}");
    }
    assert_eq!(fixture.world.aws.calls(), []);
}

#[test]
fn refused_login_is_final_and_an_outage_is_retryable() {
    let (fixture, home) = (CredentialWorld::new().with_policy(Policy::none()), AgentHome::new());
    let agent = start(&fixture, &home);
    for registry in [REGISTRY, ECR_HOST] {
        let answer = ask_for_registry(&agent, registry);
        assert_eq!(rejection(&answer), (422, "no-login".to_owned(), json!("refused")), "{registry}");
        assert!(answer.json()["failure"]["hint"].is_string(), "{answer:?}");
    }
    assert_eq!(rejection(&ask_for_registry(&agent, "12.dkr.ecr.eu-west-1.amazonaws.com")).1, "no-login");
    drop(agent);

    let (fixture, home) = (CredentialWorld::new(), AgentHome::new());
    let outage = AwsFault::Error(500, "InternalServiceError", "sorry");
    fixture.world.aws.inject_fault("GetSecretValue", Calls::Every, outage);
    let agent = Agent::from_run(serve(&fixture, &home).env("TASKPULL_SECRETS_TIMEOUT", "2s"), &home);
    let answer = ask_for_registry(&agent, REGISTRY);
    assert_eq!((answer.status, &*answer.problem_type()), (503, "login-unavailable"));
    assert!(["unavailable", "timed-out"].map(|class| json!(class)).contains(&rejection(&answer).2), "{answer:?}");
    assert!(answer.head.contains("retry-after: "), "{answer:?}");
}

#[test]
fn invalid_registry_map_stops_the_agent_at_start() {
    let (fixture, home) = (CredentialWorld::new(), AgentHome::new());
    fixture.write_config(&format!("[[registry]]\nhost = \"{REGISTRY}\"\n"));
    let output = serve(&fixture, &home).output();
    assert_eq!(output.code, 6, "{output:?}");
    assert!(output.stderr.contains("has no secret"), "{output:?}");
}

#[test]
fn issued_login_appears_only_in_its_answer_and_is_audited() {
    let password = "c4nary-ÿ-\"quoted\"-~~~???-and-long-enough";
    let (fixture, home) = (CredentialWorld::new(), AgentHome::new());
    let login = json!({ "username": "user-name-that-is-a-token", "password": password });
    fixture.world.aws.put_secret(Secret::text(SECRET, &login.to_string()));
    let trail = tempfile::tempdir().unwrap();
    let path = trail.path().join("trail");
    let agent = Agent::from_run(serve(&fixture, &home).env("TASKPULL_AUDIT", &path).env("RUST_LOG", "trace"), &home);
    let answer = ask_for_registry(&agent, REGISTRY);
    assert_eq!(answer.json()["secret"], password);
    assert_eq!(ask_for_registry(&agent, "other.example").status, 404);
    let metrics = agent.get("/v1/metrics").body;
    let output = agent.terminate();

    assert!(metrics.contains("taskpull_credentials_issued_total{kind=\"secret\"} 1"), "{metrics}");
    let lines = fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let matching = |event: &str, right: &Value| {
        lines.iter().filter(|line| line["event"] == event && line["right"] == *right).collect::<Vec<_>>()
    };
    let decisions = matching("access", &json!("credentials"));
    assert_eq!((decisions.len(), &decisions[0]["allowed"]), (2, &json!(true)), "{lines:?}");
    let [issued] = matching("credential", &Value::Null)[..] else { panic!("{lines:?}") };
    assert_eq!((&issued["to"]["uid"], &issued["what"]), (&json!(0), &json!(REGISTRY)));
    assert_eq!((&issued["credential"]["arn"], &issued["credential"]["kind"]), (&json!(SECRET), &json!("secret")));

    for (name, value) in [("password", password), ("user name", "user-name-that-is-a-token")] {
        let canary = Canary::new(name, value);
        for (source, text) in [("metrics", &metrics), ("stdout", &output.stdout), ("stderr", &output.stderr)] {
            assert_eq!(canary.find_in_bytes(source, text.as_bytes()), []);
        }
        for folder in [home.state(), trail.path().to_owned()] {
            assert_eq!(canary.scan_folder(&Folder::new(folder)).findings, []);
        }
    }
}
