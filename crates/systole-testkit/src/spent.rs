//! Processor time, on Linux.

use core::time::Duration;
use std::fs::read_to_string;

/// What this thread has spent on a processor: others that run on this machine do not count.
pub fn spent() -> Duration {
    let stat = read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
}
