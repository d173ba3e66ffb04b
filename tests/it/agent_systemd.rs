//! The agent under a service manager: what it tells, and what it is handed.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::Signal;

use crate::agent_world::{Agent, AgentHome};
use crate::support::engine::FakeEngine;
use crate::support::run::Run;

/// An agent, and the socket on which it tells how it is.
struct Service {
    home: AgentHome,
    told: UnixDatagram,
}

impl Service {
    fn new() -> Self {
        let home = AgentHome::new();
        let told = UnixDatagram::bind(home.path("notify")).unwrap();
        told.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { home, told }
    }

    fn run(&self, host: &str, variables: &[(&str, &str)]) -> Run {
        let run = self.home.serve_wrapped::<&str>(&[]);
        let run = run.env("DOCKER_HOST", host).env("NOTIFY_SOCKET", self.home.path("notify"));
        variables.iter().fold(run, |run, (name, value)| run.env(name, value))
    }

    fn start(&self, host: &str, variables: &[(&str, &str)]) -> Agent {
        Agent::from_run(self.run(host, variables), &self.home)
    }

    /// The next thing told.
    fn next(&self) -> String {
        let mut buffer = [0; 4_096];
        let length = self.told.recv(&mut buffer).expect("the agent tells something");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// What is told until something begins so, that included.
    fn until(&self, beginning: &str) -> Vec<String> {
        let mut told = vec![self.next()];
        while !told.last().unwrap().starts_with(beginning) {
            told.push(self.next());
        }
        told
    }
}

#[test]
fn an_agent_is_ready_when_its_engine_answers_and_says_when_it_ends() {
    let (service, engine) = (Service::new(), FakeEngine::start());
    let agent = service.start(&engine.host(), &[]);
    assert_eq!(service.next(), "READY=1\nSTATUS=nothing under way\n");
    assert_eq!(agent.terminate().code, 0);
    // What the drain may take (30 s), and 10 s to be gone.
    assert_eq!(service.next(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000\n");
}

#[test]
fn an_agent_without_an_engine_stays_up_says_so_and_is_ready_once_there_is_one() {
    let service = Service::new();
    let place = service.home.path("engine.sock");
    let agent = service.start(&format!("unix://{}", place.display()), &[]);
    for _ in 0..3 {
        let said = service.next();
        assert!(said.starts_with("STATUS=waiting for the engine: ") && said.contains("engine.sock"), "{said}");
    }
    let engine = FakeEngine::start();
    std::os::unix::fs::symlink(engine.socket(), &place).unwrap();
    let told = service.until("READY=1");
    assert!(told.iter().rev().skip(1).all(|said| said.starts_with("STATUS=waiting")), "{told:?}");
    assert_eq!(agent.terminate().code, 0);
}

#[test]
fn a_reload_is_told_from_its_beginning_to_its_end() {
    let (service, engine) = (Service::new(), FakeEngine::start());
    let agent = service.start(&engine.host(), &[]);
    service.until("READY=1");
    agent.signal(Signal::HUP);
    let said = service.next();
    let (reloading, time) = said.split_once("\nMONOTONIC_USEC=").expect(&said);
    assert_eq!(reloading, "RELOADING=1");
    assert!(time.trim().parse::<u64>().unwrap() > 0);
    assert_eq!(service.next(), "READY=1\n");
    assert!(agent.terminate().stderr.contains("the configuration was read again"));
}

#[test]
fn a_reload_does_not_make_an_agent_ready_that_has_no_engine() {
    let service = Service::new();
    let agent = service.start("unix:///nonexistent/engine.sock", &[]);
    service.until("STATUS=waiting");
    agent.signal(Signal::HUP);
    for _ in 0..3 {
        assert!(service.next().starts_with("STATUS=waiting"));
    }
    assert!(agent.terminate().stderr.contains("the configuration was read again"));
}

#[test]
fn the_watchdog_is_told_twice_in_its_time() {
    let (service, engine) = (Service::new(), FakeEngine::start());
    let agent = service.start(&engine.host(), &[("WATCHDOG_USEC", "200000")]);
    service.until("WATCHDOG=1");
    service.until("WATCHDOG=1");
    assert_eq!(agent.terminate().code, 0);
}

#[test]
fn the_agent_and_what_it_starts_gain_no_privileges_and_leave_no_core() {
    let (service, engine) = (Service::new(), FakeEngine::start());
    let agent = service.start(&engine.host(), &[]);
    service.until("READY=1");
    let of = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", agent.id())).unwrap();
    let (status, limits) = (of("status"), of("limits"));
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    assert_eq!(agent.terminate().code, 0);
}

#[test]
fn a_secret_that_the_service_manager_hands_over_is_found() {
    let (service, engine) = (Service::new(), FakeEngine::start());
    let folder = service.home.path("credentials");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("instance.auth_data"), "{\"r.example\": hunter2").unwrap();
    let variables = [("CREDENTIALS_DIRECTORY", folder.to_str().unwrap()), ("ECS_ENGINE_AUTH_TYPE", "docker")];
    // That it is read is seen by its being wrong, and by its being kept to itself.
    let ended = service.run(&engine.host(), &variables).output();
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("ECS_ENGINE_AUTH_DATA") && !ended.stderr.contains("hunter2"), "{ended:?}");
}
