//! The progress output of running pulls, with and without a terminal.

use std::process::Command;

use crate::support::engine::PullScript;
use crate::support::run::Run;
use crate::support::world::{IMAGE, World, open_container, task};

fn run(world: &World, arguments: &[&str]) -> crate::support::run::RunOutput {
    let run = Run::new(["pull", "-"]).stdin(task(&[open_container("app", IMAGE)]).to_string());
    let run = arguments.iter().fold(run, Run::arg);
    world.configure(run).output()
}

#[test]
fn progress_without_a_terminal_is_plain_lines_on_stderr() {
    let world = World::new();
    let busy = "received unexpected HTTP status: 503 Service Unavailable";
    world.engine.script_once(IMAGE, PullScript::refusal(500, busy));
    let ended = run(&world, &[]);
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines[0], format!("{IMAGE}: pulling"));
    assert!(lines[1].starts_with(&format!("{IMAGE}: attempt 2 in ")), "{lines:?}");
    assert!(
        lines[1].ends_with(" s: registry unavailable: the registry answers with an error of its own, HTTP 503"),
        "{lines:?}"
    );
    assert_eq!(lines[2..], [format!("{IMAGE}: pulling"), format!("{IMAGE}: pulled")]);
    assert!(!ended.stdout.contains("pulling"), "stdout has only the result: {}", ended.stdout);

    assert!(run(&world, &[]).stderr.ends_with(": up to date\n"));
    world.engine.script(IMAGE, PullScript::refusal(404, "manifest unknown"));
    assert!(run(&world, &[]).stderr.contains(&format!("{IMAGE}: failed: manifest absent: ")));
}

#[test]
fn quiet_prints_only_the_result() {
    let world = World::new();
    let ended = run(&world, &["--quiet"]);
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("1 pulled"));
}

#[test]
fn fallback_to_the_cached_image_is_printed_with_its_cause() {
    let world = World::new();
    run(&world, &[]);
    world.engine.script(IMAGE, PullScript::refusal(500, "received unexpected HTTP status: 503 Service Unavailable"));
    let run = Run::new(["pull", "--behavior=default", "-"]).stdin(task(&[open_container("app", IMAGE)]).to_string());
    let ended = world.configure(run).env("TASKPULL_ATTEMPTS", "2").output();
    assert!(ended.stderr.ends_with(&format!("{IMAGE}: cached\n")), "{ended:?}");
    assert!(ended.stderr.contains(&format!("{IMAGE}: falling back to the cached image: registry unavailable: ")));
    assert!(
        ended.stdout.contains("    the cached image is used, because the pull failed:\n      registry (unavailable)")
    );
}

/// Runs the program in a terminal of `script` and returns the screen output.
fn screen(world: &World, before: &str, arguments: &str, code: i32) -> String {
    let definition = definition_of_slow_image(world);
    let program = format!(
        "stty cols 120 rows 30; {before} '{}' pull --host '{}' {arguments} '{}'",
        env!("CARGO_BIN_EXE_taskpull"),
        world.engine.host(),
        definition.path().display()
    );
    let mut script = Command::new("script");
    script
        .args(["--quiet", "--return", "--command", &program, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("NO_COLOR");
    let output = script.output().unwrap();
    let screen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(code), "{screen}");
    screen
}

/// Writes a definition whose image downloads slowly and turns out to be absent.
fn definition_of_slow_image(world: &World) -> tempfile::NamedTempFile {
    let downloading = |current: u64| serde_json::json!({ "id": "a1", "status": "Downloading", "progressDetail": { "current": current, "total": 2_000_000 } });
    let pause = std::time::Duration::from_millis(400);
    let slow = PullScript::stream().line(&downloading(500_000)).pause(pause).line(&downloading(1_500_000)).pause(pause);
    world.engine.script(IMAGE, slow.error("manifest unknown"));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), task(&[open_container("app", IMAGE)]).to_string()).unwrap();
    file
}

#[test]
fn terminal_progress_shows_layers_and_bytes_and_is_cleared_before_the_report() {
    let screen = screen(&World::new(), "", "", 3);
    assert!(screen.contains("pulling 0/1") && screen.contains("0.5/2.0 MB") && screen.contains("75%"), "{screen:?}");
    let (_, after) = screen.rsplit_once("\x1b[1A\x1b[2K").expect("the progress lines are erased");
    assert!(after.starts_with("web (") && !after.contains('\x1b'), "{after:?}");
}

#[test]
fn no_color_disables_terminal_colors() {
    assert!(screen(&World::new(), "", "", 3).contains("\x1b[36m"));
    let plain = screen(&World::new(), "NO_COLOR=1", "", 3);
    assert!(plain.contains("pulling 0/1") && !plain.contains("m█"), "{plain:?}");
}

#[test]
fn dumb_terminal_gets_plain_lines_and_quiet_gets_none() {
    let dumb = screen(&World::new(), "TERM=dumb", "", 3);
    assert!(dumb.contains(&format!("{IMAGE}: pulling\r\n")) && !dumb.contains('\x1b'), "{dumb:?}");
    let quiet = screen(&World::new(), "", "--quiet", 3);
    assert!(quiet.starts_with("web (") && !quiet.contains('\x1b'), "{quiet:?}");
}
