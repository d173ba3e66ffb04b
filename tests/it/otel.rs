//! Traces at the wire: what a collector is sent, and what becomes of a pull when it does not
//! take it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::agent_folder_many::wake_up_count;
use crate::agent_world::{Agent, AgentHome};
use crate::otel_collector::TraceCollector;
use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::http::{Reply, Stall};
use crate::support::leak::Canary;
use crate::support::run::RunOutput;
use crate::support::tls::SelfSignedTls;
use crate::support_aws_client::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::task::{IMAGE, World, container, open_container, task};

const CLIENT: u64 = 3;

/// A world with a role, and a task that has it.
fn with_role() -> (World, Value) {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(ROLE);
    (world, definition)
}

fn open() -> Value {
    task(&[open_container("app", IMAGE)])
}

/// What was said beside what a run without traces says.
fn warnings(ended: &RunOutput) -> Vec<&str> {
    ended.stderr.lines().filter(|line| line.to_lowercase().contains("warn")).collect()
}

/// An agent whose traces go there.
fn agent(home: &AgentHome, world: &World, collector: &TraceCollector) -> Agent {
    Agent::from_run(collector.configure(home.serve(world)).env("RUST_LOG", "info"), home)
}

#[test]
fn a_pull_is_a_tree_of_spans_that_name_what_served_it() {
    let (world, definition) = with_role();
    let collector = TraceCollector::start();
    let ended = collector.configure(world.pull(&definition)).output();
    assert_eq!(ended.code, 0, "{ended:?}");
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
    let report = ended.container(0);
    let said = |value: &Value| value.as_str().unwrap().to_owned();

    let pull = collector.span("pull");
    assert_eq!(pull.is("container.image.name"), "registry.example:5000/team/app");
    assert_eq!(pull.is("taskpull.image"), IMAGE);
    assert_eq!(pull.is("taskpull.registry"), "registry.example:5000");
    assert_eq!((pull.is("taskpull.result"), pull.is("taskpull.attempts")), ("pulled", "1"));
    assert_eq!(pull.is("oci.manifest.digest"), said(&report["digest"]));
    let credential = collector.span("credential");
    assert_eq!((credential.is("taskpull.credential.kind"), credential.is("taskpull.identity")), ("secret", ROLE));
    assert_eq!(credential.is("aws.secretsmanager.secret.arn"), SECRET);
    assert_eq!(credential.is("taskpull.secret.version_id"), said(&report["credential"]["versionId"]));
    for (at, (service, method)) in [("STS", "AssumeRole"), ("SecretsManager", "GetSecretValue")].iter().enumerate() {
        let call = collector.span(&format!("{service}.{method}"));
        assert_eq!((call.kind, call.is("rpc.system")), (CLIENT, "aws-api"));
        assert_eq!((call.is("rpc.service"), call.is("rpc.method")), (*service, *method));
        assert_eq!(call.is("aws.request_id"), said(&report["credential"]["awsRequests"][at]["id"]));
    }
    let attempt = collector.span("attempt");
    assert_eq!((attempt.is("taskpull.attempt"), attempt.is("taskpull.task")), ("1", "pull"));
    assert!(collector.spans().iter().all(|span| span.error.is_none()), "{:?}", collector.spans());
}

#[test]
fn images_that_share_a_secret_share_its_read() {
    let world = World::new();
    let containers = ["a", "b"].map(|name| container(name, &format!("registry.example:5000/{name}:1"), SECRET));
    let collector = TraceCollector::start();
    assert_eq!(collector.configure(world.pull(&task(&containers))).output().code, 0);
    let tree = collector.tree();
    let count = |name: &str| tree.iter().filter(|line| line.trim() == name).count();
    assert_eq!([count("pull"), count("credential"), count("SecretsManager.GetSecretValue")], [2, 2, 1], "{tree:?}");
}

#[test]
fn a_failure_is_the_status_of_what_failed_and_of_all_above() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::refusal(500, "unauthorized: incorrect username or password"));
    let collector = TraceCollector::start();
    let ended = collector.configure(world.pull(&task(&[container("app", IMAGE, SECRET)]))).output();
    let failure = &ended.container(0)["failure"];
    for name in ["run", "pull", "attempt"] {
        let span = collector.span(name);
        assert_eq!(span.error.as_deref(), failure["message"].as_str(), "{span:?}");
        assert_eq!((span.attribute("error.type"), span.attribute("taskpull.link")), ("refused", "registry"));
    }
    assert_eq!(collector.span("credential").error, None);

    world.aws.inject_fault("GetSecretValue", Calls::Every, AwsFault::Error(400, "AccessDeniedException", "no"));
    let collector = TraceCollector::start();
    let ended = collector.configure(world.pull(&task(&[container("app", IMAGE, SECRET)]))).output();
    let failure = &ended.container(0)["failure"];
    assert_eq!(collector.span("credential").error.as_deref(), failure["message"].as_str());
    let call = collector.span("SecretsManager.GetSecretValue");
    assert_eq!((call.error.as_deref(), call.is("error.type")), (Some("GetSecretValue: denied"), "denied"));
}

