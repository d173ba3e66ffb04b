//! A Debian machine with systemd: a container on the lab's engine, with access to that engine.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::environment::{Lab, root};

/// Units that give the machine an engine: a proxy to the lab's engine, behind a socket like that of
/// Docker's own package.
const ENGINE_SOCKET: &str = "[Socket]\nListenStream=/run/docker.sock\nSocketGroup=docker\nSocketMode=0660\n";
const ENGINE_SERVICE: &str = "[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd /engine.sock\n";

/// The image of the machine, which `lab/debian.sh` builds if it does not exist yet.
pub fn debian_image() -> String {
    let output = Command::new(root().join("lab/debian.sh")).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "lab/debian.sh makes the image");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A running machine, until it is dropped.
pub struct DebianMachine<'a> {
    lab: &'a Lab,
    name: String,
}

impl<'a> DebianMachine<'a> {
    pub fn start(lab: &'a Lab) -> Self {
        let image = debian_image();
        let name = format!("taskpull-debian-{}", std::process::id());
        let engine = format!("{}:/engine.sock", lab.engine_socket().display());
        let packages = format!("{}:/packages:ro", root().join("target/package").display());
        // The machine's systemd needs to mount file systems and to create cgroups. The machine uses
        // the network of the host.
        let mut arguments = vec!["run", "--detach", "--name", &name, "--network", "host"];
        arguments.extend(["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN"]);
        arguments.extend(["--security-opt", "seccomp=unconfined", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"]);
        arguments.extend(["--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"]);
        arguments.extend(["--volume", &engine, "--volume", &packages, &image]);
        // systemd passes the credentials of a unit through shared mounts, which a real machine has
        // by default.
        arguments.extend(["sh", "-ec", "mount --make-rshared /; exec /sbin/init"]);
        assert_ne!(lab.docker(&arguments), "", "the container starts");
        let debian = Self { lab, name };
        debian
            .wait_until("the machine has started", || debian.stdout("systemctl is-system-running").trim() == "running");
        debian
    }

    /// Runs a script as root.
    pub fn run(&self, script: &str) -> Output {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", format!("unix://{}", self.lab.engine_socket().display()));
        command.args(["exec", &self.name, "sh", "-ec", script]).output().expect("the Docker CLI")
    }

    /// The stdout of a script, whether it succeeds or fails.
    pub fn stdout(&self, script: &str) -> String {
        String::from_utf8(self.run(script).stdout).unwrap()
    }

    /// The stdout of a script that must succeed.
    pub fn run_checked(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(output.status.success(), "{script}: {output:?}\n{}", self.stdout("journalctl --no-pager -n 40"));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes a file that only its owner may read. Its content may be a secret, so it is passed on
    /// stdin.
    pub fn write(&self, path: &str, text: &str) {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", format!("unix://{}", self.lab.engine_socket().display()));
        let script = format!("umask 077; mkdir -p $(dirname {path}); cat >{path}");
        let mut child = command
            .args(["exec", "--interactive", &self.name, "sh", "-ec", &script])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{path}");
    }

    /// Starts the units of the engine.
    pub fn add_engine(&self) {
        self.write("/etc/systemd/system/docker.socket", ENGINE_SOCKET);
        self.write("/etc/systemd/system/docker.service", ENGINE_SERVICE);
        self.run_checked("systemctl daemon-reload; systemctl start docker.socket");
    }

    /// A property of a systemd unit.
    pub fn unit_property(&self, unit: &str, property: &str) -> String {
        self.run_checked(&format!("systemctl show --value --property {property} {unit}")).trim().to_owned()
    }

    /// Waits until a condition holds, and fails after a minute.
    pub fn wait_until(&self, description: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !condition() {
            assert!(
                Instant::now() < deadline,
                "{description}: {}",
                self.stdout("systemctl status taskpull; journalctl --no-pager -n 40")
            );
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for DebianMachine<'_> {
    fn drop(&mut self) {
        self.lab.docker(&["rm", "--force", "--volumes", &self.name]);
    }
}
