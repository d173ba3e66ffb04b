//! Resource usage of processes, as the kernel reports it.

use std::fs;

/// Resources that a process uses.
#[derive(Clone, Copy, Default)]
pub struct ResourceUsage {
    /// Number of open file descriptors.
    pub descriptors: usize,
    /// Resident memory in bytes.
    pub memory: usize,
}

/// The resource usage of this process.
pub fn resource_usage() -> ResourceUsage {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().count();
    let memory = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = memory.split(' ').nth(1).unwrap().parse().unwrap();
    ResourceUsage { descriptors, memory: pages * 4_096 }
}

/// The number of voluntary context switches of all threads of a process: each one precedes a
/// wake-up.
pub fn wake_up_count(process: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let statuses = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap());
    let count = |status: String| {
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
        line.rsplit('\t').next().unwrap().parse::<u64>().unwrap()
    };
    statuses.map(count).sum()
}
