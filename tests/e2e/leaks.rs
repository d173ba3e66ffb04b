//! The password appears nowhere: neither in the output at `RUST_LOG=trace` nor in the files and
//! processes of a real pull that succeeds or fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use serde_json::Value;

use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::leak::{Canary, Folder, Scan};
use crate::support::registry::FakeRegistry;
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{Lab, on_both_engines, root, send_signal, task};

on_both_engines!(
    password_is_nowhere_after_success_or_any_failure,
    password_is_not_in_process_arguments_or_environment,
    crash_leaves_no_core_dump,
);

const APP: &str = "127.0.0.1:25001/team-a/app:1.0";

/// Returns canaries for the password, and for its common prefix with the wrong password, which
/// differs in the last four characters.
fn canaries(lab: &Lab) -> [Canary; 2] {
    let password = lab.password("registry-one", "canary");
    let common = &password[..password.len() - 4];
    [Canary::new("the password", &password), Canary::new("what both passwords begin with", common)]
}

fn assert_clean(scan: &Scan) {
    assert_eq!(scan.findings, [], "the password was found");
    assert_eq!(scan.skipped, Vec::<String>::new(), "no file was skipped");
    assert!(scan.places > 0, "at least one file was read");
}

fn assert_silent(canaries: &[Canary], ended: &RunOutput) {
    assert!(ended.stderr.contains("TRACE") || ended.stderr.contains("DEBUG"), "the log is enabled: {}", ended.stderr);
    for canary in canaries {
        canary.assert_absent(ended);
    }
}

/// Scans the lab's folders, except the seed files and the images of the engines.
fn assert_clean_lab(canaries: &[Canary]) {
    let lab = root().join("target/lab");
    for canary in canaries {
        for name in ["log", "run", "registry-one", "registry-two", "env"] {
            assert_clean(&canary.scan_folder(&Folder::new(lab.join(name))));
        }
        // Image data is random, and sockets cannot be read.
        let engine = Folder::new(lab.join("engine")).except("data").except("containerd").except("run");
        assert_clean(&canary.scan_folder(&engine));
        let podman = Folder::new(lab.join("podman")).except("root").except("run");
        assert_clean(&canary.scan_folder(&podman));
    }
}

fn pull_with_trace(lab: &Lab, definition: &Value) -> Run {
    lab.pull(definition).env("RUST_LOG", "trace").env("TASKPULL_ATTEMPTS", "1")
}

fn password_is_nowhere_after_success_or_any_failure(lab: &Lab) {
    let canaries = canaries(lab);
    let (good, wrong) = (lab.secret("taskpull/canary"), lab.secret("taskpull/canary-wrong"));
    for (image, secret, code) in [
        (APP, &good, 0),
        (APP, &wrong, 3),
        ("127.0.0.1:25001/team-a/app:none", &good, 3),
        ("127.0.0.1:25001/team-a/none:1", &good, 3),
        ("127.0.0.2:25002/team-b/app:1.0", &good, 3),
        ("127.0.0.1:1/app:1", &good, 3),
    ] {
        let ended = pull_with_trace(lab, &task(&[("app", image, Some(secret))])).output();
        assert_eq!(ended.code, code, "{image}: {ended:?}");
        assert_silent(&canaries, &ended);
    }
    let no_engine =
        pull_with_trace(lab, &task(&[("app", APP, Some(&good))])).env("DOCKER_HOST", "unix:///nonexistent.sock");
    let ended = no_engine.output();
    assert_eq!(ended.code, 5, "{ended:?}");
    assert_clean_lab(&canaries);
}

/// Starts a pull with the canary as its credential, and holds it during a layer.
fn start_held_pull(lab: &Lab, folder: &Path, gate: &Gate) -> (Child, FakeRegistry) {
    let registry = FakeRegistry::with_login("canary", &lab.password("registry-one", "canary"));
    let image = registry.push("team/app:1", &[1_000_000]);
    registry.inject_fault(RequestKind::Layer, Calls::Every, RegistryFault::Hold(gate.clone()));
    let definition = task(&[("app", &image.reference, Some(&lab.secret("taskpull/canary")))]);
    // The shell enables core dumps and then replaces itself with the program.
    let path = folder.join("task.json");
    fs::write(&path, definition.to_string()).unwrap();
    let script = "cd \"$1\" && ulimit -c unlimited && exec \"$2\" pull --output json task.json";
    let run = lab
        .configure(Run::program("sh").arg("-c").arg(script).arg("sh").arg(folder).arg(env!("CARGO_BIN_EXE_taskpull")));
    let running = run.env("RUST_LOG", "trace").start();
    gate.block_until_arrivals(1);
    (running, registry)
}

fn password_is_not_in_process_arguments_or_environment(lab: &Lab) {
    let canaries = canaries(lab);
    let folder = tempfile::tempdir().unwrap();
    let gate = Gate::closed();
    let (running, _registry) = start_held_pull(lab, folder.path(), &gate);
    let process = PathBuf::from(format!("/proc/{}", running.id()));
    for canary in &canaries {
        for file in ["cmdline", "environ", "comm"] {
            assert_clean(&canary.scan_file(&process.join(file)));
        }
    }
    gate.open();
    let ended = RunOutput::wait_for(running);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_silent(&canaries, &ended);
    for canary in &canaries {
        assert_clean(&canary.scan_folder(&Folder::new(folder.path())));
    }
}

fn crash_leaves_no_core_dump(lab: &Lab) {
    let folder = tempfile::tempdir().unwrap();
    let gate = Gate::closed();
    let (mut running, registry) = start_held_pull(lab, folder.path(), &gate);
    let process = PathBuf::from(format!("/proc/{}", running.id()));
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    send_signal(&running, "ABRT");
    let status = running.wait().unwrap();
    assert!(!std::os::unix::process::ExitStatusExt::core_dumped(&status), "{status:?}");
    assert!(registry.request_count(RequestKind::Layer) > 0, "the crash happened during a pull");
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["task.json"]);
    gate.open();
}
