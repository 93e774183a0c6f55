//! The workloads for a host that runs wasm32. 64 bits come out as a `BigInt`.

/// The digest of `steps` calls of a `Heartbeat`.
#[unsafe(no_mangle)]
pub extern "C" fn heartbeat(steps: u32) -> u64 {
    systole_firmware::heartbeat::run(steps)
}

/// The digest of `steps` things that happen to a `Monitor`.
#[unsafe(no_mangle)]
pub extern "C" fn monitor(steps: u32) -> u64 {
    systole_firmware::monitor::run(steps)
}

/// The digest of `steps` things that happen to a `Lease`.
#[unsafe(no_mangle)]
pub extern "C" fn lease(steps: u32) -> u64 {
    systole_firmware::lease::run(steps)
}
