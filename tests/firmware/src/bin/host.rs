//! The workloads on a machine with an operating system: `host digest [steps]` prints the digests.

use std::env::args;

use systole_firmware::{STEPS, heartbeat, lease, monitor};

fn main() {
    let steps = args().nth(2).and_then(|steps| steps.parse().ok());
    let steps = steps.unwrap_or(STEPS);
    println!("heartbeat {:016x}", heartbeat::run(steps));
    println!("monitor {:016x}", monitor::run(steps));
    println!("lease {:016x}", lease::run(steps));
}
