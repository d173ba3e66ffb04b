//! A Docker Engine of a test's own: one that may be killed, stopped and started again.
//!
//! It has its own data, containerd, socket and mounts, in a temporary folder, and a disk of its
//! own where the test wants a small one. Needs root, as the lab's own engine does.

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

/// Longer than an engine takes to start or to end on a machine that is busy.
const LONG: Duration = Duration::from_mins(1);

/// Gives the folder `$2` a disk of `$1` in memory, if there is to be one, takes the file `$3`
/// for the table of hosts, and becomes the engine with the other arguments.
const BECOME: &str = r#"
[ -z "$1" ] || mount -n -t tmpfs -o "size=$1,mode=711" small "$2"
mount -n --bind "$3" /etc/hosts
shift 3
exec dockerd "$@"
"#;

/// Runs until dropped.
pub struct Dockerd {
    folder: TempDir,
    disk: &'static str,
    arguments: Vec<String>,
    process: Child,
}

impl Dockerd {
    /// With these arguments beside those that keep it apart; returns when it answers.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_on("", arguments)
    }

    /// For which this name is 127.0.0.1; like any other name of a loopback address it may then
    /// be a registry without TLS.
    pub fn with_host_name(name: &str) -> Self {
        Self::start_as("", &[], &format!("127.0.0.1 localhost {name}\n"))
    }

    /// With its images on so much memory, such as `128m`, which ends with it.
    pub fn with_disk_size(size: &'static str) -> Self {
        Self::start_on(size, &[])
    }

    fn start_on(disk: &'static str, arguments: &[&str]) -> Self {
        Self::start_as(disk, arguments, &fs::read_to_string("/etc/hosts").unwrap_or_default())
    }

    fn start_as(disk: &'static str, arguments: &[&str], hosts: &str) -> Self {
        // Not where a checkout is: a socket's path has a limit.
        let folder = tempfile::Builder::new().prefix("dockerd").tempdir_in("/tmp").expect("a folder");
        fs::write(folder.path().join("daemon.json"), "{}").expect("a file");
        fs::write(folder.path().join("hosts"), hosts).expect("a file");
        fs::create_dir(folder.path().join("data")).expect("a folder");
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let process = spawn(&folder, disk, &arguments);
        let this = Self { folder, disk, arguments, process };
        this.wait_for_an_answer();
        this
    }

    /// Where it keeps its images.
    pub fn data_root(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program that sees the disk as the engine does.
    pub fn run_in_mounts(&self, program: impl AsRef<OsStr>) -> Run {
        let run = Run::program("nsenter").arg("--target").arg(self.process.id().to_string());
        run.arg("--mount").arg("--wdns=/").arg("--").arg(program)
    }

    /// For `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Sends the engine, not its containerd, this signal: `STOP`, `TERM`.
    pub fn signal(&self, signal: &str) {
        send(signal, self.process.id());
    }

    /// SIGKILL, to its containerd too: one that nobody has waited for would pass for alive.
    pub fn kill(&mut self) {
        self.process.kill().expect("a process");
        self.process.wait().expect("a process");
        self.end_containerd();
    }

    /// SIGTERM, and returns when it has ended.
    pub fn shut_down(&mut self) {
        self.signal("TERM");
        assert!(self.has_ended(), "{}", self.log());
    }

    /// Starts it once more, with what it had.
    pub fn restart(&mut self) {
        self.process = spawn(&self.folder, self.disk, &self.arguments);
        self.wait_for_an_answer();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait_for_an_answer(&self) {
        let end = Instant::now() + LONG;
        while !self.answers() {
            assert!(Instant::now() < end, "the engine does not come up (needs root and dockerd):\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// It listens long before it answers.
    fn answers(&self) -> bool {
        let ask = || -> io::Result<bool> {
            let mut connection = UnixStream::connect(self.socket())?;
            connection.set_read_timeout(Some(Duration::from_secs(1)))?;
            connection.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
            let mut answer = [0; 16];
            connection.read_exact(&mut answer)?;
            Ok(answer.ends_with(b" 200 OK\r"))
        };
        ask().unwrap_or(false)
    }

    fn end_containerd(&self) {
        let file = self.folder.path().join("exec/containerd/containerd.pid");
        let Some(pid) = fs::read_to_string(&file).ok().and_then(|pid| pid.trim().parse().ok()) else { return };
        // The number may be somebody else's by now.
        if fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("containerd")) {
            send("KILL", pid);
        }
        let _ = fs::remove_file(file);
    }

    fn has_ended(&mut self) -> bool {
        let end = Instant::now() + LONG;
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
    let at = |name: &str| folder.path().join(name);
    // Mounts of its own end with it, however it ends.
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "--", "sh", "-ec", BECOME, "sh", disk])
        .arg(at("data"))
        .arg(at("hosts"));
    for (option, name) in [
        ("--config-file", "daemon.json"),
        ("--data-root", "data"),
        ("--exec-root", "exec"),
        ("--pidfile", "docker.pid"),
    ] {
        command.arg(option).arg(at(name));
    }
    command.arg("--host").arg(format!("unix://{}", at("docker.sock").display())).args(["--group", "root"]);
    command.args(["--bridge", "none", "--iptables=false", "--ip-masq=false", "--ip-forward=false"]);
    command.args(["--userland-proxy=false"]).args(arguments);
    // What a killed one has left would keep the next from starting, or pass for an answer.
    let _ = fs::remove_file(at("docker.sock"));
    let _ = fs::remove_file(at("docker.pid"));
    let log = File::options().create(true).append(true).open(at("log")).expect("a file");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("dockerd")
}

fn send(signal: &str, pid: u32) {
    let _ = Command::new("kill").args(["-s", signal, &pid.to_string()]).stderr(Stdio::null()).status();
}
