//! A Debian machine with systemd as its init: a container on the lab's engine, with access to
//! that engine.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::lab::{Lab, root};

/// The units that give the machine an engine: a socket as Docker's package creates it, which is
/// forwarded to the lab's engine.
const ENGINE_SOCKET: &str = "[Socket]\nListenStream=/run/docker.sock\nSocketGroup=docker\nSocketMode=0660\n";
const ENGINE_SERVICE: &str = "[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd /engine.sock\n";

/// Returns the id of the Debian image, which lab/debian.sh builds if it is absent.
pub fn debian_image() -> String {
    let output = Command::new(root().join("lab/debian.sh")).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "lab/debian.sh failed to build the image");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A running machine, which is removed when dropped.
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
        // systemd needs to mount file systems and to create control groups. The container uses
        // the host's network because the lab's engine has no other.
        let mut arguments = vec!["run", "--detach", "--name", &name, "--network", "host"];
        arguments.extend(["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN"]);
        arguments.extend(["--security-opt", "seccomp=unconfined", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"]);
        arguments.extend(["--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"]);
        arguments.extend(["--volume", &engine, "--volume", &packages, &image]);
        // systemd mounts the credentials of a unit in one namespace for another, which needs
        // shared mounts. On a real machine systemd makes the mounts shared itself.
        arguments.extend(["sh", "-ec", "mount --make-rshared /; exec /sbin/init"]);
        assert_ne!(lab.docker(&arguments), "", "the container starts");
        let debian = Self { lab, name };
        debian.until("the machine has started", || debian.said("systemctl is-system-running").trim() == "running");
        debian
    }

    /// Runs a script as root, and returns its exit status and output.
    pub fn run(&self, script: &str) -> Output {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", format!("unix://{}", self.lab.engine_socket().display()));
        command.args(["exec", &self.name, "sh", "-ec", script]).output().expect("the Docker CLI")
    }

    /// Runs a script as root and returns its stdout, even if the script failed.
    pub fn said(&self, script: &str) -> String {
        String::from_utf8(self.run(script).stdout).unwrap()
    }

    /// Runs a script that must succeed as root, and returns its stdout.
    pub fn must(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(output.status.success(), "{script}: {output:?}\n{}", self.said("journalctl --no-pager -n 40"));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes a file that only its owner may read. The text is passed by stdin because it may be a
    /// secret.
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

    /// Installs and starts the units of the engine.
    pub fn add_engine(&self) {
        self.write("/etc/systemd/system/docker.socket", ENGINE_SOCKET);
        self.write("/etc/systemd/system/docker.service", ENGINE_SERVICE);
        self.must("systemctl daemon-reload; systemctl start docker.socket");
    }

    /// Returns a property of a unit.
    pub fn shown(&self, unit: &str, property: &str) -> String {
        self.must(&format!("systemctl show --value --property {property} {unit}")).trim().to_owned()
    }

    /// Waits until the condition holds, for at most a minute.
    pub fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_mins(1);
        while !is_so() {
            assert!(
                Instant::now() < end,
                "{what}: {}",
                self.said("systemctl status taskpull; journalctl --no-pager -n 40")
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
