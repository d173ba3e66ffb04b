//! Holds every error of the API's socket, the client, the metrics and the audit log by a snapshot.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::api::{ProblemView, Socket, SocketError};
use super::metrics::MetricsListener;
use super::{AgentMetrics, AuditLog, ClientError};
use crate::config::AuditTarget;
use crate::error::{Class, Explain, Failure, Link, Printable, catalogue};

fn socket() -> PathBuf {
    "/run/taskpull/taskpull.sock".into()
}

fn entry<E: Explain>(name: &'static str, error: Result<impl Sized, E>) -> (&'static str, Failure) {
    (name, Failure::from(error.err().unwrap()))
}

fn client_error(name: &'static str, error: ClientError) -> (&'static str, Failure) {
    entry::<ClientError>(name, Err::<(), _>(error))
}

fn problem(status: u16, failure: Option<Failure>) -> ClientError {
    let problem = ProblemView {
        r#type: "urn:taskpull:problem:name".to_owned(),
        title: "The title of the problem".to_owned(),
        status,
        detail: Printable::new("its detail"),
        failure,
        report: None,
    };
    ClientError::Problem { socket: socket(), problem: Box::new(problem) }
}

#[test]
fn every_client_error_says_what_to_do() {
    let refused = || io::Error::from_raw_os_error(111);
    let denied = |group: Option<&str>| ClientError::Denied {
        socket: socket(),
        group: group.map(str::to_owned),
        source: io::Error::from_raw_os_error(13),
    };
    let failure = Failure {
        link: Link::SecretPolicy,
        class: Class::Refused,
        resource: Printable::new("arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub"),
        message: Printable::new("the role may not read the secret"),
        caused_by: Vec::new(),
        hint: Some(Printable::new("allow secretsmanager:GetSecretValue")),
    };
    let source = serde_json::from_str::<()>("<html>").unwrap_err();
    let text = catalogue::render([
        client_error("NotRunning", ClientError::NotRunning { socket: socket(), source: refused() }),
        client_error("Denied, with a group", denied(Some("taskpull"))),
        client_error("Denied, without a group", denied(None)),
        client_error("ConnectionLost", ClientError::ConnectionLost { socket: socket(), source: refused() }),
        client_error("TimedOut", ClientError::TimedOut { socket: socket(), within: Duration::from_secs(30) }),
        client_error("Problem, 403", problem(403, None)),
        client_error("Problem, 404", problem(404, None)),
        client_error("Problem, 409", problem(409, None)),
        client_error("Problem, 429", problem(429, None)),
        client_error("Problem, 500", problem(500, None)),
        client_error("Problem, with a failure", problem(422, Some(failure))),
        client_error("InvalidResponse", ClientError::InvalidResponse { socket: socket(), source }),
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn every_error_of_a_listener_or_log_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taskpull.sock");
    let _used = Socket::bind(&path, "0").unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let denied = SocketError::Create { path: socket(), source: ErrorKind::PermissionDenied.into() };
    let activation = SocketError::Activation(io::Error::from_raw_os_error(9));
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    let audit = |path: &str| AuditLog::open(&AuditTarget::File(path.into()), Arc::new(AgentMetrics::default()));
    let text = catalogue::render([
        entry("SocketError::InUse", Socket::bind(&path, "0")),
        entry("SocketError::NotASocket", Socket::bind(&file, "0")),
        entry("SocketError::Create, without its folder", Socket::bind(&folder.path().join("none/agent.sock"), "0")),
        entry("SocketError::Create, denied", Err::<(), _>(denied)),
        entry("SocketError::Activation", Err::<(), _>(activation)),
        entry("ListenerError, port in use", MetricsListener::bind(address)),
        entry("ListenerError, address of another host", MetricsListener::bind("192.0.2.1:9464".parse().unwrap())),
        entry("AuditError, without its folder", audit("/nonexistent/audit")),
        entry("AuditError, not a file", audit("/dev/full")),
    ]);
    let text = text.replace(folder.path().to_str().unwrap(), "/folder").replace(&address.to_string(), "127.0.0.1:9464");
    insta::assert_snapshot!(text);
}
