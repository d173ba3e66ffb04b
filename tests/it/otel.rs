//! Traces at the wire: what the collector receives, and that no pull depends on the collector.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::http::{Reply, Stall};
use crate::support::leak::Canary;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::support::otel::TraceCollector;
use crate::support::process::wake_up_count;
use crate::support::run::RunOutput;
use crate::support::tls::SelfSignedTls;
use crate::support::world::{Agent, AgentHome, IMAGE, World, container, open_container, task};

const CLIENT: u64 = 3;

/// A world with an execution role, and a task definition that uses it.
fn with_role() -> (World, Value) {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(ROLE);
    (world, definition)
}

fn public_task() -> Value {
    task(&[open_container("app", IMAGE)])
}

/// Returns the warnings on stderr, of which a run without traces has none.
fn warnings(output: &RunOutput) -> Vec<&str> {
    output.stderr.lines().filter(|line| line.to_lowercase().contains("warn")).collect()
}

/// Starts an agent that sends its traces to the collector.
fn start_agent(home: &AgentHome, world: &World, collector: &TraceCollector) -> Agent {
    Agent::from_run(collector.configure(home.serve(world)).env("RUST_LOG", "info"), home)
}

#[test]
fn pull_is_traced_as_a_tree_of_spans_with_attributes() {
    let (world, definition) = with_role();
    let collector = TraceCollector::start();
    let output = collector.configure(world.pull(&definition)).output();
    assert_eq!(output.code, 0, "{output:?}");
    let expected = [
        "run",
        "  pull",
        "    credential",
        "      STS.AssumeRole",
        "      SecretsManager.GetSecretValue",
        "    turn",
        "    attempt",
    ];
    assert_eq!(collector.tree(), expected);
    let report = output.container(0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();

    let pull = collector.span("pull");
    assert_eq!(pull.attribute("container.image.name"), "registry.example:5000/team/app");
    assert_eq!(pull.attribute("taskpull.image"), IMAGE);
    assert_eq!(pull.attribute("taskpull.registry"), "registry.example:5000");
    assert_eq!((pull.attribute("taskpull.result"), pull.attribute("taskpull.attempts")), ("pulled", "1"));
    assert_eq!(pull.attribute("oci.manifest.digest"), text(&report["digest"]));
    let credential = collector.span("credential");
    assert_eq!(
        (credential.attribute("taskpull.credential.kind"), credential.attribute("taskpull.identity")),
        ("secret", ROLE)
    );
    assert_eq!(credential.attribute("aws.secretsmanager.secret.arn"), SECRET);
    assert_eq!(credential.attribute("taskpull.secret.version_id"), text(&report["credential"]["versionId"]));
    for (at, (service, method)) in [("STS", "AssumeRole"), ("SecretsManager", "GetSecretValue")].iter().enumerate() {
        let call = collector.span(&format!("{service}.{method}"));
        assert_eq!((call.kind, call.attribute("rpc.system")), (CLIENT, "aws-api"));
        assert_eq!((call.attribute("rpc.service"), call.attribute("rpc.method")), (*service, *method));
        assert_eq!(call.attribute("aws.request_id"), text(&report["credential"]["awsRequests"][at]["id"]));
    }
    let attempt = collector.span("attempt");
    assert_eq!((attempt.attribute("taskpull.attempt"), attempt.attribute("taskpull.task")), ("1", "pull"));
    assert!(collector.spans().iter().all(|span| span.error.is_none()), "{:?}", collector.spans());
}

#[test]
fn images_with_one_secret_share_one_read_span() {
    let world = World::new();
    let containers = ["a", "b"].map(|name| container(name, &format!("registry.example:5000/{name}:1"), SECRET));
    let collector = TraceCollector::start();
    assert_eq!(collector.configure(world.pull(&task(&containers))).output().code, 0);
    let tree = collector.tree();
    let count = |name: &str| tree.iter().filter(|line| line.trim() == name).count();
    assert_eq!([count("pull"), count("credential"), count("SecretsManager.GetSecretValue")], [2, 2, 1], "{tree:?}");
}

#[test]
fn failure_sets_the_status_of_its_span_and_its_parents() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::refusal(500, "unauthorized: incorrect username or password"));
    let collector = TraceCollector::start();
    let output = collector.configure(world.pull(&task(&[container("app", IMAGE, SECRET)]))).output();
    let failure = &output.container(0)["failure"];
    for name in ["run", "pull", "attempt"] {
        let span = collector.span(name);
        assert_eq!(span.error.as_deref(), failure["message"].as_str(), "{span:?}");
        assert_eq!((span.attribute("error.type"), span.attribute("taskpull.link")), ("refused", "registry"));
    }
    assert_eq!(collector.span("credential").error, None);

    world.aws.inject_fault("GetSecretValue", Calls::Every, AwsFault::Error(400, "AccessDeniedException", "no"));
    let collector = TraceCollector::start();
    let output = collector.configure(world.pull(&task(&[container("app", IMAGE, SECRET)]))).output();
    let failure = &output.container(0)["failure"];
    assert_eq!(collector.span("credential").error.as_deref(), failure["message"].as_str());
    let call = collector.span("SecretsManager.GetSecretValue");
    assert_eq!((call.error.as_deref(), call.attribute("error.type")), (Some("GetSecretValue: denied"), "denied"));
}

