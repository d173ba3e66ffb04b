//! What the real engine, registry and AWS emulator refuse, and how that is told.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::support::registry::FakeRegistry;
use crate::support::run::Run;
use crate::support::world::lab::{Lab, LabEngine, on_both_engines, task};

on_both_engines!(
    every_broken_secret_is_told_by_its_fault,
    a_wrong_password_is_refused_once_and_explained,
    a_wrong_password_costs_the_registry_four_requests_at_most,
    no_credentials_for_a_private_registry_are_told_from_wrong_ones,
    an_absent_image_is_told_from_a_refusal,
    an_absent_registry_is_unavailable,
);

const APP: &str = "127.0.0.1:25001/team-a/app:1.0";

/// Pulls one container; gives `link class`, and the whole of what was said.
fn refused(lab: &Lab, image: &str, secret: Option<&str>) -> (String, String) {
    let ended = lab.pull(&task(&[("app", image, secret)])).env("TASKPULL_ATTEMPTS", "1").output();
    assert_eq!(ended.code, 3, "{ended:?}");
    (ended.failure(0), ended.stdout)
}

fn every_broken_secret_is_told_by_its_fault(lab: &Lab) {
    for (name, failure, message) in [
        ("not-json", "content invalid", "it is not JSON"),
        ("array", "content invalid", "not an object"),
        ("no-username", "content invalid", "`username` is missing"),
        ("no-password", "content invalid", "`password` is missing"),
        ("empty-password", "content invalid", "`password` is empty"),
        ("number", "content invalid", "`password` is not a string"),
        ("access-token", "content invalid", "pull-through cache"),
        ("binary", "content invalid", "it is binary"),
        ("no-version", "secret absent", "AWSCURRENT"),
        ("deleted", "secret absent", "marked for deletion"),
    ] {
        let (found, said) = refused(lab, APP, Some(&lab.secret(&format!("taskpull/broken/{name}"))));
        assert_eq!(found, failure, "{name}: {said}");
        assert!(said.contains(message), "{name}: {said}");
    }
    let (found, said) = refused(lab, APP, Some("taskpull/none-such"));
    assert_eq!(found, "secret absent", "{said}");
}

fn a_wrong_password_is_refused_once_and_explained(lab: &Lab) {
    let log = crate::support::world::lab::root().join("target/lab/log/registry-one.log");
    // Other tests are refused at the same time, as other users or for other images.
    let tag = format!("refused-once-{:?}", lab.engine);
    let path = format!("/manifests/{tag}");
    let is_ours = |line: &&str| line.contains("error authenticating user") && line.contains(&path);
    let refusals = || std::fs::read_to_string(&log).unwrap().lines().filter(is_ours).count();
    let before = refusals();
    let image = format!("127.0.0.1:25001/team-a/app:{tag}");
    let (found, said) = refused(lab, &image, Some(&lab.secret("taskpull/broken/wrong-password")));
    assert_eq!(found, "registry refused", "{said}");
    assert!(said.contains("does not accept these credentials") && said.contains("unauthorized"));
    let refused = refusals() - before;
    assert!((1..=2).contains(&refused), "the registry was asked {refused} times");
}

fn a_wrong_password_costs_the_registry_four_requests_at_most(lab: &Lab) {
    let registry = FakeRegistry::with_login("puller-one", "swordfish");
    let image = registry.push("team/app:1", &[1_000]);
    let secret = lab.secret("taskpull/broken/wrong-password");
    let ended = lab.pull(&task(&[("app", &image.reference, Some(&secret))])).output();
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
    let requests = registry.requests();
    assert!((1..=4).contains(&requests.len()), "{requests:?}");
}

fn no_credentials_for_a_private_registry_are_told_from_wrong_ones(lab: &Lab) {
    let (found, said) = refused(lab, APP, None);
    assert_eq!(found, "registry refused", "{said}");
    assert!(said.contains("the container names none"), "{said}");
}

fn an_absent_image_is_told_from_a_refusal(lab: &Lab) {
    let secret = lab.secret("taskpull/registry-one");
    for image in ["127.0.0.1:25001/team-a/app:9.9", "127.0.0.1:25001/team-a/none:1.0"] {
        let (found, said) = refused(lab, image, Some(&secret));
        assert_eq!(found, "manifest absent", "{said}");
    }
}

fn an_absent_registry_is_unavailable(lab: &Lab) {
    let (found, said) = refused(lab, "127.0.0.1:1/app:1", None);
    assert_eq!(found, "registry unavailable", "{said}");
    let (found, said) = refused(lab, "registry.invalid/app:1", None);
    assert_eq!(found, "registry unavailable", "{said}");
    assert!(said.contains("name cannot be resolved"), "{said}");
}

#[test]
fn an_engine_that_may_not_be_opened_is_told_from_an_absent_one() {
    let lab = Lab::with(LabEngine::Docker);
    // Somewhere that a user without rights can reach, unlike a checkout in /root.
    let folder = tempfile::tempdir().unwrap();
    let (program, socket) = (folder.path().join("taskpull"), folder.path().join("docker.sock"));
    std::fs::copy(env!("CARGO_BIN_EXE_taskpull"), &program).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    mode(folder.path(), 0o755);
    mode(&socket, 0o600);
    let definition = folder.path().join("task.json");
    std::fs::write(&definition, task(&[("app", APP, None)]).to_string()).unwrap();
    let mut command = Command::new(&program);
    command.args(["pull", "--host"]).arg(format!("unix://{}", socket.display())).arg(&definition);
    let output = command.uid(65_534).gid(65_534).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(
        said.contains("this user may not open the socket") && said.contains("group that owns the socket"),
        "{said}"
    );

    let gone = lab.configure(Run::new(["pull", "-"])).env("DOCKER_HOST", "unix:///nonexistent.sock");
    let ended = gone.stdin(task(&[("app", APP, None)]).to_string()).output();
    assert_eq!(ended.code, 5, "{ended:?}");
    assert!(ended.stdout.contains("there is no such socket"), "{ended:?}");
}

#[test]
fn another_process_of_the_same_user_cannot_read_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (program, fifo) = (folder.path().join("taskpull"), folder.path().join("task.json"));
    std::fs::copy(env!("CARGO_BIN_EXE_taskpull"), &program).unwrap();
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&fifo, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let read_memory_of = |pid: u32| {
        let mut reader = Command::new("head");
        reader.args(["--bytes=0"]).arg(format!("/proc/{pid}/mem")).uid(65_534).gid(65_534);
        reader.output().unwrap().status.success()
    };
    // It waits for its input, with the same user as the reader's.
    let mut running =
        Command::new(&program).args(["pull", "--dry-run"]).arg(&fifo).uid(65_534).gid(65_534).spawn().unwrap();
    let environ = format!("/proc/{}/wchan", running.id());
    let waits = || std::fs::read_to_string(&environ).is_ok_and(|at| at.contains("fifo") || at.contains("wait"));
    assert!((0..500).any(|_| waits() || {
        std::thread::sleep(std::time::Duration::from_millis(10));
        false
    }));
    assert!(!read_memory_of(running.id()), "its memory can be opened");
    let mut other = Command::new("sleep").arg("30").uid(65_534).gid(65_534).spawn().unwrap();
    assert!(read_memory_of(other.id()), "and a plain program's can, so the check means something");
    for child in [&mut running, &mut other] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
