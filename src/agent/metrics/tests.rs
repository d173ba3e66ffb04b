use std::time::{Duration, SystemTime};

use super::{AgentMetrics, DownloadCounter};
use crate::agent::{
    AccessDecision, AgentObserver as _, Job, JobId, JobResult, JobSource, Peer, Right, Submission, Timestamp,
};
use crate::aws::{AwsCall, AwsCallEvent, CallObserver as _, CallOutcome};
use crate::credential::{CredentialKind, CredentialObserver as _, CredentialOrigin, ProvidedCredential};
use crate::error::{Class, Failure, Link, Printable};
use crate::pull::{LayerTotals, ProgressObserver, PullState};
use crate::report::{ContainerReport, ContainerResult, CredentialReport, Report, RetryReport, Summary, TaskReport};

const PEER: Peer = Peer { uid: 0, gid: 0 };

fn failure(link: Link, class: Class) -> Failure {
    let (resource, message) = (Printable::new("thing"), Printable::new("it failed"));
    Failure { link, class, resource, message, caused_by: Vec::new(), hint: None }
}

fn container(image: &str, result: ContainerResult) -> ContainerReport {
    ContainerReport {
        name: "app".to_owned(),
        image: Printable::new(image),
        registry: None,
        result,
        digest: None,
        via: None,
        fallback: None,
        upstream_credential: None,
        credential: Some(CredentialReport::Anonymous),
        wanted_platform: None,
        platform: None,
        attempts: Some(1),
        waited_ms: Some(200),
        duration_ms: Some(2_000),
        warnings: Vec::new(),
        retries: Vec::new(),
        verified: None,
        instead_of: None,
        failure: None,
    }
}

fn ended(metrics: &AgentMetrics, containers: Vec<ContainerReport>) {
    let (now, source) = (SystemTime::now(), Printable::new("web.json"));
    let submission = Submission {
        source: source.clone(),
        definition: String::new(),
        key: None,
        submitted_by: JobSource::Peer(PEER),
    };
    let request = Job { id: JobId::new(now, 0), accepted: Timestamp::new(now), submission };
    let tasks = vec![TaskReport { source, family: None, warnings: Vec::new(), containers }];
    let report = Report {
        schema_version: 1,
        warnings: Vec::new(),
        tasks,
        invalid_inputs: Vec::new(),
        summary: Summary::default(),
    };
    metrics.job_ended(&request, JobResult::Failed, &report);
}

fn assert_has(metrics: &AgentMetrics, lines: &[&str]) {
    let text = metrics.render_counted();
    for line in lines {
        assert!(text.lines().any(|found| found == *line), "{line}: {text}");
    }
}

#[test]
fn a_pull_that_containers_share_is_counted_once() {
    let metrics = AgentMetrics::default();
    let good = container("r.example/a:1", ContainerResult::Pulled);
    let other = ContainerReport { wanted_platform: Some("linux/arm64".to_owned()), ..good.clone() };
    ended(&metrics, vec![good.clone(), good, other]);
    assert_has(
        &metrics,
        &[
            r#"taskpull_pulls_total{result="pulled",class=""} 2"#,
            r#"taskpull_pull_duration_seconds_bucket{result="pulled",le="2.5"} 2"#,
            r#"taskpull_pull_wait_seconds_bucket{le="0.25"} 2"#,
            r#"taskpull_requests_total{ending="failed"} 1"#,
            r#"taskpull_requests_total{ending="succeeded"} 0"#,
        ],
    );
}

#[test]
fn failures_are_counted_by_link_and_class_and_retries_by_class() {
    let metrics = AgentMetrics::default();
    let because = failure(Link::Registry, Class::Throttled);
    let refused = ContainerReport {
        failure: Some(failure(Link::SecretPolicy, Class::Refused)),
        retries: vec![RetryReport { attempt: 2, wait_ms: 10, error: because }],
        ..container("r.example/a:1", ContainerResult::Failed)
    };
    let late = ContainerReport {
        failure: Some(failure(Link::Layers, Class::TimedOut)),
        ..container("r.example/b:1", ContainerResult::Failed)
    };
    ended(&metrics, vec![refused, late]);
    assert_has(
        &metrics,
        &[
            r#"taskpull_pull_failures_total{link="secret-policy",class="refused"} 1"#,
            r#"taskpull_pull_failures_total{link="layers",class="timed-out"} 1"#,
            r#"taskpull_pulls_total{result="failed",class="refused"} 1"#,
            r#"taskpull_pull_retries_total{class="throttled"} 1"#,
        ],
    );
}

#[test]
fn aws_calls_served_credentials_and_decisions_are_counted() {
    let metrics = AgentMetrics::default();
    let took = Duration::from_millis(30);
    metrics.call_ended(&AwsCallEvent { call: AwsCall::AssumeRole, outcome: CallOutcome::Denied, duration: took });
    metrics.credential_provided(&ProvidedCredential {
        kind: CredentialKind::Secret,
        source: CredentialOrigin::StaleCache,
        age: Duration::from_secs(400),
    });
    metrics.access_decided(&AccessDecision {
        caller: PEER,
        right: Right::Submit,
        allowed: false,
        request: format_args!(""),
    });
    assert_has(
        &metrics,
        &[
            r#"taskpull_aws_calls_total{operation="AssumeRole",result="denied"} 1"#,
            r#"taskpull_aws_call_duration_seconds_bucket{operation="AssumeRole",le="0.05"} 1"#,
            r#"taskpull_credentials_served_total{what="secret",source="stale"} 1"#,
            r#"taskpull_credentials_served_total{what="secret",source="read"} 0"#,
            r#"taskpull_credential_age_seconds_bucket{what="secret",le="900"} 1"#,
            r#"taskpull_access_decisions_total{right="submit",decision="refused"} 1"#,
        ],
    );
}

struct NoObserver;

impl ProgressObserver for NoObserver {
    fn update(&self, _: usize, _: &PullState) {}
}

#[test]
fn a_new_attempt_counts_its_bytes_from_zero() {
    let metrics = AgentMetrics::default();
    let downloads = DownloadCounter::new(&metrics, &NoObserver);
    for (pull, bytes) in [(0, 10), (0, 60), (1, 5), (0, 0), (0, 100), (0, 100)] {
        downloads.update(pull, &PullState::Pulling(LayerTotals { bytes, ..LayerTotals::default() }));
    }
    assert_has(&metrics, &["taskpull_downloaded_bytes_total 165"]);
}
