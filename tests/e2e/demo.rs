//! `make demo`, as the README has it.

use std::process::Command;

use crate::support::world::lab::{Lab, LabEngine, root};

#[test]
fn the_demo_ends_with_private_images_on_the_engine_and_says_what_it_did() {
    let lab = Lab::with(LabEngine::Docker);
    let batch = "127.0.0.2:25002/team-b/batch:1.0";
    lab.remove_image(batch);
    let mut command = Command::new(root().join("lab/demo"));
    command.env("TASKPULL", env!("CARGO_BIN_EXE_taskpull"));
    command.env("DOCKER_HOST", format!("unix://{}", lab.engine_socket().display()));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("nightly-batch  pulled"), "{said}");
    assert!(lab.has_image(batch) && lab.has_image("127.0.0.1:25001/team-a/layers:1.0"));
    assert!(said.contains("2 up to date, 2 failed"), "and the broken one says so: {said}");
}
