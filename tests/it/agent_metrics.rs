//! The metrics of a running agent, and the Prometheus rules and the Grafana dashboard that use them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use taskpull::agent::metrics::table::{METRICS, MetricKind};

use crate::support::aws::{AwsFault, Secret};
use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::names::SECRET;
use crate::support::world::{AgentSetup, IMAGE, LOGIN, World, container, open_container, task};

fn packaging(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(path)
}

/// Runs `promtool`, which the package `prometheus` contains.
fn promtool(arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new("promtool");
    let mut child =
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn metrics_count_the_work_of_the_agent_and_pass_promtool() {
    let world = World::new();
    world.aws.put_secret(Secret::text(SECRET, LOGIN));
    world.aws.inject_fault("GetSecretValue", Calls::First(1), AwsFault::Throttle);
    let gone = "registry.example:5000/team/gone:v1";
    world.engine.script(gone, PullScript::refusal(404, "manifest unknown"));
    let other = "registry.example:5000/team/other:v1";
    let containers = [
        container("app", IMAGE, SECRET),
        container("twin", IMAGE, SECRET),
        container("other", other, SECRET),
        open_container("gone", gone),
    ];
    let agent = AgentSetup::new().request(&task(&containers)).start(&world);
    let text = agent.metrics_with(r#"taskpull_requests_total{ending="failed"} 1"#);
    for line in [
        concat!("taskpull_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        r#"taskpull_pulls_total{result="pulled",class=""} 2"#,
        r#"taskpull_pulls_total{result="failed",class="absent"} 1"#,
        r#"taskpull_pull_failures_total{link="manifest",class="absent"} 1"#,
        r#"taskpull_aws_calls_total{operation="GetSecretValue",result="answered"} 1"#,
        "taskpull_requests_open_limit 1000",
        r#"taskpull_credential_age_seconds_count{what="secret"} 2"#,
    ] {
        assert!(text.lines().any(|metric| metric == line), "{line}: {text}");
    }
    // The job store closes the request only after its end is counted.
    agent.metrics_with(r#"taskpull_requests_open{phase="running"} 0"#);
    assert!(!text.contains("registry.example") && !text.contains("arn:"), "{text}");
    let check = promtool(&["check", "metrics"], &text);
    assert!(check.status.success(), "{check:?}");
    assert_eq!(String::from_utf8_lossy(&check.stderr), "", "promtool has no complaint about a name or a unit");
    agent.stop();
}

#[test]
fn metrics_listener_answers_only_get_and_head_of_metrics() {
    let agent = AgentSetup::new().start(&World::new());
    for (line, status) in [
        ("GET /metrics", "200 OK"),
        ("HEAD /metrics", "200 OK"),
        ("POST /metrics", "405 Method Not Allowed"),
        ("GET /", "404 Not Found"),
        ("GET /v1/pulls", "404 Not Found"),
        ("GET /metrics/../state", "404 Not Found"),
    ] {
        let answer = agent.send(line);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{line}: {answer}");
    }
    agent.stop();
}

#[test]
fn metrics_address_beyond_loopback_is_rejected() {
    let run = crate::support::run::Run::new(["serve"]).env("TASKPULL_METRICS_LISTEN", "0.0.0.0:9464").output();
    assert_eq!(run.code, 6, "{run:?}");
    assert!(run.stderr.contains("metrics.listen is `0.0.0.0:9464`"), "{run:?}");
}

#[test]
fn alert_rules_pass_their_promtool_tests() {
    let (rules, tests) = (packaging("prometheus/rules.yml"), packaging("prometheus/rules.test.yml"));
    for arguments in [["check", "rules", rules.to_str().unwrap()], ["test", "rules", tests.to_str().unwrap()]] {
        let check = promtool(&arguments, "");
        assert!(check.status.success(), "{check:?}");
    }
}

/// Returns every name `taskpull_…` in a text.
fn metric_names(text: &str) -> BTreeSet<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_word(c)).filter(|word| word.starts_with("taskpull_"));
    words.map(str::to_owned).collect()
}

/// Returns the names of all exported series.
fn series_names() -> BTreeSet<String> {
    let names_of = |metric: &&taskpull::agent::metrics::table::Metric| match metric.kind {
        MetricKind::Histogram(_) => ["_bucket", "_sum", "_count"].map(|part| format!("{}{part}", metric.name)).to_vec(),
        MetricKind::Counter | MetricKind::Gauge => vec![metric.name.to_owned()],
    };
    METRICS.iter().flat_map(names_of).collect()
}

#[test]
fn alerts_and_dashboard_use_only_existing_metrics() {
    let dashboard = fs::read_to_string(packaging("grafana/taskpull.json")).unwrap();
    let parsed: Value = serde_json::from_str(&dashboard).unwrap();
    for name in [&dashboard, &fs::read_to_string(packaging("prometheus/rules.yml")).unwrap()] {
        let unknown: Vec<_> = metric_names(name).difference(&series_names()).cloned().collect();
        assert_eq!(unknown, Vec::<String>::new());
    }
    // Prometheus must be able to parse every expression of the dashboard.
    let panels = parsed["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let expressions: Vec<_> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    assert!(expressions.len() > 10, "{expressions:?}");
    let rules = expressions.iter().enumerate().map(|(at, expression)| {
        let expression = expression.replace("$__rate_interval", "5m");
        serde_json::json!({ "record": format!("panel:{at}"), "expr": expression })
    });
    let rules = serde_json::json!({ "groups": [{ "name": "panels", "rules": rules.collect::<Vec<_>>() }] });
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(rules.to_string().as_bytes()).unwrap();
    let check = promtool(&["check", "rules", file.path().to_str().unwrap()], "");
    assert!(check.status.success(), "{check:?}");
}
