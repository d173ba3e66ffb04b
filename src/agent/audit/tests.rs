use std::os::unix::net::UnixDatagram;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::tempdir;

use super::journald::Journal;
use super::writer::Sink;
use super::{Audit, AuditTo};
use crate::agent::{AccessDecision, AgentObserver as _, CredentialIssued, Metrics, Peer, Right};
use crate::pipeline::Provenance;

const PEER: Peer = Peer { uid: 1000, gid: 100 };

fn access(allowed: bool) -> AccessDecision<'static> {
    AccessDecision { caller: PEER, right: Right::Submit, allowed, request: format_args!("POST /v1/pulls") }
}

fn count(metrics: &Metrics, result: &str) -> f64 {
    let line = format!("taskpull_audit_lines_total{{result=\"{result}\"}} ");
    let text = metrics.text();
    text.lines().find_map(|found| found.strip_prefix(&line)).unwrap().parse().unwrap()
}

#[test]
fn each_decision_is_a_line_of_its_own() {
    let folder = tempdir().unwrap();
    let (path, metrics) = (folder.path().join("audit"), Arc::new(Metrics::default()));
    let audit = Audit::begin(&AuditTo::File(path.clone()), Arc::clone(&metrics)).unwrap();
    audit.access_decided(&access(true));
    audit.access_decided(&access(false));
    audit.credential_issued(&CredentialIssued {
        caller: PEER,
        target: "registry.example\n",
        provenance: &Provenance::Anonymous,
    });
    // What waits is written before it goes.
    drop(audit);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        assert!(line.as_object_mut().unwrap().remove("time").unwrap().as_str().unwrap().ends_with('Z'));
    }
    let by = json!({ "uid": 1000, "gid": 100 });
    let access = |allowed| json!({ "event": "access", "by": by, "right": "submit", "allowed": allowed, "what": "POST /v1/pulls" });
    let given =
        json!({ "event": "credential", "to": by, "what": "registry.example", "credential": { "kind": "anonymous" } });
    assert_eq!(lines, [access(true), access(false), given]);
    assert_eq!((count(&metrics, "written"), count(&metrics, "lost")), (3.0, 0.0));
}

#[test]
fn lines_that_are_lost_are_counted_and_hold_up_nobody() {
    let folder = tempdir().unwrap();
    let (path, metrics) = (folder.path().join("journald"), Arc::new(Metrics::default()));
    let journald = UnixDatagram::bind(&path).unwrap();
    let sink = Sink::Journald(Journal::open(&path).unwrap());
    drop(journald);
    std::fs::remove_file(&path).unwrap();
    let audit = Audit::writing(Some(sink), Arc::clone(&metrics)).unwrap();
    (0..10).for_each(|_| audit.access_decided(&access(true)));
    drop(audit);
    assert_eq!((count(&metrics, "written"), count(&metrics, "lost")), (0.0, 10.0));
}

#[test]
fn a_trail_that_cannot_be_is_said_with_its_place() {
    let metrics = || Arc::new(Metrics::default());
    let missing = AuditTo::File("/nonexistent/audit".into());
    let said = Audit::begin(&missing, metrics()).unwrap_err().to_string();
    assert_eq!(said, "audit.to: /nonexistent/audit cannot be written to");
    drop(Audit::begin(&AuditTo::Off, metrics()).unwrap());
}
