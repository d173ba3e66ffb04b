//! Namespaces of a test's own: a network with addresses that this machine must not have, and
//! mounts of which none can be written to.
//!
//! Nothing of it is seen outside, and it ends with the last process in it. Root makes them as
//! it is, anybody else within a user namespace.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

/// Says to a test that it is in its network.
const INSIDE: &str = "TASKPULL_TEST_NETWORK";

/// Gives `lo` the addresses that stand before `--`, and becomes the program behind it.
const NETWORK: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
while [ "$1" != -- ]; do ip address add "$1/32" dev lo; shift; done
shift
exec "$@"
"#;

/// Makes every mount read-only, sees to it that no usual folder can be written to, and
/// becomes the program.
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

/// Mounts a small disk at a folder, and becomes the program behind both.
const SMALL_DISK: &str = r#"
mount -n -t tmpfs -o "size=$1,mode=700" small "$2"
shift 2
exec "$@"
"#;

/// `unshare` with these namespaces and a shell in them, up to the shell's own arguments.
pub fn unshare_command(namespaces: &[&'static str], script: &'static str) -> Vec<&'static str> {
    let is_root = std::fs::metadata("/proc/self").expect("a process").uid() == 0;
    let user: &[_] = if is_root { &[] } else { &["--user", "--map-root-user"] };
    [&["unshare"], user, namespaces, &["sh", "-ec", script, "sh"]].concat()
}

/// What to write before a program and its arguments, so that it can write nowhere.
pub fn read_only_command() -> Vec<&'static str> {
    unshare_command(&["--mount", "--propagation", "private"], READ_ONLY)
}

/// What to write before a program and its arguments, so that this folder is a disk of this
/// size and nobody else's: `/proc/<pid>/root` shows what is on it.
pub fn small_disk_command(folder: &Path, size: &'static str) -> Vec<String> {
    let line = unshare_command(&["--mount", "--propagation", "private"], SMALL_DISK);
    let folder = folder.display().to_string();
    line.into_iter().map(str::to_owned).chain([size.to_owned(), folder]).collect()
}

/// Runs a test once more, in a network where it has these addresses and no others but
/// 127.0.0.0/8. True there; false in the first run, which has then nothing left to do.
///
/// `test` is its full name: another would run nothing, and that is a failure.
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
