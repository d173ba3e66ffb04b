//! A real engine with a small disk: 128 MiB of memory that only the engine and the program see.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::dockerd::Dockerd;
use crate::support::registry::FakeRegistry;
use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::task;

fn small_engine() -> Dockerd {
    Dockerd::with_disk_size("128m")
}

fn pull(engine: &Dockerd, image: &str, check: &str) -> RunOutput {
    let run = engine.run_in_mounts(env!("CARGO_BIN_EXE_taskpull")).env("TASKPULL_DISK_CHECK", check);
    let run = ["pull", "--output", "json", "-"].iter().fold(run, Run::arg).env("DOCKER_HOST", engine.host());
    run.stdin(task(&[("app", image, None)]).to_string()).output()
}

fn images(engine: &Dockerd) -> Vec<String> {
    let run = Run::program("docker").env("DOCKER_HOST", engine.host());
    let run = ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"].iter().fold(run, Run::arg);
    let mut images: Vec<_> = run.output().stdout.lines().map(str::to_owned).collect();
    images.sort();
    images
}

/// Returns the files below the data root that are larger than a megabyte.
fn large_files(engine: &Dockerd) -> String {
    engine.run_in_mounts("find").arg(engine.data_root()).arg("-type").arg("f").arg("-size").arg("+1M").output().stdout
}

fn message(ended: &RunOutput) -> String {
    let failure: Value = ended.container(0)["failure"].clone();
    failure["message"].as_str().unwrap_or_default().to_owned()
}

fn names_disk_and_need(text: &str, root: &Path) -> bool {
    text.contains(&format!(" free in {}", root.display()))
        && text.contains("about 286.1 MiB needed (3 times its layers)")
}

/// Checks what docs/pulls.md states about Docker 20.10.
#[test]
fn failed_pull_on_a_full_disk_leaves_no_large_file() {
    let engine = small_engine();
    let registry = FakeRegistry::start();
    // The disk fills while a layer is fetched, and while the last of several layers is unpacked.
    for (name, layers) in
        [("team/fetched:1", &[150_000_000][..]), ("team/unpacked:1", &[5_000_000, 5_000_000, 70_000_000])]
    {
        let image = registry.push(name, layers).reference;
        let ended = pull(&engine, &image, "off");
        assert_eq!(ended.failure(0), "disk disk-full", "{ended:?}");
        assert_eq!((images(&engine), large_files(&engine)), (vec![], String::new()), "{name}");
    }
}

#[test]
fn too_large_image_is_reported_and_a_smaller_image_still_fits() {
    let engine = small_engine();
    let root = engine.data_root();
    let registry = FakeRegistry::start();
    let first = registry.push("team/first:1", &[1_000_000]).reference;
    // The image needs twice its size: the compressed layer and the unpacked files.
    let large = registry.push("team/large:1", &[100_000_000]).reference;
    let small = registry.push("team/small:1", &[2_000_000]).reference;

    let ended = pull(&engine, &first, "refuse");
    assert_eq!(ended.code, 0, "{ended:?}");

    let before = registry.requests().len();
    let ended = pull(&engine, &large, "refuse");
    assert_eq!((ended.code, &*ended.failure(0)), (3, "disk disk-full"), "{ended:?}");
    assert!(names_disk_and_need(&message(&ended), &root), "{ended:?}");
    assert_eq!(ended.container(0)["attempts"], json!(null), "the engine received no pull: {ended:?}");
    assert_eq!(registry.requests().len() - before, 1, "the registry received only the manifest request");

    let ended = pull(&engine, &large, "warn");
    assert_eq!((ended.code, &*ended.failure(0)), (3, "disk disk-full"), "{ended:?}");
    assert_eq!(ended.container(0)["attempts"], json!(1), "{ended:?}");
    assert!(message(&ended).contains("the disk became full during the pull"), "{ended:?}");
    assert!(names_disk_and_need(&message(&ended), &root), "{ended:?}");
    assert!(ended.container(0)["failure"]["causedBy"][0].as_str().unwrap().contains("no space left on device"));
    assert!(ended.stderr.contains(&format!("warning: image {large}: not enough disk space: about")), "{ended:?}");

    // No image was deleted, the large image is absent, and its space is free again.
    assert_eq!(images(&engine), [&*first]);
    let ended = pull(&engine, &small, "refuse");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(images(&engine), [&*first, &*small]);
}
