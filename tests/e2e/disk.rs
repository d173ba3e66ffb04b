//! A real engine whose disk is small: a Docker Engine of the test's own, with its data root on
//! 128 MiB of memory that only it and the program see, and that end with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::lab::task;
use crate::support::registry::Registry;
use crate::support::run::{Ended, Run};

struct SmallEngine {
    folder: TempDir,
    process: Child,
}

impl SmallEngine {
    fn start() -> Self {
        // Short: it holds sockets, whose paths may have 107 bytes.
        let folder = tempfile::Builder::new().prefix("tp-disk-").tempdir_in("/run").unwrap();
        for name in ["data", "etc"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("daemon.json"), "{}").unwrap();
        // As lab/engine.sh: the host's bridges and firewall stay as they are.
        let script = "mount -n -t tmpfs -o size=128m,mode=711 small data && exec dockerd \
            --config-file daemon.json --data-root \"$PWD/data\" --exec-root \"$PWD/exec\" --pidfile \"$PWD/docker.pid\" \
            --host \"unix://$PWD/docker.sock\" --group root --bridge none --iptables=false --ip-masq=false \
            --ip-forward=false --userland-proxy=false";
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "--", "sh", "-ec", script])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let engine = Self { folder, process };
        let is_up = || engine.docker(&["version", "--format", "{{.Server.Version}}"]).contains('.');
        let came_up = (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            is_up()
        });
        assert!(came_up, "{}", fs::read_to_string(engine.path("log")).unwrap_or_default());
        engine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn host(&self) -> String {
        format!("unix://{}", self.path("docker.sock").display())
    }

    fn docker(&self, arguments: &[&str]) -> String {
        let output = Command::new("docker").args(arguments).env("DOCKER_HOST", self.host()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn images(&self) -> Vec<String> {
        let listed = self.docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
        listed.lines().map(str::to_owned).collect()
    }

    /// Where the engine sees its disk.
    fn inside(&self, program: &str) -> Run {
        let run = Run::program("nsenter").arg("--target").arg(self.process.id().to_string());
        run.arg("--mount").arg("--wdns=/").arg("--").arg(program)
    }

    fn pull(&self, image: &str, check: &str) -> Ended {
        let run = self.inside(env!("CARGO_BIN_EXE_taskpull")).env("TASKPULL_DISK_CHECK", check);
        let run = ["pull", "--output", "json", "-"].iter().fold(run, Run::arg).env("DOCKER_HOST", self.host());
        run.stdin(task(&[("app", image, None)]).to_string()).end()
    }

    /// Files below the data root that are larger than a megabyte.
    fn large_files(&self) -> String {
        let run = self.inside("find").arg(self.path("data")).arg("-type").arg("f").arg("-size").arg("+1M");
        run.end().stdout
    }
}

impl Drop for SmallEngine {
    fn drop(&mut self) {
        // It ends its containerd, and the disk goes with the last of them.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &pid]).status();
        let _ = self.process.wait();
    }
}

fn message(ended: &Ended) -> String {
    let failure: Value = ended.container(0)["failure"].clone();
    failure["message"].as_str().unwrap_or_default().to_owned()
}

fn says_the_disk(text: &str, root: &Path) -> bool {
    text.contains(&format!("{} has ", root.display())) && text.contains("it needs about 286.1 MiB (3 times its layers)")
}

/// What docs/pulls.md says of Docker 20.10.
#[test]
fn a_pull_that_filled_the_disk_leaves_no_large_file() {
    let engine = SmallEngine::start();
    let registry = Registry::start();
    // It fills while a layer is fetched, and while the last of several is unpacked.
    for (name, layers) in
        [("team/fetched:1", &[150_000_000][..]), ("team/unpacked:1", &[5_000_000, 5_000_000, 70_000_000])]
    {
        let image = registry.push(name, layers).reference;
        let ended = engine.pull(&image, "off");
        assert_eq!(ended.failure(0), "disk disk-full", "{ended:?}");
        assert_eq!((engine.images(), engine.large_files()), (vec![], String::new()), "{name}");
    }
}

#[test]
fn an_image_that_is_too_large_for_the_disk_is_told_before_and_after_and_a_smaller_one_fits() {
    let engine = SmallEngine::start();
    let root = engine.path("data");
    let registry = Registry::start();
    let first = registry.push("team/first:1", &[1_000_000]).reference;
    // It would take twice its size: the copy, and what is unpacked.
    let large = registry.push("team/large:1", &[100_000_000]).reference;
    let small = registry.push("team/small:1", &[2_000_000]).reference;

    let ended = engine.pull(&first, "refuse");
    assert_eq!(ended.code, 0, "{ended:?}");

    let before = registry.requests().len();
    let ended = engine.pull(&large, "refuse");
    assert_eq!((ended.code, &*ended.failure(0)), (3, "disk disk-full"), "{ended:?}");
    assert!(says_the_disk(&message(&ended), &root), "{ended:?}");
    assert_eq!(ended.container(0)["attempts"], json!(null), "the engine was not asked: {ended:?}");
    assert_eq!(registry.requests().len() - before, 1, "nor the registry for more than the manifest");

    let ended = engine.pull(&large, "warn");
    assert_eq!((ended.code, &*ended.failure(0)), (3, "disk disk-full"), "{ended:?}");
    assert_eq!(ended.container(0)["attempts"], json!(1), "{ended:?}");
    assert!(message(&ended).contains("no space was left while it was pulled"), "{ended:?}");
    assert!(says_the_disk(&message(&ended), &root), "{ended:?}");
    assert!(ended.container(0)["failure"]["causedBy"][0].as_str().unwrap().contains("no space left on device"));
    assert!(ended.stderr.contains(&format!("warning: image {large}: it needs about")), "{ended:?}");

    // Nothing was deleted, the image is not there, and there is room again.
    assert_eq!(engine.images(), [&*first]);
    let ended = engine.pull(&small, "refuse");
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut images = engine.images();
    images.sort();
    assert_eq!(images, [&*first, &*small]);
}
