//! The agent as a systemd service: its notifications, and the credentials that systemd hands over.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::engine::FakeEngine;
use crate::support::run::Run;
use crate::support::world::{Agent, AgentHome};

/// The home of an agent, and the socket that receives its notifications.
struct Service {
    home: AgentHome,
    notifications: UnixDatagram,
}

impl Service {
    fn new() -> Self {
        let home = AgentHome::new();
        let notifications = UnixDatagram::bind(home.path("notify")).unwrap();
        notifications.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { home, notifications }
    }

    fn run(&self, host: &str, variables: &[(&str, &str)]) -> Run {
        let run = self.home.serve_wrapped::<&str>(&[]);
        let run = run.env("DOCKER_HOST", host).env("NOTIFY_SOCKET", self.home.path("notify"));
        variables.iter().fold(run, |run, (name, value)| run.env(name, value))
    }

    fn start(&self, host: &str, variables: &[(&str, &str)]) -> Agent {
        Agent::from_run(self.run(host, variables), &self.home)
    }

    /// Receives the next notification.
    fn next(&self) -> String {
        let mut buffer = [0; 4_096];
        let length = self.notifications.recv(&mut buffer).expect("the agent sends a notification");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// Receives notifications up to and including the first that starts with `beginning`.
    fn until(&self, beginning: &str) -> Vec<String> {
        let mut received = vec![self.next()];
        while !received.last().unwrap().starts_with(beginning) {
            received.push(self.next());
        }
        received
    }
}

#[test]
fn agent_notifies_ready_once_the_engine_answers_and_stopping_at_exit() {
    let (service, engine) = (Service::new(), FakeEngine::start());
    let agent = service.start(&engine.host(), &[]);
    assert_eq!(service.next(), "READY=1\nSTATUS=idle\n");
    assert_eq!(agent.terminate().code, 0);
    // The drain timeout (30 s) plus 10 s to exit.
    assert_eq!(service.next(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000\n");
}

#[test]
fn agent_without_an_engine_stays_up_and_becomes_ready_later() {
    let service = Service::new();
    let socket = service.home.path("engine.sock");
    let agent = service.start(&format!("unix://{}", socket.display()), &[]);
    for _ in 0..3 {
        let notification = service.next();
        assert!(
            notification.starts_with("STATUS=waiting for the engine: ") && notification.contains("engine.sock"),
            "{notification}"
        );
    }
    let engine = FakeEngine::start();
    std::os::unix::fs::symlink(engine.socket(), &socket).unwrap();
    let notifications = service.until("READY=1");
    assert!(
        notifications.iter().rev().skip(1).all(|notification| notification.starts_with("STATUS=waiting")),
        "{notifications:?}"
    );
    assert_eq!(agent.terminate().code, 0);
}

#[test]
fn reload_notifies_its_start_and_its_end() {
    let (service, engine) = (Service::new(), FakeEngine::start());
    let agent = service.start(&engine.host(), &[]);
    service.until("READY=1");
    agent.signal(Signal::HUP);
    let notification = service.next();
    let (reloading, time) = notification.split_once("\nMONOTONIC_USEC=").expect(&notification);
    assert_eq!(reloading, "RELOADING=1");
    assert!(time.trim().parse::<u64>().unwrap() > 0);
    assert_eq!(service.next(), "READY=1\n");
    assert!(agent.terminate().stderr.contains("configuration reloaded"));
}

#[test]
fn reload_without_an_engine_does_not_notify_ready() {
    let service = Service::new();
    let agent = service.start("unix:///nonexistent/engine.sock", &[]);
    service.until("STATUS=waiting");
    agent.signal(Signal::HUP);
    for _ in 0..3 {
        assert!(service.next().starts_with("STATUS=waiting"));
    }
    assert!(agent.terminate().stderr.contains("configuration reloaded"));
}

#[test]
fn watchdog_is_notified_repeatedly() {
    let (service, engine) = (Service::new(), FakeEngine::start());
    let agent = service.start(&engine.host(), &[("WATCHDOG_USEC", "200000")]);
    service.until("WATCHDOG=1");
    service.until("WATCHDOG=1");
    assert_eq!(agent.terminate().code, 0);
}

#[test]
fn agent_and_its_children_gain_no_privileges_and_dump_no_core() {
    let (service, engine) = (Service::new(), FakeEngine::start());
    let agent = service.start(&engine.host(), &[]);
    service.until("READY=1");
    let proc_file = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", agent.id())).unwrap();
    let (status, limits) = (proc_file("status"), proc_file("limits"));
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    assert_eq!(agent.terminate().code, 0);
}

#[test]
fn secret_from_the_systemd_credentials_directory_is_read() {
    let (service, engine) = (Service::new(), FakeEngine::start());
    let folder = service.home.path("credentials");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("instance.auth_data"), "{\"r.example\": hunter2").unwrap();
    let variables = [("CREDENTIALS_DIRECTORY", folder.to_str().unwrap()), ("ECS_ENGINE_AUTH_TYPE", "docker")];
    // The value is invalid on purpose: the error proves that the agent read it, and must not quote it.
    let output = service.run(&engine.host(), &variables).output();
    assert_eq!(output.code, 6, "{output:?}");
    assert!(output.stderr.contains("ECS_ENGINE_AUTH_DATA") && !output.stderr.contains("hunter2"), "{output:?}");
}
