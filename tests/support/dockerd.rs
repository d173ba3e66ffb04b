//! A private Docker Engine that a test can kill, stop and start again.
//!
//! It has separate data, containerd, socket and mounts in a temporary folder, and optionally a
//! small disk. It needs root, like the engine of the lab.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::run::Run;

/// Longer than an engine takes to start or stop on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Mounts a disk of size `$1` in memory at the folder `$2` unless `$1` is empty, uses the file
/// `$3` as `/etc/hosts`, and executes the engine with the other arguments.
const START_SCRIPT: &str = r#"
[ -z "$1" ] || mount -n -t tmpfs -o "size=$1,mode=711" small "$2"
mount -n --bind "$3" /etc/hosts
shift 3
exec dockerd "$@"
"#;

/// An engine that runs until it is dropped.
pub struct Dockerd {
    folder: TempDir,
    disk: &'static str,
    arguments: Vec<String>,
    process: Child,
}

impl Dockerd {
    /// Starts an engine with additional arguments, and waits until it answers.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_with_disk("", arguments)
    }

    /// Starts an engine that resolves this name to 127.0.0.1. Like other names of loopback addresses,
    /// it can then be a registry without TLS.
    pub fn with_host_name(name: &str) -> Self {
        Self::start_with("", &[], &format!("127.0.0.1 localhost {name}\n"))
    }

    /// Starts an engine with its images on a memory disk of this size, such as `128m`.
    pub fn with_disk_size(size: &'static str) -> Self {
        Self::start_with_disk(size, &[])
    }

    fn start_with_disk(disk: &'static str, arguments: &[&str]) -> Self {
        Self::start_with(disk, arguments, &fs::read_to_string("/etc/hosts").unwrap_or_default())
    }

    fn start_with(disk: &'static str, arguments: &[&str], hosts: &str) -> Self {
        // In /tmp, because the path of a socket is limited in length.
        let folder = tempfile::Builder::new().prefix("dockerd").tempdir_in("/tmp").expect("a folder");
        fs::write(folder.path().join("daemon.json"), "{}").expect("a file");
        fs::write(folder.path().join("hosts"), hosts).expect("a file");
        fs::create_dir(folder.path().join("data")).expect("a folder");
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let process = spawn(&folder, disk, &arguments);
        let engine = Self { folder, disk, arguments, process };
        engine.wait_until_ready();
        engine
    }

    /// The folder of the images.
    pub fn data_root(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A run of this program with the mounts of the engine.
    pub fn run_in_mounts(&self, program: impl AsRef<OsStr>) -> Run {
        let run = Run::program("nsenter").arg("--target").arg(self.process.id().to_string());
        run.arg("--mount").arg("--wdns=/").arg("--").arg(program)
    }

    /// The value for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Sends this signal (`STOP`, `TERM`) to the engine, not to its containerd.
    pub fn signal(&self, signal: &str) {
        send_signal(signal, self.process.id());
    }

    /// Kills the engine and its containerd, and reaps it: a zombie would look alive.
    pub fn kill(&mut self) {
        self.process.kill().expect("a process");
        self.process.wait().expect("a process");
        self.end_containerd();
    }

    /// Sends SIGTERM and waits until the engine has ended.
    pub fn shut_down(&mut self) {
        self.signal("TERM");
        assert!(self.has_ended(), "{}", self.log());
    }

    /// Starts the engine again with the same data and arguments.
    pub fn restart(&mut self) {
        self.process = spawn(&self.folder, self.disk, &self.arguments);
        self.wait_until_ready();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait_until_ready(&self) {
        let end = Instant::now() + TIMEOUT;
        while !self.answers() {
            assert!(Instant::now() < end, "the engine does not come up (needs root and dockerd):\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the engine answers. It listens long before that.
    fn answers(&self) -> bool {
        let ping = || -> io::Result<bool> {
            let mut connection = UnixStream::connect(self.socket())?;
            connection.set_read_timeout(Some(Duration::from_secs(1)))?;
            connection.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
            let mut answer = [0; 16];
            connection.read_exact(&mut answer)?;
            Ok(answer.ends_with(b" 200 OK\r"))
        };
        ping().unwrap_or(false)
    }

    fn end_containerd(&self) {
        let file = self.folder.path().join("exec/containerd/containerd.pid");
        let Some(pid) = fs::read_to_string(&file).ok().and_then(|pid| pid.trim().parse().ok()) else { return };
        // The process id may belong to another process by now.
        if fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("containerd")) {
            send_signal("KILL", pid);
        }
        let _ = fs::remove_file(file);
    }

    fn has_ended(&mut self) -> bool {
        let end = Instant::now() + TIMEOUT;
        while self.process.try_wait().expect("a process").is_none() {
            if Instant::now() > end {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        self.signal("CONT");
        self.signal("TERM");
        if !self.has_ended() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
        self.end_containerd();
    }
}

fn spawn(folder: &TempDir, disk: &str, arguments: &[String]) -> Child {
    let path = |name: &str| folder.path().join(name);
    // Private mounts disappear with the process, however it ends.
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "--", "sh", "-ec", START_SCRIPT, "sh", disk])
        .arg(path("data"))
        .arg(path("hosts"));
    for (option, name) in [
        ("--config-file", "daemon.json"),
        ("--data-root", "data"),
        ("--exec-root", "exec"),
        ("--pidfile", "docker.pid"),
    ] {
        command.arg(option).arg(path(name));
    }
    command.arg("--host").arg(format!("unix://{}", path("docker.sock").display())).args(["--group", "root"]);
    command.args(["--bridge", "none", "--iptables=false", "--ip-masq=false", "--ip-forward=false"]);
    command.args(["--userland-proxy=false"]).args(arguments);
    // Files of a killed engine would prevent the next start, or look like a running engine.
    let _ = fs::remove_file(path("docker.sock"));
    let _ = fs::remove_file(path("docker.pid"));
    let log = File::options().create(true).append(true).open(path("log")).expect("a file");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("dockerd")
}

fn send_signal(signal: &str, pid: u32) {
    let _ = Command::new("kill").args(["-s", signal, &pid.to_string()]).stderr(Stdio::null()).status();
}
