//! `make demo`, as the README describes it.

use std::process::Command;

use crate::support::world::lab::{Lab, LabEngine, root};

#[test]
fn demo_pulls_private_images_and_reports_the_result() {
    let lab = Lab::with(LabEngine::Docker);
    let batch = "127.0.0.2:25002/team-b/batch:1.0";
    lab.remove_image(batch);
    let mut command = Command::new(root().join("lab/demo"));
    command.env("TASKPULL", env!("CARGO_BIN_EXE_taskpull"));
    command.env("DOCKER_HOST", format!("unix://{}", lab.engine_socket().display()));
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout} {}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("nightly-batch  pulled"), "{stdout}");
    assert!(lab.has_image(batch) && lab.has_image("127.0.0.1:25001/team-a/layers:1.0"));
    assert!(stdout.contains("2 up to date, 2 failed"), "the broken task definition is reported as failed: {stdout}");
}
