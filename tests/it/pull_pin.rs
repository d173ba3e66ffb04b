//! Pinning: task definitions with digests in place of tags.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::engine::PullScript;
use crate::support::run::{Run, RunOutput};
use crate::support::world::{IMAGE, World, open_container, task};

const DIGEST: &str = "sha256:4444444444444444444444444444444444444444444444444444444444444444";

/// Returns a world whose image has `DIGEST`, and an unusually formatted definition that uses it.
fn world() -> (World, String) {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::success().with_reported_digest(DIGEST).with_local_digest(DIGEST));
    let text = format!(
        "{{ \"cpu\":1e2,\"containerDefinitions\" : [\n\t{{\"image\":  \"{IMAGE}\",\"name\":\"app\"}} ],\"x\":[] }}\n"
    );
    (world, text)
}

/// Returns the definition with the digest in place of the tag.
fn by_digest(text: &str) -> String {
    text.replace("app:v1", &format!("app@{DIGEST}"))
}

fn pin(world: &World, pin: &str, input: &Path) -> RunOutput {
    world.configure(Run::new(["pull", "-q", pin]).arg(input)).output()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn pinned_definition_goes_to_stdout_and_the_report_to_stderr() {
    let (world, text) = world();
    let ended = world.configure(Run::new(["pull", "--quiet", "--pin", "-"]).stdin(text.as_str())).output();
    assert_eq!((ended.code, &ended.stdout), (0, &by_digest(&text)), "{ended:?}");
    assert!(ended.stderr.contains("1 pulled in "), "{ended:?}");
}

#[test]
fn pinning_in_place_preserves_the_file_permissions() {
    let (world, text) = world();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("task.json");
    fs::write(&file, &text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let ended = pin(&world, &format!("--pin={}", file.display()), &file);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("1 pulled in "), "the report is on stdout: {ended:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), by_digest(&text));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(files(folder.path()), ["task.json"]);
}

#[test]
fn pinned_folder_has_the_same_file_names() {
    let (world, text) = world();
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in ["a.json", "b.json"] {
        fs::write(from.path().join(name), &text).unwrap();
    }
    let to = to.path().join("new");
    let ended = pin(&world, &format!("--pin={}", to.display()), from.path());
    assert_eq!((ended.code, files(&to)), (0, vec!["a.json".to_owned(), "b.json".to_owned()]), "{ended:?}");
    assert_eq!(fs::read_to_string(to.join("b.json")).unwrap(), by_digest(&text));
}

#[test]
fn failed_pin_leaves_no_partial_files() {
    let (world, text) = world();
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in ["a.json", "b.json", "c.json"] {
        fs::write(from.path().join(name), &text).unwrap();
    }
    fs::create_dir(to.path().join("b.json")).unwrap();
    let ended = pin(&world, &format!("--pin={}", to.path().display()), from.path());
    assert_ne!(ended.code, 0, "{ended:?}");
    assert!(files(to.path()).iter().all(|name| !name.contains(".part")), "{:?}", files(to.path()));
    assert!(!to.path().join("a.json").exists(), "either all files are written or none");
}

#[test]
fn nothing_is_pinned_when_one_image_has_no_digest() {
    let (world, text) = world();
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(from.path().join("a.json"), &text).unwrap();
    let absent = "registry.example:5000/team/absent:1";
    fs::write(from.path().join("b.json"), task(&[open_container("b", absent)]).to_string()).unwrap();
    world.engine.script(absent, PullScript::refusal(404, "manifest unknown"));
    let ended = pin(&world, &format!("--pin={}", to.path().display()), from.path());
    assert_eq!((ended.code, files(to.path()).len()), (3, 0), "{ended:?}");
    assert!(ended.stderr.contains("no definition was pinned: not every image was pulled"), "{ended:?}");
    let ended = pin(&world, "--pin", from.path());
    assert_eq!((ended.code, &*ended.stdout), (3, ""), "{ended:?}");
}

#[test]
fn unusable_pin_target_is_rejected_before_any_pull() {
    let (world, text) = world();
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("task.json"), &text).unwrap();
    }
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let to = format!("--pin={}", folder.path().join("new").display());
    let twice = world.configure(Run::new(["pull", &to]).arg(&a).arg(&b)).output();
    assert!(twice.code == 2 && twice.stderr.contains("two definitions would be written to"), "{twice:?}");
    let no_name = world.configure(Run::new(["pull", &to, "-"]).arg(&a).stdin(text.as_str())).output();
    assert!(no_name.code == 2 && no_name.stderr.contains("a definition from stdin has no file name"), "{no_name:?}");
    let both = world.configure(Run::new(["pull", "--pin", "--output=json"]).arg(&a)).output();
    assert!(both.code == 2 && both.stderr.contains("--pin=PATH"), "{both:?}");
    assert!(world.engine.pulls().is_empty());
}

#[test]
fn unwritable_pin_file_is_an_error_without_partial_output() {
    let (world, text) = world();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("task.json");
    fs::write(&file, &text).unwrap();
    let ended = pin(&world, &format!("--pin={}", folder.path().join("no/such/file").display()), &file);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("cannot write the pinned definitions"), "{ended:?}");
    assert_eq!(files(folder.path()), ["task.json"]);
}
