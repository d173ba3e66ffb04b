//! Linux namespaces for one test: a network with addresses that the machine itself must not have,
//! and mounts that are all read-only.
//!
//! They are invisible outside, and end with their last process. Root creates them directly, other
//! users inside a user namespace.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

/// Set in the environment of a test that runs inside its network.
const INSIDE: &str = "TASKPULL_TEST_NETWORK";

/// Adds the addresses before `--` to `lo`, and executes the program after it.
const NETWORK: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
while [ "$1" != -- ]; do ip address add "$1/32" dev lo; shift; done
shift
exec "$@"
"#;

/// Makes every mount read-only, checks that no common folder is writable, and executes the
/// program.
const READ_ONLY: &str = r#"
for folder in $(cut -d ' ' -f 5 /proc/self/mountinfo); do
    # One that lies under another cannot be reached, and need not be.
    mount -o remount,bind,ro "$folder" 2>/dev/null || :
done
for folder in $(cut -d ' ' -f 5 /proc/self/mountinfo) /tmp /var/tmp /run "$PWD"; do
    if [ -w "$folder" ]; then echo "$folder can be written to" >&2; exit 99; fi
done
cd /
exec "$@"
"#;

/// Mounts a small disk at a folder, and executes the program.
const SMALL_DISK: &str = r#"
mount -n -t tmpfs -o "size=$1,mode=700" small "$2"
shift 2
exec "$@"
"#;

/// The `unshare` command line with these namespaces and a shell, up to the arguments of the script.
pub fn unshare_command(namespaces: &[&'static str], script: &'static str) -> Vec<&'static str> {
    let is_root = std::fs::metadata("/proc/self").expect("a process").uid() == 0;
    let user: &[_] = if is_root { &[] } else { &["--user", "--map-root-user"] };
    [&["unshare"], user, namespaces, &["sh", "-ec", script, "sh"]].concat()
}

/// The command prefix that runs a program with read-only mounts.
pub fn read_only_command() -> Vec<&'static str> {
    unshare_command(&["--mount", "--propagation", "private"], READ_ONLY)
}

/// The command prefix that runs a program with a private disk of this size at this folder.
/// `/proc/<pid>/root` shows the contents of the disk.
pub fn small_disk_command(folder: &Path, size: &'static str) -> Vec<String> {
    let line = unshare_command(&["--mount", "--propagation", "private"], SMALL_DISK);
    let folder = folder.display().to_string();
    line.into_iter().map(str::to_owned).chain([size.to_owned(), folder]).collect()
}

/// Runs a test again inside a network with these addresses and 127.0.0.0/8 only. Returns true
/// inside that network, and false in the first run, which has nothing left to do.
///
/// `test` is the full name of the test; a name that matches no test is a failure.
pub fn enter_network(test: &str, addresses: &[&str]) -> bool {
    #[expect(clippy::disallowed_methods, reason = "this file says by it that the test is in its network")]
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let line = unshare_command(&["--net"], NETWORK);
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).args(addresses).arg("--").arg(std::env::current_exe().expect("a test binary"));
    let output = command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1").output().expect("unshare");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let is_good = output.status.success() && stdout.contains("1 passed");
    assert!(is_good, "{test} in a network of its own (needs `ip` of iproute2):\n{stdout}\n{stderr}");
    false
}