#[test]
fn agent_request_is_one_trace() {
    let (world, definition) = with_role();
    let (home, collector) = (AgentHome::new(), TraceCollector::start());
    let agent = start_agent(&home, &world, &collector);
    let id = agent.submit(&definition).id();
    agent.wait_for_end(&id);
    let request = collector.wait_for_span("request");
    assert_eq!(
        (request.attribute("taskpull.request.id"), request.attribute("taskpull.request.ending")),
        (&*id, "succeeded")
    );
    assert!(!request.attribute("taskpull.request.source").is_empty());
    let tree = collector.tree();
    assert_eq!(tree[..3], ["request", "  run", "    pull"], "{tree:?}");

    world.engine.script(IMAGE, PullScript::refusal(404, "manifest unknown"));
    collector.requests().clear();
    let id = agent.submit(&definition).id();
    let failure = agent.wait_for_end(&id)["report"]["tasks"][0]["containers"][0]["failure"].clone();
    let request = collector.wait_for_span("request");
    assert_eq!(request.attribute("taskpull.request.ending"), "failed");
    assert_eq!(request.error.as_deref(), failure["message"].as_str(), "{failure}");
}

#[test]
fn standard_otel_variables_set_endpoint_headers_and_resource() {
    let world = World::new();
    let collector = TraceCollector::start();
    let run = world.pull(&public_task()).env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let run = run.env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", format!("{}/there", collector.endpoint()));
    let run = run.env("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b, authorization=Bearer%20it");
    let run = run.env("OTEL_RESOURCE_ATTRIBUTES", "host.name=web-1,service.name=other");
    assert_eq!(run.env("OTEL_SERVICE_NAME", "mine").output().code, 0);
    let resource = collector.resource();
    assert_eq!((&*resource["service.name"], &*resource["host.name"]), ("mine", "web-1"));
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    let requests = collector.requests();
    let request = &requests[0];
    assert_eq!((&*request.method, &*request.path), ("POST", "/there"));
    assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
    assert_eq!((request.header("x-tenant"), request.header("authorization")), (Some("a b"), Some("Bearer it")));
}

