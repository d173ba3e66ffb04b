//! A warning about an image for another architecture than the host's.

use serde_json::{Value, json};

use crate::support::engine::PullScript;
use crate::support::run::{Run, RunOutput};
use crate::support::world::{IMAGE, World, open_container, task};

const OTHER: &str = if cfg!(target_arch = "x86_64") { "arm64" } else { "amd64" };
const OTHER_KERNEL: &str = if cfg!(target_arch = "x86_64") { "aarch64" } else { "x86_64" };

fn own() -> &'static str {
    if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" }
}

fn world_with_image(architecture: &str) -> World {
    let world = World::new();
    world.engine.set_architecture(std::env::consts::ARCH);
    world.engine.script(IMAGE, PullScript::success().with_architecture(architecture));
    world
}

fn pull(world: &World, definition: &Value, arguments: &[&str]) -> RunOutput {
    let run = Run::new(["pull", "--output=json", "-"]).stdin(definition.to_string());
    world.configure(arguments.iter().fold(run, Run::arg)).output()
}

fn info_requests(world: &World) -> usize {
    world.engine.requests().iter().filter(|request| request.ends_with("/info")).count()
}

fn warning_ids(ended: &RunOutput) -> Vec<Value> {
    ended.report()["warnings"].as_array().unwrap().iter().map(|warning| warning["id"].clone()).collect()
}

#[test]
fn image_for_another_architecture_is_pulled_with_a_warning() {
    let world = world_with_image(OTHER);
    let definition = task(&[open_container("app", IMAGE), open_container("again", IMAGE)]);
    let ended = pull(&world, &definition, &[]);
    assert_eq!((ended.code, warning_ids(&ended)), (0, vec![json!("wrong-architecture")]), "{ended:?}");
    let message = format!(
        "image {IMAGE} is linux/{OTHER}, the host is linux/{}: the container will die of `exec format error`",
        own()
    );
    assert!(ended.stderr.contains(&format!("warning: {message}")), "{ended:?}");
    for index in 0..2 {
        let warning = &ended.container(index)["warnings"][0];
        assert!(warning.as_str().unwrap().starts_with(&message), "{warning}");
    }
    assert_eq!(info_requests(&world), 1, "only to confirm the mismatch");
}

#[test]
fn cached_image_for_another_architecture_has_the_warning_too() {
    let world = world_with_image(OTHER);
    let definition = task(&[open_container("app", IMAGE)]);
    pull(&world, &definition, &[]);
    for behavior in ["--behavior=default", "--behavior=prefer-cached", "--behavior=once"] {
        let ended = pull(&world, &definition, &[behavior]);
        assert_eq!((ended.code, warning_ids(&ended)), (0, vec![json!("wrong-architecture")]), "{ended:?}");
    }
}

#[test]
fn fitting_image_has_no_warning_and_costs_no_request() {
    for architecture in [own(), if own() == "amd64" { "386" } else { "arm" }, ""] {
        let world = world_with_image(architecture);
        let ended = pull(&world, &task(&[open_container("app", IMAGE)]), &[]);
        assert_eq!((ended.code, warning_ids(&ended)), (0, vec![]), "{ended:?}");
        assert_eq!(info_requests(&world), 0, "{architecture}");
    }
}

#[test]
fn requested_architecture_has_no_warning() {
    let world = world_with_image(OTHER);
    let ended = pull(&world, &task(&[open_container("app", IMAGE)]), &[&format!("--platform=linux/{OTHER}")]);
    assert_eq!((ended.code, warning_ids(&ended), info_requests(&world)), (0, vec![], 0), "{ended:?}");
    let ended = pull(&world, &task(&[open_container("app", IMAGE)]), &["--platform=linux"]);
    assert_eq!((ended.code, warning_ids(&ended)), (0, vec![json!("wrong-architecture")]), "{ended:?}");
}

#[test]
fn engine_on_a_host_of_that_architecture_has_no_warning() {
    let world = world_with_image(OTHER);
    world.engine.set_architecture(OTHER_KERNEL);
    let ended = pull(&world, &task(&[open_container("app", IMAGE)]), &[]);
    assert_eq!((ended.code, warning_ids(&ended)), (0, vec![]), "the socket leads to another host: {ended:?}");
}
