//! Signals by their names.

use std::process::Command;

/// Sends a signal by its name, such as `STOP`.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status();
    assert!(status.unwrap().success(), "kill -{name}");
}
