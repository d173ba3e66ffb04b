//! Refusals by the real engine, registry and AWS emulator, and how each is reported.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::support::registry::FakeRegistry;
use crate::support::run::Run;
use crate::support::world::lab::{Lab, LabEngine, on_both_engines, task};

on_both_engines!(
    each_broken_secret_has_its_own_message,
    wrong_password_is_refused_once_and_explained,
    wrong_password_costs_at_most_four_registry_requests,
    missing_credentials_are_distinguished_from_wrong_ones,
    absent_image_is_distinguished_from_a_refusal,
    absent_registry_is_reported_as_unavailable,
);

const APP: &str = "127.0.0.1:25001/team-a/app:1.0";

/// Pulls one container, and returns `link class` of its failure and the output.
fn refused(lab: &Lab, image: &str, secret: Option<&str>) -> (String, String) {
    let ended = lab.pull(&task(&[("app", image, secret)])).env("TASKPULL_ATTEMPTS", "1").output();
    assert_eq!(ended.code, 3, "{ended:?}");
    (ended.failure(0), ended.stdout)
}

fn each_broken_secret_has_its_own_message(lab: &Lab) {
    for (name, failure, message) in [
        ("not-json", "content invalid", "it is not JSON"),
        ("array", "content invalid", "not an object"),
        ("no-username", "content invalid", "`username` is missing"),
        ("no-password", "content invalid", "`password` is missing"),
        ("empty-password", "content invalid", "`password` is empty"),
        ("number", "content invalid", "`password` is not a string"),
        ("access-token", "content invalid", "pull-through cache"),
        ("binary", "content invalid", "it is stored as `SecretBinary`"),
        ("no-version", "secret absent", "AWSCURRENT"),
        ("deleted", "secret absent", "marked for deletion"),
    ] {
        let (reported, output) = refused(lab, APP, Some(&lab.secret(&format!("taskpull/broken/{name}"))));
        assert_eq!(reported, failure, "{name}: {output}");
        assert!(output.contains(message), "{name}: {output}");
    }
    let (reported, output) = refused(lab, APP, Some("taskpull/none-such"));
    assert_eq!(reported, "secret absent", "{output}");
}

fn wrong_password_is_refused_once_and_explained(lab: &Lab) {
    let log = crate::support::world::lab::root().join("target/lab/log/registry-one.log");
    // The registry may log refusals of other tests at the same time, for other images.
    let tag = format!("refused-once-{:?}", lab.engine);
    let path = format!("/manifests/{tag}");
    let is_ours = |line: &&str| line.contains("error authenticating user") && line.contains(&path);
    let refusals = || std::fs::read_to_string(&log).unwrap().lines().filter(is_ours).count();
    let before = refusals();
    let image = format!("127.0.0.1:25001/team-a/app:{tag}");
    let (reported, output) = refused(lab, &image, Some(&lab.secret("taskpull/broken/wrong-password")));
    assert_eq!(reported, "registry refused", "{output}");
    assert!(output.contains("does not accept these credentials") && output.contains("unauthorized"));
    let refused = refusals() - before;
    assert!((1..=2).contains(&refused), "the registry was asked {refused} times");
}

fn wrong_password_costs_at_most_four_registry_requests(lab: &Lab) {
    let registry = FakeRegistry::with_login("puller-one", "swordfish");
    let image = registry.push("team/app:1", &[1_000]);
    let secret = lab.secret("taskpull/broken/wrong-password");
    let ended = lab.pull(&task(&[("app", &image.reference, Some(&secret))])).output();
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
    let requests = registry.requests();
    assert!((1..=4).contains(&requests.len()), "{requests:?}");
}

fn missing_credentials_are_distinguished_from_wrong_ones(lab: &Lab) {
    let (reported, output) = refused(lab, APP, None);
    assert_eq!(reported, "registry refused", "{output}");
    assert!(output.contains("the container names none"), "{output}");
}

fn absent_image_is_distinguished_from_a_refusal(lab: &Lab) {
    let secret = lab.secret("taskpull/registry-one");
    for image in ["127.0.0.1:25001/team-a/app:9.9", "127.0.0.1:25001/team-a/none:1.0"] {
        let (reported, output) = refused(lab, image, Some(&secret));
        assert_eq!(reported, "manifest absent", "{output}");
    }
}

fn absent_registry_is_reported_as_unavailable(lab: &Lab) {
    let (reported, output) = refused(lab, "127.0.0.1:1/app:1", None);
    assert_eq!(reported, "registry unavailable", "{output}");
    let (reported, output) = refused(lab, "registry.invalid/app:1", None);
    assert_eq!(reported, "registry unavailable", "{output}");
    assert!(output.contains("the host name registry.invalid cannot be resolved"), "{output}");
}

#[test]
fn inaccessible_engine_socket_is_distinguished_from_a_missing_one() {
    let lab = Lab::with(LabEngine::Docker);
    // An unprivileged user can access this folder, unlike a checkout in /root.
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
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(5), "{stdout}");
    assert!(
        stdout.contains("this user may not open the socket") && stdout.contains("group that owns the socket"),
        "{stdout}"
    );

    let missing_engine = lab.configure(Run::new(["pull", "-"])).env("DOCKER_HOST", "unix:///nonexistent.sock");
    let ended = missing_engine.stdin(task(&[("app", APP, None)]).to_string()).output();
    assert_eq!(ended.code, 5, "{ended:?}");
    assert!(ended.stdout.contains("the socket does not exist"), "{ended:?}");
}

#[test]
fn other_processes_of_the_user_cannot_read_the_memory() {
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
    // The program waits for its input and runs as the same user as the reader.
    let mut running =
        Command::new(&program).args(["pull", "--dry-run"]).arg(&fifo).uid(65_534).gid(65_534).spawn().unwrap();
    let environ = format!("/proc/{}/wchan", running.id());
    let waits = || std::fs::read_to_string(&environ).is_ok_and(|at| at.contains("fifo") || at.contains("wait"));
    assert!((0..500).any(|_| waits() || {
        std::thread::sleep(std::time::Duration::from_millis(10));
        false
    }));
    assert!(!read_memory_of(running.id()), "the memory of the program can be read");
    let mut other = Command::new("sleep").arg("30").uid(65_534).gid(65_534).spawn().unwrap();
    assert!(read_memory_of(other.id()), "the memory of another program can be read, so the check is meaningful");
    for child in [&mut running, &mut other] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
