use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::SystemTime;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::writer::{AuditSink, JournaldSocket};
use super::{AuditEvent, AuditLog, AuditSubject};
use crate::agent::{
    AccessDecision, AgentMetrics, AgentObserver as _, CredentialIssued, Job, JobId, JobSource, Peer, Right, Submission,
    Timestamp,
};
use crate::config::AuditTarget;
use crate::credential::Provenance;
use crate::error::{Class, Failure, Link, Printable};

const PEER: Peer = Peer { uid: 1000, gid: 100 };

fn access(allowed: bool) -> AccessDecision<'static> {
    AccessDecision { caller: PEER, right: Right::Submit, allowed, request: format_args!("POST /v1/pulls") }
}

fn count(metrics: &AgentMetrics, result: &str) -> f64 {
    let line = format!("taskpull_audit_lines_total{{result=\"{result}\"}} ");
    let text = metrics.render_counted();
    text.lines().find_map(|found| found.strip_prefix(&line)).unwrap().parse().unwrap()
}

#[test]
fn each_decision_is_written_as_one_line() {
    let folder = tempdir().unwrap();
    let (path, metrics) = (folder.path().join("audit"), Arc::new(AgentMetrics::default()));
    let audit = AuditLog::open(&AuditTarget::File(path.clone()), Arc::clone(&metrics)).unwrap();
    audit.access_decided(&access(true));
    audit.access_decided(&access(false));
    audit.credential_issued(&CredentialIssued {
        caller: PEER,
        target: "registry.example\n",
        provenance: &Provenance::Anonymous,
    });
    // Waits for the queued lines.
    drop(audit);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        assert!(line.as_object_mut().unwrap().remove("time").unwrap().as_str().unwrap().ends_with('Z'));
    }
    let caller = json!({ "uid": 1000, "gid": 100 });
    let access = |allowed| json!({ "event": "access", "submittedBy": caller, "right": "submit", "allowed": allowed, "what": "POST /v1/pulls" });
    let issued = json!({
        "event": "credential", "to": caller, "what": "registry.example", "credential": { "kind": "anonymous" },
    });
    assert_eq!(lines, [access(true), access(false), issued]);
    assert_eq!((count(&metrics, "written"), count(&metrics, "lost")), (3.0, 0.0));
}

#[test]
fn lost_lines_are_counted_and_do_not_block() {
    let folder = tempdir().unwrap();
    let (path, metrics) = (folder.path().join("journald"), Arc::new(AgentMetrics::default()));
    let journald = UnixDatagram::bind(&path).unwrap();
    let sink = AuditSink::Journald(JournaldSocket::open(&path).unwrap());
    drop(journald);
    std::fs::remove_file(&path).unwrap();
    let audit = AuditLog::start(Some(sink), Arc::clone(&metrics)).unwrap();
    (0..10).for_each(|_| audit.access_decided(&access(true)));
    drop(audit);
    assert_eq!((count(&metrics, "written"), count(&metrics, "lost")), (0.0, 10.0));
}

#[test]
fn an_audit_log_that_is_off_opens_nothing() {
    let metrics = Arc::new(AgentMetrics::default());
    let audit = AuditLog::open(&AuditTarget::Off, Arc::clone(&metrics)).unwrap();
    audit.access_decided(&access(true));
    drop(audit);
    assert_eq!((count(&metrics, "written"), count(&metrics, "lost")), (0.0, 0.0));
}

/// The JSON of an event, and its fields for journald.
fn line(event: AuditEvent<'_>) -> (String, Vec<(&'static str, String)>) {
    let fields = event.journald_fields();
    (serde_json::to_string(&event.into_entry()).unwrap(), fields)
}

proptest! {
    #[test]
    fn any_text_stays_on_one_line_and_is_read_back(source in any::<String>(), path in any::<String>()) {
        let (now, source) = (SystemTime::now(), Printable::new(&source));
        let by = JobSource::Peer(PEER);
        let submission = Submission { source: source.clone(), definition: String::new(), key: None, submitted_by: by };
        let request = Job { id: JobId::new(now, 0), accepted: Timestamp::new(now), submission };
        let message = Printable::new(&path);
        let (link, class) = (Link::Definition, Class::Invalid);
        let failure = Failure { link, class, resource: source.clone(), message: message.clone(), caused_by: Vec::new(), hint: None };
        let definition = AuditEvent::Definition { subject: AuditSubject::new(&request), failure: &failure };
        let what = format_args!("{path}");
        let access = AuditEvent::from_decision(&AccessDecision { caller: PEER, right: Right::Read, allowed: true, request: what });
        let issued = AuditEvent::from_issued(&CredentialIssued { caller: PEER, target: &path, provenance: &Provenance::Anonymous });
        for (event, key, expected) in [(definition, "source", &source), (access, "what", &message), (issued, "what", &message)] {
            let (json, fields) = line(event);
            prop_assert!(!json.contains(char::is_control), "{json:?}");
            let read: Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read[key].as_str().unwrap(), expected.as_str());
            for (_, value) in fields {
                prop_assert!(!value.contains(char::is_control), "journald would take the rest for a field: {value:?}");
            }
        }
    }
}
