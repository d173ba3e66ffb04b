//! Waiting, and signals to processes.

use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// Waits until a condition holds, and fails after half a minute.
pub fn wait_until(description: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "{description}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Sends this signal, such as `TERM`, to a child process.
pub fn send_signal(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
}