#[test]
fn a_request_of_the_agents_is_one_trace() {
    let (world, definition) = with_role();
    let (home, collector) = (AgentHome::new(), TraceCollector::start());
    let agent = agent(&home, &world, &collector);
    let id = agent.submit(&definition).id();
    agent.wait_for_end(&id);
    let request = collector.wait_for_span("request");
    assert_eq!((request.is("taskpull.request.id"), request.is("taskpull.request.ending")), (&*id, "succeeded"));
    assert!(!request.is("taskpull.request.source").is_empty());
    let tree = collector.tree();
    assert_eq!(tree[..3], ["request", "  run", "    pull"], "{tree:?}");

    world.engine.script(IMAGE, PullScript::refusal(404, "manifest unknown"));
    collector.requests().clear();
    let id = agent.submit(&definition).id();
    let failure = agent.wait_for_end(&id)["report"]["tasks"][0]["containers"][0]["failure"].clone();
    let request = collector.wait_for_span("request");
    assert_eq!(request.is("taskpull.request.ending"), "failed");
    assert_eq!(request.error.as_deref(), failure["message"].as_str(), "{failure}");
}

#[test]
fn the_standard_variables_say_where_traces_go_and_what_is_said_with_them() {
    let world = World::new();
    let collector = TraceCollector::start();
    let run = world.pull(&open()).env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
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
fn headers_may_be_handed_over_by_systemd() {
    let (world, collector, folder) = (World::new(), TraceCollector::start(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("traces.headers"), "authorization=Bearer%20it").unwrap();
    assert_eq!(collector.configure(world.pull(&open())).env("CREDENTIALS_DIRECTORY", folder.path()).output().code, 0);
    assert_eq!(collector.requests()[0].header("authorization"), Some("Bearer it"));
}

#[test]
fn an_interrupted_run_sends_what_it_has() {
    let (world, collector, gate) = (World::new(), TraceCollector::start(), Gate::closed());
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").hold(&gate));
    let running = collector.configure(world.pull(&open())).start();
    gate.block_until_arrivals(1);
    kill_process(Pid::from_child(&running), Signal::INT).unwrap();
    let ended = RunOutput::wait_for(running);
    assert_eq!(ended.code, 130, "{ended:?}");
    assert_eq!(collector.tree(), ["run", "  pull", "    credential", "    turn", "    attempt"]);
    assert_eq!(collector.span("pull").is("error.type"), "cancelled");
    gate.open();
}

#[test]
fn a_service_has_the_programs_name_and_traces_the_path_of_the_protocol() {
    let (world, collector) = (World::new(), TraceCollector::start());
    assert_eq!(collector.configure(world.pull(&open())).output().code, 0);
    assert_eq!(collector.requests()[0].path, "/v1/traces");
    assert_eq!(collector.resource()["service.name"], "taskpull");
}

#[test]
fn what_is_disabled_sends_nothing_and_what_is_no_url_stops_no_pull() {
    let (world, collector) = (World::new(), TraceCollector::start());
    let ended = collector.configure(world.pull(&open())).env("OTEL_SDK_DISABLED", "true").output();
    assert_eq!((ended.code, collector.requests().len()), (0, 0));
    for url in ["collector:4317", "grpc://collector:4317", "http://", "http://who:secret@"] {
        let ended = world.pull(&open()).env("OTEL_EXPORTER_OTLP_ENDPOINT", url).output();
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stderr.contains("warning: traces are disabled: `traces.endpoint`"), "{ended:?}");
        assert!(!ended.stderr.contains("secret"), "{ended:?}");
    }
}

#[test]
fn a_collector_is_reached_by_tls() {
    let (world, collector) = (World::new(), TraceCollector::start());
    let tls = SelfSignedTls::start(collector.port());
    let run = world.pull(&open()).env("OTEL_EXPORTER_OTLP_ENDPOINT", tls.endpoint());
    let ended = run.env("SSL_CERT_FILE", tls.ca_bundle()).output();
    assert_eq!((ended.code, warnings(&ended)), (0, vec![]));
    assert_eq!(collector.tree()[0], "run");
}

#[test]
fn the_log_is_the_same_with_traces_and_without() {
    let (world, definition) = with_role();
    let collector = TraceCollector::start();
    let run = || world.pull(&definition).env("RUST_LOG", "trace,spans=trace");
    let lines = |ended: RunOutput| {
        // Without its time, and whatever else counts.
        let line = |line: &str| line.split_once(' ').unwrap().1.replace(|c: char| c.is_ascii_digit(), "");
        let mut lines: Vec<_> = ended.stderr.lines().map(line).collect();
        lines.sort_unstable();
        lines
    };
    run().output();
    // The image is here now, and both say so.
    let (without, with) = (lines(run().output()), lines(collector.configure(run()).output()));
    assert!(without.len() > 3, "{without:?}");
    assert_eq!(without, with);
    assert_eq!(collector.tree()[0], "run");
}

#[test]
fn no_secret_is_ever_in_a_span() {
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
    let assert_silent = |ended: &RunOutput| {
        for canary in &canaries {
            assert_eq!(canary.find_in_bytes("traces", &collector.bytes()), []);
            assert_eq!(canary.find_in_bytes("stdout", ended.stdout.as_bytes()), []);
            assert_eq!(canary.find_in_bytes("stderr", ended.stderr.as_bytes()), []);
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
        PullScript::success().with_login("somebody", "else"),
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
    assert_ne!(Canary::new("what is there", SECRET).find_in_bytes("traces", &collector.bytes()), []);
    assert!(collector.spans().len() > 50 && collector.spans().iter().any(|span| span.error.is_some()));
    assert_eq!(collector.requests()[0].header("authorization"), Some("token-of-the-collector"));
}

#[test]
fn a_run_ends_though_its_collector_never_answers() {
    let world = World::new();
    let collector = TraceCollector::answering(|| Reply::stall(Stall::Hang));
    let ended = collector.configure(world.pull(&open())).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["result"], "pulled");
    assert_eq!(collector.requests().len(), 1);
    let [warning] = &warnings(&ended)[..] else { panic!("{ended:?}") };
    assert!(warning.contains("last traces lost"), "{warning}");
}

#[test]
fn a_run_ends_though_its_collector_is_gone() {
    let world = World::new();
    let ended = world.pull(&open()).env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let [warning] = &warnings(&ended)[..] else { panic!("{ended:?}") };
    assert!(warning.contains("traces lost: they cannot be sent") && warning.contains("refused"), "{warning}");
}

#[test]
fn an_agent_says_once_that_traces_are_lost_and_once_that_they_are_not() {
    let (world, home) = (World::new(), AgentHome::new());
    let is_well = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_well);
    let collector =
        TraceCollector::answering(move || Reply::new(if asked.load(Ordering::Relaxed) { 200 } else { 500 }, ""));
    let agent = agent(&home, &world, &collector);
    let lines = |said: &str| agent.log_lines(said).len();
    for sent in 1..=3 {
        let id = agent.submit(&open()).id();
        assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
        agent.wait_until("the collector is asked again", || collector.requests().len() > sent);
    }
    agent.wait_for_log("traces lost");
    assert_eq!(lines("traces lost"), 1, "{:?}", agent.log_lines("traces"));
    is_well.store(true, Ordering::Relaxed);
    let id = agent.submit(&open()).id();
    agent.wait_for_end(&id);
    agent.wait_for_log("traces are sent again");
    assert_eq!((lines("traces lost"), lines("traces are sent again")), (1, 1), "{:?}", agent.log_lines("traces"));
}

#[test]
fn a_collector_that_hangs_holds_up_neither_requests_nor_the_end() {
    let (world, home) = (World::new(), AgentHome::new());
    let collector = TraceCollector::answering(|| Reply::stall(Stall::Hang));
    let agent = agent(&home, &world, &collector);
    for _ in 0..20 {
        let id = agent.submit(&open()).id();
        assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
    }
    assert!(collector.requests().len() < 20, "it is not asked for each");
    let ended = agent.terminate();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.stderr.matches("last traces lost").count(), 1, "{ended:?}");
}

#[test]
fn an_idle_agent_with_traces_wakes_nobody_up() {
    let (world, home, collector) = (World::new(), AgentHome::new(), TraceCollector::start());
    let agent = agent(&home, &world, &collector);
    let id = agent.submit(&open()).id();
    agent.wait_for_end(&id);
    collector.wait_for_span("request");
    // Those that waited for the disk end after ten seconds.
    let threads = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", agent.id())).unwrap();
        let names = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")).unwrap().trim().to_owned());
        names.collect::<Vec<_>>()
    };
    agent.wait_until("the threads for the disk have ended", || threads().len() == 4);
    assert_eq!(threads().iter().filter(|name| *name == "traces").count(), 1, "{:?}", threads());
    let mut before = 0;
    while before != wake_up_count(agent.id()) {
        before = wake_up_count(agent.id());
        thread::sleep(Duration::from_secs(2));
    }
    // Longer than a library's own timer for batches.
    thread::sleep(Duration::from_secs(7));
    assert_eq!(wake_up_count(agent.id()), before);
    agent.signal(Signal::TERM);
}