#[test]
fn trace_headers_are_read_from_the_credentials_directory() {
    let (world, collector, folder) = (World::new(), TraceCollector::start(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("traces.headers"), "authorization=Bearer%20it").unwrap();
    assert_eq!(
        collector.configure(world.pull(&public_task())).env("CREDENTIALS_DIRECTORY", folder.path()).output().code,
        0
    );
    assert_eq!(collector.requests()[0].header("authorization"), Some("Bearer it"));
}

#[test]
fn interrupted_run_still_sends_its_spans() {
    let (world, collector, gate) = (World::new(), TraceCollector::start(), Gate::closed());
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").hold(&gate));
    let running = collector.configure(world.pull(&public_task())).start();
    gate.block_until_arrivals(1);
    kill_process(Pid::from_child(&running), Signal::INT).unwrap();
    let output = RunOutput::wait_for(running);
    assert_eq!(output.code, 130, "{output:?}");
    assert_eq!(collector.tree(), ["run", "  pull", "    credential", "    turn", "    attempt"]);
    assert_eq!(collector.span("pull").attribute("error.type"), "cancelled");
    gate.open();
}

#[test]
fn default_service_name_and_trace_path_are_used() {
    let (world, collector) = (World::new(), TraceCollector::start());
    assert_eq!(collector.configure(world.pull(&public_task())).output().code, 0);
    assert_eq!(collector.requests()[0].path, "/v1/traces");
    assert_eq!(collector.resource()["service.name"], "taskpull");
}

#[test]
fn disabled_traces_send_nothing_and_invalid_urls_stop_no_pull() {
    let (world, collector) = (World::new(), TraceCollector::start());
    let output = collector.configure(world.pull(&public_task())).env("OTEL_SDK_DISABLED", "true").output();
    assert_eq!((output.code, collector.requests().len()), (0, 0));
    for url in ["collector:4317", "grpc://collector:4317", "http://", "http://who:secret@"] {
        let output = world.pull(&public_task()).env("OTEL_EXPORTER_OTLP_ENDPOINT", url).output();
        assert_eq!(output.code, 0, "{output:?}");
        assert!(output.stderr.contains("warning: traces are disabled: `traces.endpoint`"), "{output:?}");
        assert!(!output.stderr.contains("secret"), "{output:?}");
    }
}

#[test]
fn collector_is_reached_over_tls() {
    let (world, collector) = (World::new(), TraceCollector::start());
    let tls = SelfSignedTls::start(collector.port());
    let run = world.pull(&public_task()).env("OTEL_EXPORTER_OTLP_ENDPOINT", tls.endpoint());
    let output = run.env("SSL_CERT_FILE", tls.ca_bundle()).output();
    assert_eq!((output.code, warnings(&output)), (0, vec![]));
    assert_eq!(collector.tree()[0], "run");
}

#[test]
fn log_is_identical_with_and_without_traces() {
    let (world, definition) = with_role();
    let collector = TraceCollector::start();
    let run = || world.pull(&definition).env("RUST_LOG", "trace,spans=trace");
    let lines = |output: RunOutput| {
        // Time stamps and other numbers differ between the runs.
        let line = |line: &str| line.split_once(' ').unwrap().1.replace(|c: char| c.is_ascii_digit(), "");
        let mut lines: Vec<_> = output.stderr.lines().map(line).collect();
        lines.sort_unstable();
        lines
    };
    run().output();
    // The image is cached now, so both runs below log the same result.
    let (without, with) = (lines(run().output()), lines(collector.configure(run()).output()));
    assert!(without.len() > 3, "{without:?}");
    assert_eq!(without, with);
    assert_eq!(collector.tree()[0], "run");
}

#[test]
fn no_secret_appears_in_a_span() {
    const PASSWORD: &str = "c4nary-ÿ-\"quoted\"-~~~???-and-long-enough";
    let (world, definition) = with_role();
    let quoted = serde_json::to_string(PASSWORD).unwrap();
    let login = json!({ "username": "user-name-that-is-a-token", "password": PASSWORD }).to_string();
    let echo = format!("unauthorized: {PASSWORD} is no password of user-name-that-is-a-token: {login}");
    let collector = TraceCollector::start();
    let canaries = [
        Canary::new("password", PASSWORD),
        Canary::new("secret access key", &world.host.secret),
        Canary::new("user name", "user-name-that-is-a-token"),
        Canary::new("collector's token", "token-of-the-collector"),
    ];
    let assert_silent = |output: &RunOutput| {
        for canary in &canaries {
            assert_eq!(canary.find_in_bytes("traces", &collector.bytes()), []);
            canary.assert_absent(output);
        }
    };
    let run = || {
        let run = collector.configure(world.pull(&definition)).env("RUST_LOG", "trace,spans=trace");
        run.env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=token-of-the-collector")
            .env("TASKPULL_ATTEMPTS", "2")
            .output()
    };
    for content in [PASSWORD.to_owned(), format!("[{quoted}]"), format!("{{\"username\": {quoted}, \"password\": 1}}")]
    {
        world.aws.put_secret(Secret::text(SECRET, &content));
        assert_silent(&run());
    }
    world.aws.put_secret(Secret::text(SECRET, &login));
    let pulls = [
        PullScript::success(),
        PullScript::success().with_login("other", "login"),
        PullScript::refusal(500, &echo),
        PullScript::stream().error(&echo),
        PullScript::refusal(503, "<html>busy</html>"),
        PullScript::stream().status("Pulling").reset(),
    ];
    for pull in pulls {
        world.engine.script(IMAGE, pull);
        assert_silent(&run());
    }
    for fault in [AwsFault::Throttle, AwsFault::Status(500), AwsFault::Reset, AwsFault::Garbage] {
        for operation in ["GetSecretValue", "AssumeRole"] {
            world.aws.inject_fault(operation, Calls::Every, fault.clone());
            assert_silent(&run());
            world.aws.clear_faults(operation);
        }
    }
    assert_ne!(Canary::new("ARN that is in the traces", SECRET).find_in_bytes("traces", &collector.bytes()), []);
    assert!(collector.spans().len() > 50 && collector.spans().iter().any(|span| span.error.is_some()));
    assert_eq!(collector.requests()[0].header("authorization"), Some("token-of-the-collector"));
}

#[test]
fn run_ends_when_its_collector_never_answers() {
    let world = World::new();
    let collector = TraceCollector::answering(|| Reply::stall(Stall::Hang));
    let output = collector.configure(world.pull(&public_task())).output();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.container(0)["result"], "pulled");
    assert_eq!(collector.requests().len(), 1);
    let [warning] = &warnings(&output)[..] else { panic!("{output:?}") };
    assert!(warning.contains("last traces lost"), "{warning}");
}

