//! What is said while the pulls are under way, and where.

use std::process::Command;

use crate::support::engine::Pull;
use crate::support::run::Run;
use crate::task::{IMAGE, World, open_container, task};

fn run(world: &World, arguments: &[&str]) -> crate::support::run::Ended {
    let run = Run::new(["pull", "-"]).stdin(task(&[open_container("app", IMAGE)]).to_string());
    let run = arguments.iter().fold(run, Run::arg);
    world.set(run).end()
}

#[test]
fn without_a_terminal_progress_is_plain_lines_on_stderr() {
    let world = World::new();
    let busy = "received unexpected HTTP status: 503 Service Unavailable";
    world.engine.once(IMAGE, Pull::refused(500, busy));
    let ended = run(&world, &[]);
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines[0], format!("{IMAGE}: pulling"));
    assert!(lines[1].starts_with(&format!("{IMAGE}: attempt 2 in ")), "{lines:?}");
    assert_eq!(lines[2..], [format!("{IMAGE}: pulling"), format!("{IMAGE}: pulled")]);
    assert!(!ended.stdout.contains("pulling"), "stdout has the result alone: {}", ended.stdout);

    assert!(run(&world, &[]).stderr.ends_with(": up to date\n"));
    world.engine.image(IMAGE, Pull::refused(404, "manifest unknown"));
    assert!(run(&world, &[]).stderr.ends_with(": failed\n"));
}

#[test]
fn quiet_says_nothing_but_the_result() {
    let world = World::new();
    let ended = run(&world, &["--quiet"]);
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("1 pulled"));
}

#[test]
fn on_a_terminal_there_is_a_bar_for_each_image_with_layers_and_bytes() {
    let world = World::new();
    let downloading = |current: u64| serde_json::json!({ "id": "a1", "status": "Downloading", "progressDetail": { "current": current, "total": 2_000_000 } });
    let pause = std::time::Duration::from_millis(200);
    let slow = Pull::stream().line(&downloading(500_000)).pause(pause).line(&downloading(1_500_000)).pause(pause);
    world.engine.image(IMAGE, slow.error("manifest unknown"));
    let folder = tempfile::tempdir().unwrap();
    let definition = folder.path().join("task.json");
    std::fs::write(&definition, task(&[open_container("app", IMAGE)]).to_string()).unwrap();
    // `script` gives the program a terminal.
    let program = format!(
        "'{}' pull --host '{}' '{}'",
        env!("CARGO_BIN_EXE_taskpull"),
        world.engine.host(),
        definition.display()
    );
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &program, "/dev/null"]).env("TERM", "xterm");
    let output = script.output().unwrap();
    let screen = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{screen}");
    assert!(screen.contains("0/1") && screen.contains("█"), "{screen}");
    assert!(screen.contains("KiB of 1.91 MiB"), "{screen}");
}
