//! Fuzzes the agent's API. Schemathesis generates valid and invalid requests from the OpenAPI document that the agent
//! serves.
//!
//! `make fuzz` generates more requests, and different ones each time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::engine::PullScript;
use crate::support::names::SECRET;
use crate::support::run::{Run, RunOutput};
use crate::support::world::{Agent, AgentHome, CredentialWorld, IMAGE, container, task};

/// An image that the registry does not have; tests/fuzz/hooks.py makes the fuzzer request it.
const GONE: &str = "registry.example:5000/team/gone:v1";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the path of the fuzzer; `lab/fuzzer.sh` installs it if it is missing.
fn fuzzer() -> PathBuf {
    let output = Command::new(root().join("lab/fuzzer.sh")).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "lab/fuzzer.sh installs the fuzzer");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// Runs the fuzzer and prints the number of cases and the seed. Returns the number of cases.
fn fuzz(agent: &Agent, home: &AgentHome) -> usize {
    let document = home.path("openapi.json");
    fs::write(&document, agent.get("/v1/openapi.json").body).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the Makefile sets it to make the fuzzer generate more cases")]
    let variable = std::env::var("TASKPULL_FUZZ").ok();
    let arguments = variable.as_deref().unwrap_or("--seed=1 --max-examples=50");
    let settings = root().join("tests/fuzz");
    let run = Run::program(fuzzer().to_str().unwrap()).env("FUZZED_SOCKET", home.socket());
    let run = run.env("SCHEMATHESIS_HOOKS", settings.join("hooks.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    let run = run.arg("--config-file").arg(settings.join("schemathesis.toml")).arg("run");
    let RunOutput { code, stdout, stderr } = arguments.split(' ').fold(run, Run::arg).arg(document).output();
    assert!(code == 0, "{stdout}{stderr}");
    let cases = stdout.lines().find_map(|line| line.trim().split_once(" generated")).expect("the number of cases");
    let seed = stdout.lines().find(|line| line.starts_with("Seed: ")).expect("the seed");
    #[expect(clippy::print_stdout, reason = "the number of cases, and the seed that repeats them")]
    {
        println!("{} cases. {seed}", cases.0);
    }
    cases.0.parse().unwrap()
}

fn descriptors(agent: &Agent) -> usize {
    fs::read_dir(format!("/proc/{}/fd", agent.id())).unwrap().count()
}

fn open_requests(agent: &Agent) -> usize {
    let count = |state| agent.get(&format!("/v1/pulls?state={state}")).json()["pulls"].as_array().unwrap().len();
    ["queued", "running", "waiting"].map(count).iter().sum()
}

#[test]
fn fuzzed_requests_get_documented_answers_and_no_internal_error() {
    let (fixture, home) = (CredentialWorld::new(), AgentHome::new());
    // A pull is long enough to be cancelled, and short enough to be followed to its end.
    fixture.world.engine.script(IMAGE, PullScript::success().pause(Duration::from_millis(100)));
    fixture.world.engine.script(GONE, PullScript::refusal(404, "manifest unknown: manifest unknown"));
    let serve = fixture.configure(home.serve(&fixture.world)).env("TASKPULL_ACCESS_CREDENTIALS", "root");
    let agent = Agent::from_run(serve.env("TASKPULL_GIVE_UP_AFTER", "1s"), &home);
    let id = agent.submit(&task(&[container("app", IMAGE, SECRET)])).id();
    agent.wait_for_end(&id);
    let before = descriptors(&agent);
    assert!(fuzz(&agent, &home) > 1_000);
    agent.wait_until("every request has ended", || open_requests(&agent) == 0);
    agent.wait_until("no descriptor is left open", || descriptors(&agent) <= before);
    assert_eq!(agent.get("/v1/health").status, 200);
    assert_eq!(agent.log_lines("panicked"), Vec::<String>::new());
    assert_eq!(agent.terminate().code, 0);
}