#[test]
fn run_ends_when_its_collector_is_gone() {
    let world = World::new();
    let output = world.pull(&public_task()).env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1").output();
    assert_eq!(output.code, 0, "{output:?}");
    let [warning] = &warnings(&output)[..] else { panic!("{output:?}") };
    assert!(warning.contains("traces lost: they cannot be sent") && warning.contains("refused"), "{warning}");
}

#[test]
fn agent_logs_lost_traces_once_and_their_recovery_once() {
    let (world, home) = (World::new(), AgentHome::new());
    let is_healthy = Arc::new(AtomicBool::new(false));
    let answers_well = Arc::clone(&is_healthy);
    let collector =
        TraceCollector::answering(move || Reply::new(if answers_well.load(Ordering::Relaxed) { 200 } else { 500 }, ""));
    let agent = start_agent(&home, &world, &collector);
    let lines = |message: &str| agent.log_lines(message).len();
    for sent in 1..=3 {
        let id = agent.submit(&public_task()).id();
        assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
        agent.wait_until("the collector gets another request", || collector.requests().len() > sent);
    }
    agent.wait_for_log("traces lost");
    assert_eq!(lines("traces lost"), 1, "{:?}", agent.log_lines("traces"));
    is_healthy.store(true, Ordering::Relaxed);
    let id = agent.submit(&public_task()).id();
    agent.wait_for_end(&id);
    agent.wait_for_log("traces are sent again");
    assert_eq!((lines("traces lost"), lines("traces are sent again")), (1, 1), "{:?}", agent.log_lines("traces"));
}

#[test]
fn hanging_collector_blocks_neither_requests_nor_shutdown() {
    let (world, home) = (World::new(), AgentHome::new());
    let collector = TraceCollector::answering(|| Reply::stall(Stall::Hang));
    let agent = start_agent(&home, &world, &collector);
    for _ in 0..20 {
        let id = agent.submit(&public_task()).id();
        assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
    }
    assert!(collector.requests().len() < 20, "the collector does not get a request for each pull");
    let output = agent.terminate();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.stderr.matches("last traces lost").count(), 1, "{output:?}");
}

#[test]
fn idle_agent_with_traces_causes_no_wake_ups() {
    let (world, home, collector) = (World::new(), AgentHome::new(), TraceCollector::start());
    let agent = start_agent(&home, &world, &collector);
    let id = agent.submit(&public_task()).id();
    agent.wait_for_end(&id);
    collector.wait_for_span("request");
    // The threads for blocking work end after ten idle seconds.
    let threads = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", agent.id())).unwrap();
        let names = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")).unwrap().trim().to_owned());
        names.collect::<Vec<_>>()
    };
    agent.wait_until("the threads for blocking work have ended", || threads().len() == 4);
    assert_eq!(threads().iter().filter(|name| *name == "traces").count(), 1, "{:?}", threads());
    let mut before = 0;
    while before != wake_up_count(agent.id()) {
        before = wake_up_count(agent.id());
        thread::sleep(Duration::from_secs(2));
    }
    // The wait is longer than the batch timer of the OpenTelemetry library.
    thread::sleep(Duration::from_secs(7));
    assert_eq!(wake_up_count(agent.id()), before);
    agent.signal(Signal::TERM);
}
