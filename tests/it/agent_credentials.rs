//! Logins over the agent's socket: who is given one, which it is, and that it is nowhere else.

use std::fs;

use serde_json::{Value, json};

use crate::agent_world::{Agent, AgentHome, ApiResponse};
use crate::credential::{CredentialWorld, ECR_HOST, REGISTRY};
use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::leak::{Canary, Folder};
use crate::support::run::Run;
use crate::support_aws_client::SECRET;
use crate::task::{IMAGE, container, task};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const PATH: &str = "/v1/credentials";

/// An agent that gives root logins.
fn serve(doors: &CredentialWorld, home: &AgentHome) -> Run {
    doors.configure(home.serve(&doors.world)).env("TASKPULL_ACCESS_CREDENTIALS", "root")
}

fn start(doors: &CredentialWorld, home: &AgentHome) -> Agent {
    Agent::from_run(serve(doors, home), home)
}

fn ask(agent: &Agent, body: &Value) -> ApiResponse {
    agent.send("POST", PATH, &[JSON], &body.to_string())
}

fn ask_of(agent: &Agent, registry: &str) -> ApiResponse {
    ask(agent, &json!({ "registry": registry }))
}

fn refused(answer: &ApiResponse) -> (u16, String, Value) {
    (answer.status, answer.problem_type(), answer.json()["failure"]["class"].clone())
}

#[test]
fn a_registrys_login_is_given_as_the_front_doors_give_it() {
    let (doors, home) = (CredentialWorld::new(), AgentHome::new());
    let agent = start(&doors, &home);
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
    assert_eq!(doors.world.aws.call_count("GetSecretValue"), 1, "a kept one costs no call");

    let answer = ask_of(&agent, ECR_HOST).json();
    assert_eq!((&answer["username"], &answer["covers"]), (&json!("AWS"), &json!("registry")));
    assert!(answer["expiresAt"].as_str().unwrap().ends_with('Z'), "it ends some day");
    let other = ask(&agent, &json!({ "image": format!("{ECR_HOST}/other/app") })).json();
    assert_eq!(other["secret"], answer["secret"], "one token for the registry");
}

#[test]
fn pulls_and_logins_are_served_from_one_keeping() {
    let (doors, home) = (CredentialWorld::new(), AgentHome::new());
    let agent = start(&doors, &home);
    let id = agent.submit(&task(&[container("app", IMAGE, SECRET)])).id();
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
    assert_eq!(ask_of(&agent, REGISTRY).status, 200);
    assert_eq!(doors.world.aws.call_count("GetSecretValue"), 1);
}

#[test]
fn nobody_is_given_a_login_unless_he_is_named() {
    let (doors, home) = (CredentialWorld::new(), AgentHome::new());
    let agent = Agent::from_run(doors.configure(home.serve(&doors.world)), &home);
    let answer = ask_of(&agent, REGISTRY);
    assert_eq!(refused(&answer), (403, "no-right".to_owned(), Value::Null));
    assert!(answer.json()["detail"].as_str().unwrap().contains("access.credentials"), "{answer:?}");
    assert_eq!(doors.world.aws.calls(), []);
}

#[test]
fn a_browser_or_a_proxy_is_given_none() {
    let (doors, home) = (CredentialWorld::new(), AgentHome::new());
    let agent = start(&doors, &home);
    let body = json!({ "registry": REGISTRY }).to_string();
    for header in [("Origin", "null"), ("Via", "1.1 proxy"), ("Host", "evil.example")] {
        let answer = agent.send("POST", PATH, &[header, JSON], &body);
        assert_eq!((answer.status, &*answer.problem_type()), (403, "forwarded"), "{header:?}");
    }
    assert_eq!(agent.send("POST", PATH, &[("Content-Type", "text/plain")], &body).problem_type(), "media-type");
    assert_eq!(doors.world.aws.calls(), []);
}

