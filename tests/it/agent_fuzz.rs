//! The agent's API under what its own document lets be asked, and under what it forbids: made
//! by schemathesis out of the document that the agent serves.
//!
//! `make fuzz` makes more, and other ones each time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::agent_world::{Agent, AgentHome};
use crate::credential::CredentialWorld;
use crate::support::engine::PullScript;
use crate::support::run::{Run, RunOutput};
use crate::support_aws_client::SECRET;
use crate::task::{IMAGE, container, task};

/// What the fuzzer knows beside the document's examples: tests/fuzz/hooks.py.
const GONE: &str = "registry.example:5000/team/gone:v1";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fuzzer, which is installed where it is not there yet.
fn fuzzer() -> PathBuf {
    let output = Command::new(root().join("lab/fuzzer.sh")).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "lab/fuzzer.sh installs the fuzzer");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// Asks until it has asked enough; answers how often that was, and says it.
fn fuzz(agent: &Agent, home: &AgentHome) -> usize {
    let document = home.path("openapi.json");
    fs::write(&document, agent.get("/v1/openapi.json").body).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the Makefile says by it how much is asked")]
    let by_hand = std::env::var("TASKPULL_FUZZ").ok();
    let amount = by_hand.as_deref().unwrap_or("--seed=1 --max-examples=50");
    let settings = root().join("tests/fuzz");
    let run = Run::program(fuzzer().to_str().unwrap()).env("FUZZED_SOCKET", home.socket());
    let run = run.env("SCHEMATHESIS_HOOKS", settings.join("hooks.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    let run = run.arg("--config-file").arg(settings.join("schemathesis.toml")).arg("run");
    let RunOutput { code, stdout, stderr } = amount.split(' ').fold(run, Run::arg).arg(document).output();
    assert!(code == 0, "{stdout}{stderr}");
    let cases = stdout.lines().find_map(|line| line.trim().split_once(" generated")).expect("the number of cases");
    let seed = stdout.lines().find(|line| line.starts_with("Seed: ")).expect("the seed");
    #[expect(clippy::print_stdout, reason = "how much was asked, and how to ask the same again")]
    {
        println!("{} cases. {seed}", cases.0);
    }
    cases.0.parse().unwrap()
}

fn descriptors(agent: &Agent) -> usize {
    fs::read_dir(format!("/proc/{}/fd", agent.id())).unwrap().count()
}

fn open(agent: &Agent) -> usize {
    let count = |state| agent.get(&format!("/v1/pulls?state={state}")).json()["pulls"].as_array().unwrap().len();
    ["queued", "running", "waiting"].map(count).iter().sum()
}

#[test]
fn whatever_the_document_allows_or_forbids_is_answered_as_it_says_and_without_an_internal_error() {
    let (doors, home) = (CredentialWorld::new(), AgentHome::new());
    // Long enough to be called off, and soon over for who listens.
    doors.world.engine.script(IMAGE, PullScript::success().pause(Duration::from_millis(100)));
    doors.world.engine.script(GONE, PullScript::refusal(404, "manifest unknown: manifest unknown"));
    let serve = doors.configure(home.serve(&doors.world)).env("TASKPULL_ACCESS_CREDENTIALS", "root");
    let agent = Agent::from_run(serve.env("TASKPULL_GIVE_UP_AFTER", "1s"), &home);
    let id = agent.submit(&task(&[container("app", IMAGE, SECRET)])).id();
    agent.wait_for_end(&id);
    let before = descriptors(&agent);
    assert!(fuzz(&agent, &home) > 1_000);
    agent.wait_until("every request has ended", || open(&agent) == 0);
    agent.wait_until("no descriptor is left open", || descriptors(&agent) <= before);
    assert_eq!(agent.get("/v1/health").status, 200);
    assert_eq!(agent.log_lines("panicked"), Vec::<String>::new());
    assert_eq!(agent.terminate().code, 0);
}