#[test]
fn a_registry_that_is_not_ours_has_none_and_what_is_no_question_is_not_repeated() {
    let (doors, home) = (CredentialWorld::new(), AgentHome::new());
    let agent = start(&doors, &home);
    for body in [json!({ "registry": "other.example" }), json!({ "image": "nginx" })] {
        assert_eq!(refused(&ask(&agent, &body)), (404, "not-ours".to_owned(), Value::Null), "{body}");
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
    assert_eq!(doors.world.aws.calls(), []);
}

#[test]
fn a_refusal_stays_one_and_an_outage_may_pass() {
    let (doors, home) = (CredentialWorld::new().may(Policy::none()), AgentHome::new());
    let agent = start(&doors, &home);
    for registry in [REGISTRY, ECR_HOST] {
        let answer = ask_of(&agent, registry);
        assert_eq!(refused(&answer), (422, "no-login".to_owned(), json!("refused")), "{registry}");
        assert!(answer.json()["failure"]["hint"].is_string(), "{answer:?}");
    }
    assert_eq!(refused(&ask_of(&agent, "12.dkr.ecr.eu-west-1.amazonaws.com")).1, "no-login");
    drop(agent);

    let (doors, home) = (CredentialWorld::new(), AgentHome::new());
    let outage = AwsFault::Error(500, "InternalServiceError", "sorry");
    doors.world.aws.inject_fault("GetSecretValue", Calls::Every, outage);
    let agent = Agent::from_run(serve(&doors, &home).env("TASKPULL_SECRETS_TIMEOUT", "2s"), &home);
    let answer = ask_of(&agent, REGISTRY);
    assert_eq!((answer.status, &*answer.problem_type()), (503, "login-unavailable"));
    assert!(["unavailable", "timed-out"].map(|class| json!(class)).contains(&refused(&answer).2), "{answer:?}");
    assert!(answer.head.contains("retry-after: "), "{answer:?}");
}

#[test]
fn a_map_that_is_wrong_is_said_at_the_start() {
    let (doors, home) = (CredentialWorld::new(), AgentHome::new());
    doors.map(&format!("[[registry]]\nhost = \"{REGISTRY}\"\n"));
    let ended = serve(&doors, &home).output();
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("has no secret"), "{ended:?}");
}

#[test]
fn a_login_is_in_its_answer_and_nowhere_else_and_that_it_was_given_is_told() {
    let password = "c4nary-ÿ-\"quoted\"-~~~???-and-long-enough";
    let (doors, home) = (CredentialWorld::new(), AgentHome::new());
    let login = json!({ "username": "user-name-that-is-a-token", "password": password });
    doors.world.aws.put_secret(Secret::text(SECRET, &login.to_string()));
    let trail = tempfile::tempdir().unwrap();
    let path = trail.path().join("trail");
    let agent = Agent::from_run(serve(&doors, &home).env("TASKPULL_AUDIT", &path).env("RUST_LOG", "trace"), &home);
    let answer = ask_of(&agent, REGISTRY);
    assert_eq!(answer.json()["secret"], password);
    assert_eq!(ask_of(&agent, "other.example").status, 404);
    let metrics = agent.get("/v1/metrics").body;
    let ended = agent.terminate();

    assert!(metrics.contains("taskpull_credentials_given_total{kind=\"secret\"} 1"), "{metrics}");
    let lines = fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str, right: &Value| {
        lines.iter().filter(|line| line["event"] == event && line["right"] == *right).collect::<Vec<_>>()
    };
    let decided = of("access", &json!("credentials"));
    assert_eq!((decided.len(), &decided[0]["allowed"]), (2, &json!(true)), "{lines:?}");
    let [given] = of("credential", &Value::Null)[..] else { panic!("{lines:?}") };
    assert_eq!((&given["to"]["uid"], &given["what"]), (&json!(0), &json!(REGISTRY)));
    assert_eq!((&given["credential"]["arn"], &given["credential"]["kind"]), (&json!(SECRET), &json!("secret")));

    for (name, value) in [("password", password), ("user name", "user-name-that-is-a-token")] {
        let canary = Canary::new(name, value);
        for (place, text) in [("metrics", &metrics), ("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
            assert_eq!(canary.find_in_bytes(place, text.as_bytes()), []);
        }
        for folder in [home.state(), trail.path().to_owned()] {
            assert_eq!(canary.scan_folder(&Folder::new(folder)).findings, []);
        }
    }
}
